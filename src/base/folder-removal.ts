// Takes a folder away with all that is in it, also what lies deeper than any path can name: whoever may write into a folder
// can nest others in it without end. No link is followed.
import { rm } from 'node:fs/promises';
import { execute } from './exec.ts';

const longestMs = 600_000;

export async function removeFolder(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') throw error;
    // Goes down step by step, which Node does not.
    await execute('rm', ['-rf', '--one-file-system', '--', path], { timeoutMs: longestMs });
  }
}
