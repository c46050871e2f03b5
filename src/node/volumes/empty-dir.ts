// An empty folder as long as the pod lives: on the node's disk, or in memory. How much a disk may take is a matter of
// eviction; in memory the file system itself sets the limit.
import { chmod, mkdir } from 'node:fs/promises';
import type { Pod } from '../../api/kinds/pod.ts';
import { wholeUnits } from '../../api/quantity.ts';
import { podGroupLimits } from '../resources/pod-group.ts';
import { mountAt } from './mount-table.ts';
import { ensureOwnership, wantedOwnership } from './ownership.ts';
import { readyFolder, type Volume, type VolumeOrder, type VolumeType } from './volume.ts';
import { VolumeProblem } from './volume-problem.ts';

type EmptyDir = NonNullable<Volume['emptyDir']>;

export const emptyDir: VolumeType = {
  setUp: async (order) => {
    const { pod, volume } = order;
    const { medium = '' } = volume.emptyDir ?? {};
    if (medium !== '' && medium !== 'Memory')
      throw new VolumeProblem(`this agent has no emptyDir volumes of medium ${medium}`);
    const folder = order.folder('empty-dir');
    await mkdir(folder, { recursive: true });
    if (medium === 'Memory') await mountMemory(order, folder);
    await chmod(folder, 0o777); // whatever the umask: any user of any container writes here
    const ownership = wantedOwnership(pod, false);
    if (ownership) await ensureOwnership(folder, { ...ownership, onlyOnMismatch: true });
    return readyFolder(folder);
  },
};

async function mountMemory({ pod, volume, world, signal }: VolumeOrder, target: string): Promise<void> {
  const { mounter, node } = world;
  if (mountAt(await mounter.table(), target)) return;
  const bytes = memoryVolumeBytes(pod, volume.emptyDir ?? {}, wholeUnits(node().allocatable.memory));
  await mounter.mountMemory({ target, options: bytes > 0 ? [`size=${bytes}`] : [] }, signal);
}

/** The least of what the volume is limited to, what the pod as a whole is, and what the node has for pods. */
export function memoryVolumeBytes({ spec }: Pod, { sizeLimit }: EmptyDir, allocatableBytes: number): number {
  const bounds = [allocatableBytes, podGroupLimits(spec, undefined).memoryBytes ?? 0, wholeUnits(sizeLimit)];
  return Math.min(...bounds.filter((bytes) => bytes > 0), Number.MAX_SAFE_INTEGER) % Number.MAX_SAFE_INTEGER;
}
