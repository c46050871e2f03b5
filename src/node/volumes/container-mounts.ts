// Where a container sees the volumes it names, and how: which part of them, whether it may write, and whether what is
// mounted below later is seen on the other side.
import { join } from 'node:path';
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import type { Mount } from '../runtime.ts';
import type { Mounter } from './mounter.ts';
import { bindSubPath } from './sub-path.ts';
import type { ReadyVolume, VolumeMount } from './volume.ts';
import { VolumeProblem } from './volume-problem.ts';

export interface MountsOrder {
  pod: Pod;
  container: Container;
  env: ReadonlyMap<string, string>;
  volumes: ReadonlyMap<string, ReadyVolume>;
  subPathsFolder: string;
  mounter: Mounter;
}

export async function containerMounts(order: MountsOrder): Promise<Mount[]> {
  const { container, volumes, env } = order;
  if (container.volumeDevices?.length)
    throw new VolumeProblem(
      `volume ${container.volumeDevices[0]?.name}: this agent gives containers no raw block devices`,
    );
  const mounts: Mount[] = [];
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const volume = volumes.get(mount.name);
    if (!volume)
      throw new VolumeProblem(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
    const subPath = wantedSubPath(mount, env);
    const source = subPath ? await partOf(order, { volume, mount, subPath, index }) : volume.source;
    mounts.push({ source, target: mount.mountPath, ...mountManner(mount, volume, container) });
  }
  return mounts;
}

async function partOf(
  { container, subPathsFolder, mounter }: MountsOrder,
  { volume, mount, subPath, index }: { volume: ReadyVolume; mount: VolumeMount; subPath: string; index: number },
): Promise<string> {
  const target = join(subPathsFolder, mount.name, container.name, String(index));
  // A child finds out first whether a file server answers.
  if (volume.isOnNetwork) await mounter.modeOf(join(volume.source, subPath));
  try {
    await bindSubPath({ root: volume.source, subPath, target }, mounter);
    return target;
  } catch (error) {
    // No more: the rest would tell of the host's files.
    const why = `failed to prepare subPath for volumeMount "${mount.name}" of container "${container.name}"`;
    throw new VolumeProblem(why, { cause: error });
  }
}

/** Undefined where all of the volume is meant. */
export function wantedSubPath(
  { subPath, subPathExpr }: Pick<VolumeMount, 'subPath' | 'subPathExpr'>,
  env: ReadonlyMap<string, string>,
): string | undefined {
  const wanted = subPathExpr ? expanded(subPathExpr, env) : subPath;
  if (!wanted) return undefined;
  if (wanted.startsWith('/')) throw new VolumeProblem(`error SubPath \`${wanted}\` must not be an absolute path`);
  if (wanted.split('/').includes('..'))
    throw new VolumeProblem(`unable to provision SubPath \`${wanted}\`: must not contain '..'`);
  return wanted;
}

/** As in commands, but each name has to be known: a folder called "$(POD)" is meant by nobody. */
function expanded(text: string, env: ReadonlyMap<string, string>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (_, after: string, name: string) => {
    if (after === '$') return '$';
    const value = env.get(name);
    if (value === undefined) throw new VolumeProblem(`missing value for "${name}"`);
    return value;
  });
}

type Manner = Omit<Mount, 'source' | 'target'>;

const propagations = { HostToContainer: 'from the host', Bidirectional: 'both ways' } as const;

export function mountManner(mount: VolumeMount, volume: ReadyVolume, container: Container): Manner {
  const { name, mountPropagation = 'None', recursiveReadOnly = 'Disabled' } = mount;
  const readOnly = mount.readOnly || volume.isReadOnly;
  const propagation = mountPropagation === 'None' ? undefined : propagations[mountPropagation];
  if (propagation === 'both ways' && !container.securityContext?.privileged)
    throw new VolumeProblem(
      `volume "${name}": Bidirectional mount propagation is available only to privileged containers`,
    );
  const manner: Manner = { readOnly, ...(propagation && { propagation }) };
  if (recursiveReadOnly === 'Disabled') return manner;
  const requested = `volume "${name}" requested recursive read-only mode, but it is not`;
  if (!mount.readOnly) throw new VolumeProblem(`${requested} read-only`);
  if (propagation) throw new VolumeProblem(`${requested} compatible with propagation "${mountPropagation}"`);
  return { ...manner, readOnlyBelow: recursiveReadOnly === 'Enabled' ? 'needed' : 'if possible' };
}
