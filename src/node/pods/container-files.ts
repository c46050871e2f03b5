// What stands in a pod's folder of a single container: the file into which it may write why it ended, and the note that
// its postStart hook is through.
import { mkdir, open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFile } from '../../base/files.ts';

interface Which {
  name: string;
  attempt: number;
}

const folderOf = (podFolder: string, { name }: Which) => join(podFolder, 'containers', name);
const messagePath = (podFolder: string, which: Which) => join(folderOf(podFolder, which), `${which.attempt}.message`);
const hookNotePath = (podFolder: string, which: Which) => join(folderOf(podFolder, which), `${which.attempt}.hooked`);

/** Makes the file, writable by whomever the container runs as, and answers its path. */
export async function ensureMessageFile(podFolder: string, which: Which): Promise<string> {
  const path = messagePath(podFolder, which);
  await mkdir(folderOf(podFolder, which), { recursive: true, mode: 0o750 });
  await using file = await open(path, 'a');
  await file.chmod(0o666); // whatever the umask
  return path;
}

/** The end of what the container wrote; empty where there is nothing. */
export async function readMessage(podFolder: string, which: Which, mostBytes: number): Promise<string> {
  try {
    const file = await open(messagePath(podFolder, which));
    try {
      const { size } = await file.stat();
      const buffer = Buffer.alloc(Math.min(size, mostBytes));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, Math.max(0, size - mostBytes));
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

export async function noteHooked(podFolder: string, which: Which): Promise<void> {
  await mkdir(folderOf(podFolder, which), { recursive: true, mode: 0o750 });
  await writeFile(hookNotePath(podFolder, which), '');
}

export async function isHooked(podFolder: string, which: Which): Promise<boolean> {
  return stat(hookNotePath(podFolder, which)).then(
    () => true,
    () => false,
  );
}

export async function removeContainerFiles(podFolder: string, which: Which): Promise<void> {
  await Promise.all([messagePath, hookNotePath].map((pathOf) => removeFile(pathOf(podFolder, which))));
}
