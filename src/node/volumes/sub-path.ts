// A part of a volume as a container sees it. Who can write to the volume could bend its links while we look: the part is
// resolved once, held open from the volume down without following any link, and bound to a place of our own.
import { mkdir, realpath, stat, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { mountAt } from './mount-table.ts';
import type { Mounter } from './mounter.ts';
import { PathHandle } from './path-handle.ts';
import { VolumeProblem } from './volume-problem.ts';

/** Binds a part of the volume to the target, and makes a folder of it where there is nothing. */
export async function bindSubPath(
  { root, subPath, target }: { root: string; subPath: string; target: string },
  mounter: Mounter,
): Promise<void> {
  await ensurePart(root, subPath);
  await using part = await openPart(root, subPath);
  const found = await part.stat();
  const table = await mounter.table();
  if (mountAt(table, target)) {
    const there = await stat(target).catch(() => undefined);
    if (there?.dev === found.dev && there.ino === found.ino) return;
    await mounter.unmountBelow(target);
  }
  if (found.isDirectory()) await mkdir(target, { recursive: true });
  else {
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, '', { flag: 'a' });
  }
  await mounter.bind(part.path, target);
}

/** The part, by a path below the volume that has no links in it any more. */
async function openPart(root: string, subPath: string): Promise<PathHandle> {
  const top = await realpath(root);
  const below = relative(top, await realpath(`${top}/${subPath}`));
  if (below === '..' || below.startsWith('../')) throw new VolumeProblem(`subPath ${subPath} leads out of the volume`);
  let handle = await PathHandle.open(top);
  for (const name of below.split('/').filter(Boolean)) {
    const parent = handle;
    try {
      handle = await parent.child(name);
    } finally {
      await parent[Symbol.asyncDispose]();
    }
    if ((await handle.stat()).isSymbolicLink()) {
      await handle[Symbol.asyncDispose]();
      throw new VolumeProblem(`subPath ${subPath} was changed while it was looked at`);
    }
  }
  return handle;
}

/** Makes the folders that are missing, with the mode of the volume, from the last one on that is there. */
async function ensurePart(root: string, subPath: string): Promise<void> {
  const parts = subPath.split('/').filter((part) => part && part !== '.');
  let there = parts.length;
  while (there > 0 && !(await isThere(`${root}/${parts.slice(0, there).join('/')}`))) there -= 1;
  if (there === parts.length) return;
  await using existing = await openPart(root, parts.slice(0, there).join('/'));
  const mode = (await stat(root)).mode & 0o7777;
  const made: PathHandle[] = [];
  try {
    for (const name of parts.slice(there)) made.push(await (made.at(-1) ?? existing).makeFolder(name, mode));
  } finally {
    for (const handle of made) await handle[Symbol.asyncDispose]();
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
