// Files that are whole or absent: written beside, synced, then renamed.
import { constants, statSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execute } from './exec.ts';

export async function writeFileWhole(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  try {
    const file = await openWithFolder(part, mode);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    // What the disk did not take whole is not wanted in part, and nobody may try again.
    await rm(part, { force: true }).catch(() => {});
    throw error;
  }
}

/** What is written is on the disk when that is answered, which saves asking for it. */
const syncedWrite = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_DSYNC;

/** The folder is there nearly always. */
async function openWithFolder(path: string, mode: number): Promise<FileHandle> {
  try {
    return await open(path, syncedWrite, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    return open(path, syncedWrite, mode);
  }
}

const writtenOutMs = 300_000;

/** Returns when all that was written to the file systems of these paths is on the disk, names too. */
export async function writtenOut(...paths: string[]): Promise<void> {
  await execute('sync', ['--file-system', ...paths], { timeoutMs: writtenOutMs });
}

/** Takes away what a process that was killed has begun in the folder. For one that no other process writes to. */
export async function removeParts(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const parts = names.filter((name) => name.endsWith('.part') && !name.endsWith(`.${process.pid}.part`));
  await Promise.all(parts.map((name) => rm(join(folder, name), { force: true })));
}

/** Takes a file or a link away, be it there or not. A third of what Node's own way of removing costs. */
export async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** The text of a file, or undefined where there is none. */
export async function readFileIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The size of a file, 0 where there is none. */
export function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
