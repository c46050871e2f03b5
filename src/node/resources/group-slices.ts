// Control groups that are systemd's: slices, each named for the way to it. systemd is told of their limits, as what is
// written past it is gone with its next reload; what it is told is gone with the next boot.
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execute } from '../../base/exec.ts';
import { cpuWeight } from './cpu.ts';
import { containersIn, kernelRoot, removeFolders } from './group-folders.ts';
import type { GroupLimits, GroupPath, GroupTree } from './group-tree.ts';

/** What systemd was told of slices until the next boot. */
const usualSettingsFolder = '/run/systemd/system.control';

export class GroupSlices implements GroupTree {
  readonly #version: 1 | 2;
  readonly #settingsFolder: string;

  constructor(version: 1 | 2, settingsFolder = usualSettingsFolder) {
    this.#version = version;
    this.#settingsFolder = settingsFolder;
  }

  parentOf(path: GroupPath): string {
    return sliceName(path);
  }

  async ensure(path: GroupPath, limits: GroupLimits): Promise<void> {
    const properties = sliceProperties(limits, this.#version);
    // Without limits of its own it comes with what is in it.
    if (properties.length === 0) return;
    // Also of a slice that does not run yet: it starts with the first container in it.
    await execute('systemctl', ['set-property', '--runtime', sliceName(path), ...properties]);
  }

  async containersIn(path: GroupPath): Promise<string[]> {
    return containersIn(join(kernelRoot, this.#version === 2 ? '' : 'memory', ...foldersOf(path)));
  }

  async remove(path: GroupPath): Promise<void> {
    const folders = foldersOf(path);
    const trees = this.#version === 2 ? [''] : ['systemd', 'memory'];
    if (trees.some((tree) => existsSync(join(kernelRoot, tree, ...folders))))
      await execute('systemctl', ['stop', sliceName(path)]);
    await this.#forget(sliceName(path));
    // Of a slice that it has forgotten systemd leaves the folder, and of the trees that it does not use.
    await removeFolders(folders);
  }

  /** What systemd was told of the slice, and of those in it. */
  async #forget(slice: string): Promise<void> {
    const ofOneIn = new RegExp(`^${slice.replace(/\.slice$/, '')}-.*\\.slice\\.d$`);
    const names = await readdir(this.#settingsFolder).catch(noneIfNotFound);
    const gone = names.filter((name) => name === `${slice}.d` || ofOneIn.test(name));
    await Promise.all(gone.map((name) => rm(join(this.#settingsFolder, name), { recursive: true, force: true })));
  }
}

function noneIfNotFound(error: NodeJS.ErrnoException): string[] {
  if (error.code !== 'ENOENT') throw error;
  return [];
}

const foldersOf = (path: GroupPath) => path.map((_, index) => sliceName(path.slice(0, index + 1)));

/** A slice is named by all its parents with dashes between; so there may be none in a name. */
export function sliceName(path: GroupPath): string {
  return `${path.map((name) => name.replaceAll('-', '_')).join('-')}.slice`;
}

export function sliceProperties(limits: GroupLimits, version: 1 | 2): string[] {
  const { cpuShares, cpuQuotaMicros, memoryBytes, pids, noSwap } = limits;
  const properties: [string, number | string | undefined][] =
    version === 2
      ? [
          ['CPUWeight', cpuShares && cpuWeight(cpuShares)],
          ['MemoryMax', memoryBytes],
          ['MemorySwapMax', noSwap ? 0 : undefined],
        ]
      : [
          ['CPUShares', cpuShares],
          ['MemoryLimit', memoryBytes],
        ];
  const quota = cpuQuotaMicros === Number.POSITIVE_INFINITY ? '' : cpuQuotaMicros && `${cpuQuotaMicros / 1000}%`;
  properties.push(['CPUQuota', quota], ['TasksMax', pids]);
  return properties
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value === Number.POSITIVE_INFINITY ? 'infinity' : value}`);
}
