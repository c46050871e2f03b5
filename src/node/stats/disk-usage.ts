// Room on disks, and what folders take of it.
import { lstat, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { ExecError, execute } from '../../base/exec.ts';
import { ShortMemory } from '../../base/short-memory.ts';

export interface DiskRoom {
  capacityBytes: number;
  availableBytes: number;
  usedBytes: number;
  inodes: number;
  inodesFree: number;
}

export interface FolderUsage {
  usedBytes: number;
  inodesUsed: number;
}

/** Of the disk on which the path is; undefined where it is none. */
export async function readRoom(path: string): Promise<DiskRoom | undefined> {
  try {
    const { blocks, bfree, bavail, bsize, files, ffree } = await statfs(path);
    return {
      capacityBytes: blocks * bsize,
      availableBytes: bavail * bsize,
      usedBytes: (blocks - bfree) * bsize,
      inodes: files,
      inodesFree: ffree,
    };
  } catch {
    return undefined;
  }
}

/** Walking a folder costs a look at each of its files: what was found holds for a while, and one is walked at a time. */
const holdsMs = 60_000;
const mostEntries = 1000;
const bytesPerBlock = 512;

export class FolderUsages {
  readonly #found: ShortMemory<FolderUsage>;
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock) {
    this.#found = new ShortMemory<FolderUsage>({ clock, mostEntries, holdsMs: () => holdsMs });
  }

  /** All zeros where there is no such folder. */
  of(path: string): Promise<FolderUsage> {
    return this.#found.get(path, () => {
      const found = this.#last.then(() => measure(path));
      // What failed for one is no matter of the next.
      this.#last = found.catch(() => {});
      return found;
    });
  }
}

async function measure(path: string): Promise<FolderUsage> {
  try {
    return await walk(path);
  } catch (error) {
    if (codeOf(error) !== 'ENAMETOOLONG') throw error;
    return measureByProgram(path);
  }
}

const longestMs = 600_000;

/** Who nests folders deeper than any path can name is no better off: a program of the host goes down step by step. */
async function measureByProgram(path: string): Promise<FolderUsage> {
  const sum = async (...options: string[]) =>
    Number.parseInt(await outputOf('du', ['-s', '-x', ...options, '--', path]), 10);
  return { usedBytes: await sum('--block-size=1'), inodesUsed: await sum('--inodes') };
}

/** It fails where it could not count everything, and tells what it could. */
async function outputOf(program: string, args: string[]): Promise<string> {
  try {
    return await execute(program, args, { timeoutMs: longestMs });
  } catch (error) {
    if (error instanceof ExecError && error.stdout) return error.stdout;
    throw error;
  }
}

/** Everything below it on its own disk, as far as the system lets it be seen: what somebody mounted there is not the folder's. */
async function walk(top: string): Promise<FolderUsage> {
  const usage = { usedBytes: 0, inodesUsed: 0 };
  /** What is linked to from several places takes its room once. */
  const seen = new Set<number>();
  let disk: number | undefined;
  const folders = [top];
  /** Answers whether it is on the disk of the others. */
  const add = async (path: string): Promise<boolean> => {
    const { blocks, nlink, dev, ino } = await lstat(path);
    disk ??= dev;
    if (dev !== disk) return false;
    if (nlink > 1) {
      if (seen.has(ino)) return true;
      seen.add(ino);
    }
    usage.usedBytes += blocks * bytesPerBlock;
    usage.inodesUsed += 1;
    return true;
  };
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    try {
      if (!(await add(folder))) continue;
      for (const entry of await readdir(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) folders.push(path);
        else await add(path).catch(ignoreUnseen);
      }
    } catch (error) {
      ignoreUnseen(error);
    }
  }
  return usage;
}

/** Files come and go while they are counted, disks break, and servers of files die. */
function ignoreUnseen(error: unknown): void {
  const isOfSystem = (error as NodeJS.ErrnoException).errno !== undefined;
  if (!isOfSystem || codeOf(error) === 'ENAMETOOLONG') throw error;
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;
