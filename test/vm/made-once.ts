// What takes minutes to make is made once and kept outside the checkout, in a folder named for all that it is made of, so that a change
// makes another. What nobody used for a day is removed.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const cache = join(tmpdir(), 'wherry-test-vm');
const unusedMs = 86_400_000;

/** The folder that `make` has filled, now or earlier. What it makes must not know the name of its folder: it gets another. */
export async function madeOnce(
  madeOf: readonly (string | Buffer)[],
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256');
  for (const part of madeOf) hash.update(part).update('\0');
  const folder = join(cache, hash.digest('hex').slice(0, 16));
  if (existsSync(folder)) {
    await utimes(folder, new Date(), new Date());
    return folder;
  }
  await mkdir(cache, { recursive: true });
  // Two tests may make it at once: each its own, and the first stays.
  const making = `${folder}.${process.pid}`;
  try {
    await rm(making, { recursive: true, force: true });
    await mkdir(making);
    await make(making);
    await rename(making, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  await removeUnused();
  return folder;
}

async function removeUnused(): Promise<void> {
  for (const name of await readdir(cache)) {
    const { mtimeMs } = await stat(join(cache, name));
    if (Date.now() - mtimeMs > unusedMs) await rm(join(cache, name), { recursive: true, force: true });
  }
}
