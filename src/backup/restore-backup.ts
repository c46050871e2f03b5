// Brings a backup back into a data directory, whole or not at all: it is checked, unpacked beside, and only then takes the
// place of what was there, which is kept under another name.
//
// Revisions go on past any that was ever given out since the backup, so that no watch takes new changes for old ones.
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { writeFileWhole } from '../base/files.ts';
import { DirectoryLock } from '../store/embedded/directory-lock.ts';
import { EmbeddedStore } from '../store/embedded/embedded-store.ts';
import type { SnapshotEntry, SnapshotPart } from '../store/store.ts';
import { BackupDamaged, type BackupHead, isFileLine, readBackupFile } from './backup-file.ts';
import { keysDirectory, stateDirectory } from './take-backup.ts';

export interface RestoreOptions {
  file: string;
  serverDirectory: string;
  /** Whether a directory that has something in it may be replaced. */
  replaces: boolean;
  nowMs: number;
}

export interface Restored {
  created: string;
  entries: number;
  revision: number;
  /** Where the former state is now. */
  keptIn: string | undefined;
}

/** No store writes this fast: so a later restore of the same backup begins past all that was written after an earlier one. */
const revisionsPerSecond = 100_000;
const leastMargin = 1_000_000_000;
const partMost = 256;

export function revisionPast({ created, revision }: BackupHead, known: number, nowMs: number): number {
  const elapsedSeconds = Math.max(0, Math.ceil((nowMs - Date.parse(created)) / 1000));
  return Math.max(revision, known) + leastMargin + elapsedSeconds * revisionsPerSecond;
}

/** Where a restore is unpacked. */
export const restoringDirectory = (serverDirectory: string): string => `${serverDirectory}.restoring`;

export async function restoreBackup({ file, serverDirectory, replaces, nowMs }: RestoreOptions): Promise<Restored> {
  const head = await checkWhole(file);
  const isThere = await hasContent(serverDirectory);
  if (isThere && !replaces)
    throw new Error(`${serverDirectory} is not empty: say --force to put it aside and restore in its place`);
  const lock = isThere ? await lockState(serverDirectory) : undefined;
  const fresh = restoringDirectory(serverDirectory);
  try {
    const past = revisionPast(head, isThere ? await knownRevision(serverDirectory) : 0, nowMs);
    await rm(fresh, { recursive: true, force: true });
    const entries = await unpack(file, fresh, past);
    const keptIn = isThere ? `${serverDirectory}.before-${stampOf(nowMs)}` : undefined;
    if (keptIn) await rename(serverDirectory, keptIn);
    else await rmdir(serverDirectory).catch(() => {});
    await rename(fresh, serverDirectory);
    return { created: head.created, entries, revision: past + 1, keptIn };
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  } finally {
    lock?.release();
  }
}

/** "20261121T120000Z" */
export function stampOf(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

async function checkWhole(file: string): Promise<BackupHead> {
  try {
    const { head, lines } = await readBackupFile(file);
    for await (const line of lines) {
      if (isFileLine(line) && !isPlainPath(line.file))
        throw new BackupDamaged(`${line.file} would not be in its place`);
    }
    return head;
  } catch (error) {
    const why = (error as Error).message;
    const what = error instanceof BackupDamaged ? 'is damaged' : 'cannot be read';
    throw new Error(`${file} ${what}: ${why}. Nothing has been changed`, { cause: error });
  }
}

function isPlainPath(path: string): boolean {
  return normalize(path) === path && !isAbsolute(path) && !path.startsWith('..');
}

async function hasContent(directory: string): Promise<boolean> {
  return (await readdir(directory).catch(() => [])).length > 0;
}

/** Keeps a server from starting, and throws where one runs. */
async function lockState(serverDirectory: string): Promise<DirectoryLock> {
  await mkdir(stateDirectory(serverDirectory), { recursive: true, mode: 0o700 });
  return DirectoryLock.take(stateDirectory(serverDirectory));
}

/** What is replaced may be damaged; then the margin alone has to do. */
async function knownRevision(serverDirectory: string): Promise<number> {
  try {
    for await (const { revision } of EmbeddedStore.snapshotOf(stateDirectory(serverDirectory))) return revision;
  } catch {}
  return 0;
}

async function unpack(file: string, serverDirectory: string, past: number): Promise<number> {
  const keys = keysDirectory(serverDirectory);
  await mkdir(keys, { recursive: true, mode: 0o700 });
  const store = await EmbeddedStore.open(stateDirectory(serverDirectory));
  async function* parts(): AsyncIterable<SnapshotPart> {
    const { head, lines } = await readBackupFile(file);
    const entries: SnapshotEntry[] = [];
    for await (const line of lines) {
      if (isFileLine(line)) await writeFileWhole(join(keys, line.file), Buffer.from(line.content, 'base64'), line.mode);
      else entries.push(line);
      if (entries.length === partMost) yield { revision: head.revision, entries: entries.splice(0) };
    }
    yield { revision: head.revision, entries: entries.splice(0) };
  }
  try {
    await store.restore(parts(), past);
    await store.check();
    return store.stats().keys;
  } finally {
    await store.close();
  }
}
