// Takes a folder away with all that is in it, also what lies deeper than any path can name: whoever may write into a folder
// can nest others in it without end. No link is followed.
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execute } from './exec.ts';
import { removeFile } from './files.ts';

const longestMs = 600_000;

export async function removeFolder(path: string): Promise<void> {
  try {
    await removeBelow(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') throw error;
    // Goes down step by step, which Node does not.
    await execute('rm', ['-rf', '--one-file-system', '--', path], { timeoutMs: longestMs });
  }
}

/**
 * The same where disks may be mounted: those are emptied and stay, as do the folders above them. Answers where they are mounted.
 */
export async function removeAroundMounts(path: string): Promise<string[]> {
  try {
    await removeFolder(path);
    return [];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    const mounted: string[] = [];
    for (const name of await readdir(path)) mounted.push(...(await removeAroundMounts(join(path, name))));
    return mounted.length > 0 ? mounted : [path];
  }
}

/** Half the calls of Node's own, which asks of each entry again what it is. An attempt tells most. */
async function removeBelow(path: string): Promise<void> {
  const reason = await reasonToStay(path);
  if (reason === 'ENOTDIR') await removeFile(path);
  if (reason !== 'ENOTEMPTY' && reason !== 'EEXIST') return;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const below = join(path, entry.name);
    await (entry.isDirectory() ? removeBelow(below) : removeFile(below));
  }
  await rmdir(path);
}

/** Why it cannot be removed as an empty folder; undefined where it is gone. */
async function reasonToStay(path: string): Promise<string | undefined> {
  try {
    await rmdir(path);
    return undefined;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (!['ENOTDIR', 'ENOTEMPTY', 'EEXIST'].includes(code)) throw error;
    return code;
  }
}
