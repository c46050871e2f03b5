// The volumes of a pod: made ready on the host, then mounted into its containers. A pod with a volume that cannot be had
// waits; it is never started without.
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import type { Mount } from '../runtime.ts';
import { ProjectionProblem, type ProjectionSources, projectVolume } from './projected-volume.ts';

export type Volume = NonNullable<Pod['spec']['volumes']>[number];

export class MountError extends Error {
  constructor(volume: string, why: string) {
    super(`MountVolume.SetUp failed for volume "${volume}" : ${why}`);
  }
}

/** Makes every volume of the pod ready below its folder, or throws a MountError. Answers when tokens must be renewed. */
export async function prepareVolumes(
  pod: Pod,
  podFolder: string,
  sources: ProjectionSources,
): Promise<number | undefined> {
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.hostPath) await prepareHostPath(volume);
    else if (volume.emptyDir && volume.emptyDir.medium !== 'Memory') await prepareEmptyDir(volume, podFolder);
    else if (!volume.projected)
      throw new MountError(volume.name, `this agent cannot mount ${volumeType(volume)} volumes yet`);
  }
  return renewProjections(pod, podFolder, sources);
}

/** Brings the projected volumes of the pod up to date, and answers when they must be looked at again. */
export async function renewProjections(
  pod: Pod,
  podFolder: string,
  sources: ProjectionSources,
): Promise<number | undefined> {
  let dueMs: number | undefined;
  for (const volume of pod.spec.volumes ?? []) {
    if (!volume.projected) continue;
    try {
      const atMs = await projectVolume(pod, volume, sourceOf(volume, podFolder), sources);
      if (atMs !== undefined) dueMs = Math.min(dueMs ?? atMs, atMs);
    } catch (error) {
      if (error instanceof ProjectionProblem) throw new MountError(volume.name, error.message);
      throw error;
    }
  }
  return dueMs;
}

function volumeType(volume: Volume): string {
  if (volume.emptyDir) return `emptyDir of medium ${volume.emptyDir.medium}`;
  return Object.keys(volume).find((key) => key !== 'name') ?? 'unnamed';
}

function sourceOf(volume: Volume, podFolder: string): string {
  const type = volume.projected ? 'projected' : 'empty-dir';
  return volume.hostPath?.path ?? join(podFolder, `volumes/kubernetes.io~${type}`, volume.name);
}

async function prepareEmptyDir(volume: Volume, podFolder: string): Promise<void> {
  const folder = sourceOf(volume, podFolder);
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o777); // whatever the umask: any user of any container writes here
}

const hostPathTests: Record<string, (found: Awaited<ReturnType<typeof stat>>) => boolean> = {
  Directory: (found) => found.isDirectory(),
  DirectoryOrCreate: (found) => found.isDirectory(),
  File: (found) => found.isFile(),
  FileOrCreate: (found) => found.isFile(),
  Socket: (found) => found.isSocket(),
  CharDevice: (found) => found.isCharacterDevice(),
  BlockDevice: (found) => found.isBlockDevice(),
};

async function prepareHostPath({ name, hostPath }: Volume): Promise<void> {
  const { path = '', type = '' } = hostPath ?? {};
  const found = await stat(path).catch(() => undefined);
  if (!found && (type === 'DirectoryOrCreate' || type === '')) {
    await mkdir(path, { recursive: true, mode: 0o755 });
  } else if (!found && type === 'FileOrCreate') {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '', { mode: 0o644 });
  } else if (type !== '' && !(found && hostPathTests[type]?.(found))) {
    throw new MountError(
      name,
      `hostPath type check failed: ${path} is not a ${type.replace('OrCreate', '').toLowerCase()}`,
    );
  }
}

/** Where the container sees the volumes it names; a subPath is made when it is not there. */
export async function volumeMounts(pod: Pod, container: Container, podFolder: string): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const { name, mountPath = '', subPath, readOnly } of container.volumeMounts ?? []) {
    const volume = pod.spec.volumes?.find((candidate) => candidate.name === name);
    if (!volume) throw new MountError(name, 'the pod has no volume of this name');
    const root = sourceOf(volume, podFolder);
    const source = join(root, subPath ?? '');
    if (normalize(source) !== normalize(root) && !source.startsWith(`${normalize(root)}/`))
      throw new MountError(name, `subPath ${subPath} leads out of the volume`);
    if (subPath && !(await stat(source).catch(() => undefined))) await mkdir(source, { recursive: true, mode: 0o777 });
    mounts.push({ source, target: mountPath, readOnly: readOnly ?? false });
  }
  return mounts;
}
