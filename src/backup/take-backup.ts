// Takes a backup: the server's keys and a snapshot of its store, in one file. The server may run or not.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { programVersion } from '../api/version.ts';
import { fileBytes } from '../base/files.ts';
import type { SnapshotPart } from '../store/store.ts';
import { type BackupFile, type BackupLine, backupHead, writeBackupFile } from './backup-file.ts';

export interface BackupSource {
  /** The server's own folder below the data directory. */
  serverDirectory: string;
  snapshot: AsyncIterable<SnapshotPart>;
}

export interface TakenBackup {
  file: string;
  revision: number;
  entries: number;
  bytes: number;
}

/** Where the server's keys and certificates are. */
export const keysDirectory = (serverDirectory: string): string => join(serverDirectory, 'pki');
export const stateDirectory = (serverDirectory: string): string => join(serverDirectory, 'state');

/** `nameFile` answers the path for a backup of this revision. */
export async function takeBackup(
  { serverDirectory, snapshot }: BackupSource,
  nowMs: number,
  nameFile: (revision: number) => string,
): Promise<TakenBackup> {
  const files = await readKeys(keysDirectory(serverDirectory));
  const parts = snapshot[Symbol.asyncIterator]();
  try {
    let part: SnapshotPart | undefined = (await parts.next()).value;
    const revision = part?.revision ?? 0;
    const lines = async function* (): AsyncIterable<BackupLine[]> {
      yield files;
      for (; part; part = (await parts.next()).value) yield part.entries;
    };
    const file = nameFile(revision);
    const { entries } = await writeBackupFile(file, backupHead(programVersion, nowMs, revision), lines());
    return { file, revision, entries, bytes: fileBytes(file) };
  } finally {
    await parts.return?.();
  }
}

async function readKeys(directory: string): Promise<BackupFile[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.part'))
    .map(({ parentPath, name }) => join(parentPath, name));
  return Promise.all(
    paths.sort().map(async (path) => ({
      file: path.slice(directory.length + 1),
      mode: (await stat(path)).mode & 0o777,
      content: await readFile(path, 'base64'),
    })),
  );
}
