// What a node may run out of, and how much of it is left. Read from /proc and the file systems: no question to the engine.
import { stat } from 'node:fs/promises';
import { readRoom } from '../stats/disk-usage.ts';
import { readHostUsage } from '../stats/host-usage.ts';

export const signals = [
  'memory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'pid.available',
] as const;
export type Signal = (typeof signals)[number];

export interface Level {
  available: number;
  capacity: number;
}

/** A signal is missing where the host does not tell it, as a file system without a count of inodes. */
export type Levels = ReadonlyMap<Signal, Level>;

export interface Places {
  /** The agent's own folder, where volumes lie. */
  nodeFolder: string;
  /** The engine's, where images and the layers of containers lie. */
  imageFolder(): Promise<string>;
}

export async function readLevels({ nodeFolder, imageFolder }: Places): Promise<Levels> {
  const [host, node, image] = await Promise.all([
    readHostUsage(),
    readRoom(nodeFolder),
    imageFolder().then(readRoom, () => undefined),
  ]);
  const levels = new Map<Signal, Level>([
    ['memory.available', { available: host.memoryTotalBytes - host.workingSetBytes, capacity: host.memoryTotalBytes }],
    ['pid.available', { available: host.mostProcesses - host.processes, capacity: host.mostProcesses }],
  ]);
  for (const [name, room] of [
    ['nodefs', node],
    ['imagefs', image],
  ] as const) {
    if (!room) continue;
    levels.set(`${name}.available`, { available: room.availableBytes, capacity: room.capacityBytes });
    if (room.inodes > 0) levels.set(`${name}.inodesFree`, { available: room.inodesFree, capacity: room.inodes });
  }
  return levels;
}

/** Whether it is about the disk on which the engine keeps what it has, which may be the node's, too. */
export async function isOfEngineDisk(signal: Signal, { nodeFolder, imageFolder }: Places): Promise<boolean> {
  if (!signal.startsWith('nodefs.')) return signal.startsWith('imagefs.');
  const [node, image] = await Promise.all([stat(nodeFolder), imageFolder().then((folder) => stat(folder))]);
  return node.dev === image.dev;
}
