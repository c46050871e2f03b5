// The bytes of a log that is put aside under numbered names as it grows (log, log.1, log.2 ...), from the oldest on.
// Docker's own way of following such a log tells lines twice and others never, so the files are read here.
// Holds: who follows misses nothing, however often files are put aside, unless one is deleted that he has not come to yet.
import { watch } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

export interface ReadOptions {
  /** Undefined is all. */
  tailLines: number | undefined;
  /** Files that were written last before this time are passed over. */
  sinceMs: number | undefined;
  /** Reads on until this resolves, and what is there then. Undefined ends at the end. */
  until: Promise<void> | undefined;
}

interface OpenFile {
  handle: FileHandle;
  inode: bigint;
  sizeBytes: number;
  writtenMs: number;
  /** Where the next read begins. */
  position: number;
}

const chunkBytes = 64 * 1024;
const mostTries = 5;
const newline = 10;

export async function* readRotated(path: string, options: ReadOptions, signal: AbortSignal): AsyncIterable<Buffer> {
  const { tailLines, sinceMs, until } = options;
  // Watched before the first look, so that nothing falls between.
  const news = until !== undefined ? watchFolder(dirname(path), until, signal) : undefined;
  let files: OpenFile[] = [];
  try {
    files = await openAll(path);
    if (tailLines !== undefined) await skipToTail(files, tailLines);
    while (files.length > 1) {
      const oldest = files.pop() as OpenFile;
      if (sinceMs === undefined || oldest.writtenMs >= sinceMs) yield* rest(oldest, signal);
      await oldest.handle.close();
    }
    for (;;) {
      const seen = news?.now();
      const [current] = files;
      if (current) yield* rest(current, signal);
      if (signal.aborted || !news || !seen) return;
      const next = await following(path, current);
      if (next) {
        // What was written between the last read and the moment when the file was put aside.
        if (current) yield* rest(current, signal);
        await current?.handle.close();
        files = [next];
      } else if (seen.isOver) return;
      else await news.after(seen);
    }
  } finally {
    for (const { handle } of files) await handle.close();
    news?.close();
  }
}

async function* rest(file: OpenFile, signal: AbortSignal): AsyncIterable<Buffer> {
  while (!signal.aborted) {
    const { bytesRead, buffer } = await file.handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, file.position);
    if (bytesRead === 0) return;
    file.position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** The file that was begun after this one; undefined where this is the newest. */
async function following(path: string, current: OpenFile | undefined): Promise<OpenFile | undefined> {
  const newest = await stat(path, { bigint: true }).catch(() => undefined);
  if (current && newest?.ino === current.inode) return undefined;
  for (let attempt = 1; ; attempt += 1) {
    const files = await openAll(path);
    const at = files.findIndex(({ inode }) => inode === current?.inode);
    // One that has been deleted is older than all that there are; one that has not was put aside while they were opened.
    const isDeleted = at < 0 && (!current || (await current.handle.stat()).nlink === 0 || attempt === mostTries);
    const next = at >= 0 ? files[at - 1] : isDeleted ? files.at(-1) : undefined;
    for (const file of files) if (file !== next) await file.handle.close();
    if (at >= 0 || isDeleted) return next;
  }
}

/** The newest first. Opened in this order, a file that is put aside meanwhile is met twice and never missed. */
async function openAll(path: string): Promise<OpenFile[]> {
  for (let attempt = 1; ; attempt += 1) {
    const files: OpenFile[] = [];
    let moved = false;
    for (const name of await namesOf(path)) {
      const handle = await open(name).catch(() => undefined);
      if (!handle) continue;
      const { ino, size, mtimeMs } = await handle.stat({ bigint: true });
      if (files.some(({ inode }) => inode === ino)) {
        moved = true;
        await handle.close();
      } else {
        files.push({ handle, inode: ino, sizeBytes: Number(size), writtenMs: Number(mtimeMs), position: 0 });
      }
    }
    if (!moved || attempt === mostTries) return files;
    for (const { handle } of files) await handle.close();
  }
}

async function namesOf(path: string): Promise<string[]> {
  const own = basename(path);
  const numbers = (await readdir(dirname(path)).catch(() => [])).flatMap((name) => {
    const suffix = name.startsWith(`${own}.`) ? name.slice(own.length + 1) : '';
    return /^\d+$/.test(suffix) ? [Number(suffix)] : [];
  });
  // Also the names that nobody has now: while files are put aside each of them is missing for a moment.
  const most = Math.max(0, ...numbers) + 1;
  return [path, ...Array.from({ length: most }, (_, index) => `${path}.${index + 1}`)];
}

/** Sets every file to where its part of the last lines begins. */
async function skipToTail(files: readonly OpenFile[], lines: number): Promise<void> {
  let wanted = lines;
  for (const file of files) {
    const found = await tailOf(file, wanted);
    file.position = found.position;
    wanted -= found.lines;
  }
}

async function tailOf({ handle, sizeBytes }: OpenFile, wanted: number): Promise<{ position: number; lines: number }> {
  if (wanted <= 0) return { position: sizeBytes, lines: 0 };
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let lines = 0;
  for (let end = sizeBytes; end > 0; ) {
    const begin = Math.max(0, end - chunkBytes);
    const { bytesRead } = await handle.read(buffer, 0, end - begin, begin);
    for (let at = bytesRead - 1; at >= 0; at -= 1) {
      // The newline at the very end begins no line.
      if (buffer[at] !== newline || begin + at === sizeBytes - 1) continue;
      lines += 1;
      if (lines === wanted) return { position: begin + at + 1, lines };
    }
    end = begin;
  }
  return { position: 0, lines: lines + (sizeBytes > 0 ? 1 : 0) };
}

/** How much has happened up to a moment. */
interface Moment {
  count: number;
  isOver: boolean;
}

interface News {
  now(): Moment;
  /** Resolves when something has happened since then. */
  after(moment: Moment): Promise<void>;
  close(): void;
}

function watchFolder(folder: string, until: Promise<void>, signal: AbortSignal): News {
  let count = 0;
  let isOver = false;
  let wake = Promise.withResolvers<void>();
  const ring = () => {
    count += 1;
    wake.resolve();
    wake = Promise.withResolvers();
  };
  const watcher = watch(folder, { persistent: false }, ring);
  watcher.on('error', ring); // the folder is gone, and with it the container
  const end = () => {
    isOver = true;
    ring();
  };
  until.then(end, end);
  signal.addEventListener('abort', ring, { once: true });
  return {
    now: () => ({ count, isOver }),
    after: async (moment) => {
      if (count === moment.count && !signal.aborted) await wake.promise;
    },
    close: () => {
      watcher.close();
      signal.removeEventListener('abort', ring);
    },
  };
}
