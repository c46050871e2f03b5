// How files are reached: on a disk by another thread, as it may be slow; in memory at once, as having another thread do it takes
// many times what it takes itself.
import fs from 'node:fs';
import promises from 'node:fs/promises';

const names = [
  'chmod',
  'chown',
  'lstat',
  'mkdir',
  'readdir',
  'readFile',
  'readlink',
  'rename',
  'rm',
  'symlink',
  'unlink',
  'writeFile',
] as const;

export type FileCalls = Pick<typeof promises, (typeof names)[number]>;

export const onDisk: FileCalls = promises;

/** Only for what is known to be in memory: nobody else gets a turn meanwhile. */
export const inMemory = Object.fromEntries(
  names.map((name) => {
    const call = fs[`${name}Sync`] as (...args: unknown[]) => unknown;
    return [name, async (...args: unknown[]) => call(...args)];
  }),
) as unknown as FileCalls;
