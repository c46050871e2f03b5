// kubelet_volume_stats_...: how full the volumes behind claims are, each once, however many pods share it.
import type { DiskRoom } from './disk-usage.ts';
import { Exposition } from './exposition.ts';
import type { VolumeRoom } from './volume-rooms.ts';

const families: [name: string, help: string, read: (room: DiskRoom) => number][] = [
  ['available_bytes', 'Number of available bytes in the volume', (room) => room.availableBytes],
  ['capacity_bytes', 'Capacity in bytes of the volume', (room) => room.capacityBytes],
  ['inodes', 'Maximum number of inodes in the volume', (room) => room.inodes],
  ['inodes_free', 'Number of free inodes in the volume', (room) => room.inodesFree],
  ['inodes_used', 'Number of used inodes in the volume', (room) => room.inodes - room.inodesFree],
  ['used_bytes', 'Number of used bytes in the volume', (room) => room.usedBytes],
];

/** The text; empty where no volume is behind a claim. */
export function volumeMetrics(rooms: readonly VolumeRoom[], atMs: number): string {
  const byClaim = new Map(
    rooms.flatMap(({ claim, room }) => (claim ? [[`${claim.namespace}/${claim.name}`, { claim, room }]] : [])),
  );
  if (byClaim.size === 0) return '';
  const out = new Exposition(atMs);
  for (const [name, help, read] of families) {
    const series = [...byClaim.values()].map(({ claim: { namespace, name: persistentvolumeclaim }, room }) => ({
      labels: { namespace, persistentvolumeclaim },
      value: read(room),
    }));
    out.family(`kubelet_volume_stats_${name}`, 'gauge', `[ALPHA] ${help}`, series, { timed: false });
  }
  return out.text();
}
