// Control groups as the kernel shows them: folders whose files are its limits. In the first version there is a tree of them for each
// controller, in the second one tree for all.
import { existsSync, constants as fsConstants, readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cpuPeriodMicros, cpuWeight } from './cpu.ts';
import type { GroupLimits, GroupPath, GroupTree } from './group-tree.ts';

export const kernelRoot = '/sys/fs/cgroup';

type Controller = 'cpu' | 'memory' | 'pids';
const controllers: readonly Controller[] = ['cpu', 'memory', 'pids'];
/** A file of a controller and what is to be written to it. */
type Setting = [controller: Controller, file: string, value: number | string | undefined];
/** Where the kernel was built without swap there is none to be kept from. */
const optionalFiles = new Set(['memory.swap.max', 'memory.swappiness']);

export class GroupFolders implements GroupTree {
  readonly #root: string;
  readonly #version: 1 | 2;

  constructor(version: 1 | 2, root = kernelRoot) {
    this.#version = version;
    this.#root = root;
  }

  parentOf(path: GroupPath): string {
    return `/${path.join('/')}`;
  }

  async ensure(path: GroupPath, limits: GroupLimits): Promise<void> {
    const folderOf = (controller: Controller) =>
      this.#version === 2 ? join(this.#root, ...path) : join(this.#root, controller, ...path);
    const folders = new Set(controllers.map(folderOf));
    await Promise.all([...folders].map((folder) => mkdir(folder, { recursive: true })));
    if (this.#version === 2) {
      const wanted = controllers.map((controller) => `+${controller}`).join(' ');
      await writeFile(join(this.#root, ...path.slice(0, -1), 'cgroup.subtree_control'), wanted);
    }
    const settings = this.#version === 2 ? settingsV2(limits) : settingsV1(limits);
    for (const [controller, file, value] of settings) {
      if (value !== undefined) await writeSetting(join(folderOf(controller), file), this.#written(value), file);
    }
  }

  #written(value: number | string): string {
    if (value !== Number.POSITIVE_INFINITY) return String(value);
    return this.#version === 2 ? 'max' : '-1';
  }

  async containersIn(path: GroupPath): Promise<string[]> {
    return containersIn(this.#version === 2 ? join(this.#root, ...path) : join(this.#root, 'memory', ...path));
  }

  async remove(path: GroupPath): Promise<void> {
    await removeFolders(path, this.#root);
  }
}

/** A container's group is named for it, as its id or as the scope that systemd makes of it. */
export async function containersIn(folder: string): Promise<string[]> {
  const names = ((await subfolders(folder)) ?? []).map((path) => basename(path));
  return names.flatMap((name) => /^(?:docker-)?([0-9a-f]{64})(?:\.scope)?$/.exec(name)?.[1] ?? []);
}

/** Removes a group with all groups in it, in every tree that has it. */
export async function removeFolders(path: GroupPath, root = kernelRoot): Promise<void> {
  await Promise.all(treesIn(root).map((tree) => removeFolder(join(tree, ...path))));
}

/** What is uppermost is in memory: a look takes less than to have another thread look. */
function treesIn(root: string): string[] {
  if (existsSync(join(root, 'cgroup.procs'))) return [root];
  const entries = readdirSync(root, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(root, entry.name));
}

const isLimit = (limit: number | undefined) => limit !== undefined && Number.isFinite(limit);

function settingsV1({ cpuShares, cpuQuotaMicros, memoryBytes, pids, noSwap }: GroupLimits): Setting[] {
  return [
    ['cpu', 'cpu.shares', cpuShares],
    ['cpu', 'cpu.cfs_period_us', cpuQuotaMicros && cpuPeriodMicros],
    ['cpu', 'cpu.cfs_quota_us', cpuQuotaMicros],
    ['memory', 'memory.swappiness', noSwap ? 0 : undefined],
    ['memory', 'memory.limit_in_bytes', memoryBytes],
    ['pids', 'pids.max', pids],
  ];
}

function settingsV2({ cpuShares, cpuQuotaMicros, memoryBytes, pids, noSwap }: GroupLimits): Setting[] {
  return [
    ['cpu', 'cpu.weight', cpuShares && cpuWeight(cpuShares)],
    ['cpu', 'cpu.max', isLimit(cpuQuotaMicros) ? `${cpuQuotaMicros} ${cpuPeriodMicros}` : cpuQuotaMicros],
    ['memory', 'memory.swap.max', noSwap ? 0 : undefined],
    ['memory', 'memory.max', memoryBytes],
    ['pids', 'pids.max', pids],
  ];
}

async function writeSetting(path: string, value: string, file: string): Promise<void> {
  try {
    // Without leave to create: a file that the kernel does not have is not there, rather than forbidden.
    await writeFile(path, value, { flag: fsConstants.O_WRONLY as unknown as string });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || !optionalFiles.has(file)) throw error;
  }
}

async function subfolders(folder: string): Promise<string[] | undefined> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Most are empty or not there at all, which one call tells. */
async function removeFolder(folder: string): Promise<void> {
  if ((await triedToRemove(folder)) === undefined) return;
  for (const below of (await subfolders(folder)) ?? []) await removeFolder(below);
  const error = await triedToRemove(folder);
  if (error === undefined) return;
  if (error.code === 'EBUSY') await endProcesses(folder);
  throw error;
}

/** Answers why it is still there. */
async function triedToRemove(folder: string): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await rmdir(folder);
    return undefined;
  } catch (error) {
    const failure = error as NodeJS.ErrnoException;
    return failure.code === 'ENOENT' ? undefined : failure;
  }
}

/** What outlived its container is nobody's any more. The group can be removed when it has ended. */
async function endProcesses(folder: string): Promise<void> {
  const listed = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  for (const pid of listed
    .split('\n')
    .map(Number)
    .filter((each) => each > 0)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}
