// An empty folder as long as the pod lives: on the node's disk, or in memory. How much a disk may take is a matter of
// eviction; in memory the file system itself sets the limit. What is there belongs to those who use it: its mode may be
// another by now than it was at first, and stays.
import { chmod, chown, mkdir, rename, stat } from 'node:fs/promises';
import type { Pod } from '../../api/kinds/pod.ts';
import { wholeUnits } from '../../api/quantity.ts';
import { podGroupLimits } from '../resources/pod-group.ts';
import { mountAt } from './mount-table.ts';
import { readyFolder, type Volume, type VolumeOrder, type VolumeType } from './volume.ts';
import { VolumeProblem } from './volume-problem.ts';

type EmptyDir = NonNullable<Volume['emptyDir']>;

export const emptyDir: VolumeType = {
  setUp: async (order) => {
    const { medium = '' } = order.volume.emptyDir ?? {};
    if (medium !== '' && medium !== 'Memory')
      throw new VolumeProblem(`this agent has no emptyDir volumes of medium ${medium}`);
    const folder = order.folder('empty-dir');
    await (medium === 'Memory' ? ensureInMemory(order, folder) : ensureOnDisk(order, folder));
    return readyFolder(folder);
  },
};

/** Any user of any container writes there; where the pod has a group, what is made there is that group's. */
function openTo({ spec }: Pod): { mode: number; gid: number } {
  const { fsGroup } = spec.securityContext ?? {};
  return fsGroup === undefined ? { mode: 0o777, gid: 0 } : { mode: 0o2777, gid: fsGroup };
}

/** It comes to its name when it is ready: an agent that is killed before that leaves nothing that passes for it. */
async function ensureOnDisk({ pod }: VolumeOrder, folder: string): Promise<void> {
  if (await stat(folder).catch(ignoreMissing)) return;
  const { mode, gid } = openTo(pod);
  const made = `${folder}.new`;
  await mkdir(made, { recursive: true });
  await chown(made, 0, gid);
  await chmod(made, mode); // whatever the umask
  await rename(made, folder);
}

async function ensureInMemory({ pod, volume, world, signal }: VolumeOrder, target: string): Promise<void> {
  const { mounter, node } = world;
  if (mountAt(await mounter.table(), target)) return;
  await mkdir(target, { recursive: true });
  const { mode, gid } = openTo(pod);
  const bytes = memoryVolumeBytes(pod, volume.emptyDir ?? {}, wholeUnits(node().allocatable.memory));
  const options = [`mode=${mode.toString(8)}`, `gid=${gid}`, ...(bytes > 0 ? [`size=${bytes}`] : [])];
  await mounter.mountMemory({ target, options }, signal);
}

/** The least of what the volume is limited to, what the pod as a whole is, and what the node has for pods. */
export function memoryVolumeBytes({ spec }: Pod, { sizeLimit }: EmptyDir, allocatableBytes: number): number {
  const bounds = [allocatableBytes, podGroupLimits(spec, undefined).memoryBytes ?? 0, wholeUnits(sizeLimit)];
  return Math.min(...bounds.filter((bytes) => bytes > 0), Number.MAX_SAFE_INTEGER) % Number.MAX_SAFE_INTEGER;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
