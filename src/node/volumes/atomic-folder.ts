// A folder of files that changes as a whole, so that who reads it sees one version or the next and never half of one:
//
//   FOLDER/name           -> ..data/name          (one link for each uppermost name)
//   FOLDER/..data         -> ..2026_11_21_10_00_00.123   (renamed over: here the version changes)
//   FOLDER/..2026_.../name                        the files of a version, never written again
//
// Holds: a crash at any moment leaves the old version or the new one, and the next write clears away what it left.
import { dirname, join, normalize } from 'node:path';
import { type FileCalls, onDisk } from './file-calls.ts';
import type { Payload } from './payload.ts';
import { VolumeProblem } from './volume-problem.ts';

const current = '..data';
const next = '..data_tmp';
const ofVersion = /^\.\.\d/;

export interface Version {
  payload: Payload;
  nowMs: number;
  /** How the folder is reached; as one on a disk unless told. */
  calls?: FileCalls;
  /** Done to a version before it is shown. */
  finish?(folder: string): Promise<void>;
}

/** Shows the version where another one is shown; answers whether that was so. */
export async function showVersion(folder: string, version: Version): Promise<boolean> {
  const { payload, calls = onDisk } = version;
  for (const path of payload.keys()) checkPath(path);
  await calls.mkdir(folder, { recursive: true, mode: 0o755 });
  const shown = await shownVersion(folder, calls);
  if (shown && (await isSame(join(folder, shown), payload, calls))) {
    await alignLinks(folder, { payload, shown, calls });
    return false;
  }
  await calls.chmod(folder, 0o777); // whatever the umask: no other user of the host comes as far as here
  const name = await writeVersion(folder, version, calls);
  await calls.unlink(join(folder, next)).catch(ignoreMissing);
  await calls.symlink(name, join(folder, next));
  await calls.rename(join(folder, next), join(folder, current));
  await alignLinks(folder, { payload, shown: name, calls });
  return true;
}

/** The file at a path of the version that is shown. */
export async function shownFile(folder: string, path: string, calls = onDisk): Promise<string | undefined> {
  return (await calls.readFile(join(folder, current, path)).catch(ignoreMissing))?.toString();
}

export async function hasVersion(folder: string): Promise<boolean> {
  return (await shownVersion(folder, onDisk)) !== undefined;
}

function checkPath(path: string): void {
  const isBelow = path !== '' && !path.startsWith('/') && !path.split('/').includes('..') && !path.startsWith('..');
  if (!isBelow || normalize(path) === '.') throw new VolumeProblem(`invalid path: "${path}" leads out of the volume`);
}

async function shownVersion(folder: string, calls: FileCalls): Promise<string | undefined> {
  const name = await calls.readlink(join(folder, current)).catch(ignoreMissing);
  return name && ofVersion.test(name) ? name : undefined;
}

async function isSame(version: string, payload: Payload, calls: FileCalls): Promise<boolean> {
  const there = await calls.readdir(version, { recursive: true, withFileTypes: true }).catch(ignoreMissing);
  if (there?.filter((entry) => !entry.isDirectory()).length !== payload.size) return false;
  for (const [path, { content }] of payload) {
    const found = await calls.readFile(join(version, path)).catch(ignoreMissing);
    if (!found || Buffer.compare(found, content) !== 0) return false;
  }
  return true;
}

async function writeVersion(folder: string, { payload, nowMs, finish }: Version, calls: FileCalls): Promise<string> {
  const name = await makeVersion(folder, nowMs, calls);
  const version = join(folder, name);
  for (const [path, { content, mode, uid }] of payload) {
    const target = join(version, path);
    if (dirname(path) !== '.') await makeFolders(version, dirname(path), calls);
    await calls.writeFile(target, content);
    await calls.chmod(target, mode); // whatever the umask
    if (uid !== undefined) await calls.chown(target, uid, (await calls.lstat(target)).gid);
  }
  await finish?.(version);
  return name;
}

/** Named by the time; a number where two came in the same millisecond. */
async function makeVersion(folder: string, nowMs: number, calls: FileCalls): Promise<string> {
  const time = new Date(nowMs).toISOString().slice(0, -1).replaceAll(/[-T:]/g, '_');
  for (let count = 0; ; count += 1) {
    const name = `..${time}.${count}`;
    try {
      await calls.mkdir(join(folder, name));
      await calls.chmod(join(folder, name), 0o755);
      return name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

async function makeFolders(version: string, path: string, calls: FileCalls): Promise<void> {
  let folder = version;
  for (const part of path.split('/')) {
    folder = join(folder, part);
    await calls.mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await calls.chmod(folder, 0o755);
  }
}

/** One link for each uppermost name, and nothing else beside the version that is shown. */
async function alignLinks(
  folder: string,
  { payload, shown, calls }: { payload: Payload; shown: string; calls: FileCalls },
): Promise<void> {
  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0] ?? ''));
  for (const name of await calls.readdir(folder)) {
    if (name === current || name === shown || wanted.delete(name)) continue;
    await calls.rm(join(folder, name), { recursive: true, force: true });
  }
  for (const name of wanted) await calls.symlink(join(current, name), join(folder, name));
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'EINVAL') throw error;
}
