// A file or folder of the host itself, looked at as the manifest wishes. On a host that has network file systems it is a
// child that looks: the path may lead to one whose server is away.
import { constants } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import type { Mounter } from './mounter.ts';
import { readyFolder, type Volume, type VolumeType } from './volume.ts';
import { VolumeProblem } from './volume-problem.ts';

export type HostPath = NonNullable<Volume['hostPath']>;

export const hostPath: VolumeType = {
  setUp: async ({ volume, world, signal }) => setUpHostPath(volume.hostPath ?? { path: '' }, world.mounter, signal),
};

export async function setUpHostPath({ path, type = '' }: HostPath, mounter: Mounter, signal: AbortSignal) {
  const isOnNetwork = await mounter.hasNetworkMounts();
  const find = async () => (isOnNetwork ? mounter.modeOf(path, signal) : modeHere(path));
  let mode = await find();
  if (mode === undefined && isMadeAs[type]) {
    await isMadeAs[type](path);
    mode = await find();
  }
  const check = checks[type];
  if (!check) throw new VolumeProblem(`${type} is an invalid volume type`);
  if (mode === undefined || !check.holds(mode & constants.S_IFMT))
    throw new VolumeProblem(`hostPath type check failed: ${path} is not a ${check.name}`);
  return readyFolder(path, { isOnNetwork });
}

async function modeHere(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

const makeFolder = async (path: string): Promise<void> => {
  await mkdir(path, { recursive: true, mode: 0o755 });
};

/** What is made where there is nothing. The folder of a file has to be there. */
const isMadeAs: Record<string, (path: string) => Promise<void>> = {
  '': makeFolder, // as container runtimes do for Kubernetes
  DirectoryOrCreate: makeFolder,
  FileOrCreate: async (path) => {
    await (await open(path, constants.O_CREAT, 0o644)).close();
  },
};

const isFolder = { name: 'directory', holds: (kind: number) => kind === constants.S_IFDIR };
const isFile = { name: 'file', holds: (kind: number) => kind === constants.S_IFREG };

const checks: Record<string, { name: string; holds(kind: number): boolean }> = {
  '': { name: 'file or directory', holds: () => true },
  Directory: isFolder,
  DirectoryOrCreate: isFolder,
  File: isFile,
  FileOrCreate: isFile,
  Socket: { name: 'socket file', holds: (kind) => kind === constants.S_IFSOCK },
  CharDevice: { name: 'character device', holds: (kind) => kind === constants.S_IFCHR },
  BlockDevice: { name: 'block device', holds: (kind) => kind === constants.S_IFBLK },
};
