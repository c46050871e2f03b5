// The backup's file: gzipped lines of JSON, so that anybody can read it and any engine can be filled from it.
//
//   {"wherry":"backup","format":1,...}           what it is of
//   {"file":"ca.pem","mode":384,"content":...}   each file of the server's keys, as base64
//   {"key":...,"value":...}                      each entry of the store
//   {"files":4,"entries":812,"sha256":...}       the end: without it, or when it does not fit, the file is damaged
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { pipeline as pipe } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { SnapshotEntry } from '../store/store.ts';

const formatVersion = 1;

export interface BackupHead {
  wherry: 'backup';
  format: number;
  program: string;
  /** When it was begun, as an RFC 3339 time. */
  created: string;
  /** Of the store, when it was begun. */
  revision: number;
}

export interface BackupFile {
  file: string;
  mode: number;
  content: string;
}

interface BackupEnd {
  files: number;
  entries: number;
  sha256: string;
}

export type BackupLine = BackupFile | SnapshotEntry;

export const isFileLine = (line: BackupLine): line is BackupFile => 'file' in line;

/** The file is none of ours, or not as it was written. */
export class BackupDamaged extends Error {}

export function backupHead(program: string, nowMs: number, revision: number): BackupHead {
  return { wherry: 'backup', format: formatVersion, program, created: new Date(nowMs).toISOString(), revision };
}

/** Writes the file whole or not at all, for its owner only. */
export async function writeBackupFile(
  path: string,
  head: BackupHead,
  parts: AsyncIterable<BackupLine[]>,
): Promise<BackupEnd> {
  const hash = createHash('sha256');
  const end = { files: 0, entries: 0, sha256: '' };
  const textOf = (lines: object[]): string => {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    hash.update(text);
    return text;
  };
  async function* text(): AsyncIterable<string> {
    yield textOf([head]);
    for await (const lines of parts) {
      for (const line of lines) end[isFileLine(line) ? 'files' : 'entries']++;
      yield textOf(lines);
    }
    end.sha256 = hash.digest('hex');
    yield `${JSON.stringify(end)}\n`;
  }
  const part = `${path}.${process.pid}.part`;
  const file = await open(part, 'wx', 0o600);
  try {
    await pipe(text(), createGzip({ level: 1 }), file.createWriteStream({ flush: true }));
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  return end;
}

export interface BackupContent {
  head: BackupHead;
  /** Throws BackupDamaged, at the end at the latest, unless all is as it was written. */
  lines: AsyncIterable<BackupLine>;
}

/** Throws BackupDamaged where it does not even begin as a backup does. */
export async function readBackupFile(path: string): Promise<BackupContent> {
  const texts = linesOf(path)[Symbol.asyncIterator]();
  const hash = createHash('sha256');
  const next = async (): Promise<object | undefined> => {
    const { done, value } = await texts.next();
    if (done) return undefined;
    const line = parsed(value);
    if (!isEnd(line)) hash.update(value).update('\n');
    return line;
  };
  const head = checkedHead((await next()) ?? {});
  async function* lines(): AsyncIterable<BackupLine> {
    const seen = { files: 0, entries: 0 };
    let line = await next();
    for (; line && !isEnd(line); line = await next()) {
      seen[isFileLine(line as BackupLine) ? 'files' : 'entries']++;
      yield line as BackupLine;
    }
    if (!line) throw new BackupDamaged('its end is missing');
    const isWhole = line.files === seen.files && line.entries === seen.entries && line.sha256 === hash.digest('hex');
    if (!isWhole) throw new BackupDamaged('its checksum is not that of what it holds');
    if (!(await texts.next()).done) throw new BackupDamaged('there is more after its end');
  }
  return { head, lines: lines() };
}

function isEnd(line: object): line is BackupEnd {
  return 'sha256' in line;
}

function parsed(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    throw new BackupDamaged('a line of it is garbled');
  }
}

function checkedHead(line: object): BackupHead {
  const head = line as Partial<BackupHead>;
  if (head.wherry !== 'backup') throw new BackupDamaged('it is no backup of Wherry');
  if (head.format !== formatVersion)
    throw new Error(`it has format ${head.format} and this program reads format ${formatVersion}: run a newer version`);
  return head as BackupHead;
}

async function* linesOf(path: string): AsyncIterable<string> {
  const bytes = pipeline(createReadStream(path), createGunzip(), () => {}); // who reads is told of errors
  bytes.setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of bytes as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    const isOfItsContent = (error as NodeJS.ErrnoException).code?.startsWith('Z_');
    throw isOfItsContent ? new BackupDamaged((error as Error).message) : error;
  }
  if (rest !== '') throw new BackupDamaged('its last line is cut off');
}
