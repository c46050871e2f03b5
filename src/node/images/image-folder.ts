// A folder of image archives that are loaded when the agent starts: how a closed network gets its images. What was loaded
// before and is still there is not loaded again.
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileIfThere, writeFileWhole } from '../../base/files.ts';
import type { Log } from '../../base/log.ts';
import type { ImageStore } from './image-store.ts';

export interface ImageFolderOptions {
  folder: string;
  /** Where it is noted what has been loaded. */
  noteFile: string;
  store: ImageStore;
  log: Log;
}

interface Loaded {
  bytes: number;
  modifiedMs: number;
  images: string[];
}

const isArchive = (name: string): boolean => /\.(tar|tgz|tar\.(gz|bz2|xz|zst))$/.test(name);

/** Loads what is new. An archive that cannot be loaded is told of, and keeps nobody waiting. */
export async function loadImageFolder(options: ImageFolderOptions, signal: AbortSignal): Promise<void> {
  const { folder, noteFile, store, log } = options;
  const files = (await readdir(folder).catch(() => [])).filter(isArchive).sort();
  if (files.length === 0) return;
  const loaded = await readNote(noteFile);
  for (const name of files) {
    signal.throwIfAborted();
    const path = join(folder, name);
    try {
      const { size: bytes, mtimeMs: modifiedMs } = await stat(path);
      const before = loaded[name];
      if (before?.bytes === bytes && before.modifiedMs === modifiedMs && (await allHere(store, before.images)))
        continue;
      const images = await loadArchive(path, store, signal);
      loaded[name] = { bytes, modifiedMs, images };
      await writeFileWhole(noteFile, JSON.stringify(loaded, null, 1));
      log.info('loaded images from a file', { path, images });
    } catch (error) {
      signal.throwIfAborted();
      log.warn('images of a file cannot be loaded', { path, error });
    }
  }
}

export async function loadArchive(path: string, store: ImageStore, signal: AbortSignal): Promise<string[]> {
  const archive = createReadStream(path);
  try {
    const images = await store.load(archive, signal);
    if (images.length === 0)
      throw new Error(`${path} holds no image: it must be an archive as \`docker save\` writes it`);
    return images;
  } finally {
    archive.destroy();
  }
}

async function readNote(noteFile: string): Promise<Record<string, Loaded>> {
  try {
    return JSON.parse((await readFileIfThere(noteFile)) ?? '{}') as Record<string, Loaded>;
  } catch {
    return {}; // everything is loaded once more
  }
}

async function allHere(store: ImageStore, images: readonly string[]): Promise<boolean> {
  const found = await Promise.all(images.map((image) => store.inspect(image)));
  return found.every((image) => image !== undefined);
}
