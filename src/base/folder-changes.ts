// Waits for what happens in a folder.
import { watch } from 'node:fs';
import type { Clock } from './clock.ts';

export interface FolderWait {
  clock: Clock;
  /** How long it waits at most: changes that were missed are found then. */
  mostMs: number;
  /** Left to who writes several files, after the first change. */
  settleMs: number;
}

/** Resolves when something in the folder has changed, or the time is over. One that cannot be watched, or is not there, is left to the time. */
export async function untilFolderChanges(
  folder: string,
  { clock, mostMs, settleMs }: FolderWait,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const { promise: changed, resolve } = Promise.withResolvers<boolean>();
  try {
    watch(folder, { signal: until }, () => resolve(true)).on('error', () => {});
  } catch {}
  const timed = clock.sleep(mostMs, until).then(
    () => false,
    () => false,
  );
  const hasChanged = await Promise.race([changed, timed]);
  over.abort();
  if (hasChanged) await clock.sleep(settleMs, signal).catch(() => {});
}
