// What an informer knew is kept on disk, and stands in for the API until that answers. Written whole, some time after the
// first of several changes, in slices: a large cluster must hold nobody up. What the disk refuses is tried again.
import { createReadStream } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { KubeObject } from '../api/meta.ts';
import { Breath } from '../base/breath.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Informer } from './informer.ts';

const writeAfterMs = 5_000;

export interface InformerMemoryOptions<T extends KubeObject> {
  informer: Informer<T>;
  path: string;
  clock: Clock;
  log: Log;
}

/** Fills the informer with what is remembered, and resolves; goes on to keep what it learns until the signal is aborted. */
export async function rememberInformer<T extends KubeObject>(
  options: InformerMemoryOptions<T>,
  signal: AbortSignal,
): Promise<void> {
  const { informer, path, clock, log } = options;
  const kept = await readObjects<T>(path).catch((error: unknown) => {
    log.warn('what was remembered cannot be read', { path, error });
    return undefined;
  });
  if (kept) informer.assume(kept);
  let isWriting = false;
  let hasChanged = false;
  const write = async () => {
    hasChanged = false;
    await writeObjects(path, informer.list()).catch((error: unknown) => {
      log.warn('what is known cannot be kept, trying again', { path, error });
      hasChanged = true;
    });
    isWriting = false;
    if (hasChanged) writeSoon();
  };
  const writeSoon = () => {
    hasChanged = true;
    if (isWriting || signal.aborted) return;
    isWriting = true;
    clock.after(writeAfterMs, () => {
      if (!signal.aborted) void write();
    });
  };
  // The first time at once, and also that there is nothing of the kind: who knows nothing is in the dark without the API.
  let isWhole = kept !== undefined;
  void informer.synced.then(() => {
    if (isWhole || signal.aborted) return;
    isWhole = true;
    isWriting = true;
    void write();
  });
  // What was just read need not be written.
  const known = new Set<unknown>(kept);
  informer.onChange(({ object }) => {
    if (isWhole && (!object || !known.delete(object))) writeSoon();
  });
}

/** Undefined where nothing has been kept. */
async function readObjects<T>(path: string): Promise<T[] | undefined> {
  const objects: T[] = [];
  const breath = new Breath();
  try {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      objects.push(JSON.parse(line) as T);
      await breath.pause();
    }
    return objects;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** One a line, in a file that is whole or as it was. */
async function writeObjects(path: string, objects: KubeObject[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const part = `${path}.${process.pid}.part`;
  const file = await open(part, 'w', 0o600);
  try {
    const breath = new Breath();
    let lines = '';
    for (const object of objects) {
      lines += `${JSON.stringify(withoutManagers(object))}\n`;
      const pause = breath.pause();
      if (!pause) continue;
      await file.write(lines);
      lines = '';
      await pause;
    }
    await file.write(lines);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
}

/** Who owns which field fills half of an object, and nobody asks for it here. */
function withoutManagers(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata as KubeObject['metadata'] & { managedFields?: unknown };
  return { ...object, metadata };
}
