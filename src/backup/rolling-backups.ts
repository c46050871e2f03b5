// Backups that a running server takes by itself: one every so often, the newest few kept. The newest is the one with the
// highest revision, whatever the clock said when it was taken.
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Store } from '../store/store.ts';
import { stampOf } from './restore-backup.ts';
import { takeBackup } from './take-backup.ts';

export interface RollingBackupOptions {
  directory: string;
  /** 0 for none. */
  everyMs: number;
  keep: number;
}

export interface RollingBackupSource extends RollingBackupOptions {
  serverDirectory: string;
  store: Store;
  clock: Clock;
  log: Log;
}

/** A server that has just started has better things to do. */
const settleMs = 60_000;

export function backupName(nowMs: number, revision: number): string {
  return `wherry-${stampOf(nowMs)}-r${revision}.backup.gz`;
}

/** The newest first. */
export async function listBackups(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names
    .map((name) => ({ name, revision: Number(/^wherry-\w+-r(\d+)\.backup\.gz$/.exec(name)?.[1]) }))
    .filter(({ revision }) => revision > 0)
    .sort((one, other) => other.revision - one.revision)
    .map(({ name }) => join(directory, name));
}

export async function runRollingBackups(source: RollingBackupSource, signal: AbortSignal): Promise<void> {
  const { directory, everyMs, clock, log } = source;
  if (everyMs === 0) return;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await removeUnfinished(directory);
  let waitMs = await firstWaitMs(source);
  while (!signal.aborted) {
    await clock.sleep(waitMs, signal);
    waitMs = everyMs;
    try {
      await takeRollingBackup(source);
    } catch (error) {
      log.warn('no backup could be taken, the next is tried in its time', { directory, error });
    }
  }
}

export async function takeRollingBackup(source: RollingBackupSource): Promise<void> {
  const { directory, serverDirectory, store, keep, clock, log } = source;
  const begunMs = clock.monotonicMs();
  const nowMs = clock.now();
  const { file, revision, entries, bytes } = await takeBackup(
    { serverDirectory, snapshot: store.snapshot() },
    nowMs,
    (revision) => join(directory, backupName(nowMs, revision)),
  );
  log.info('took a backup', { file, revision, entries, bytes, ms: Math.round(clock.monotonicMs() - begunMs) });
  for (const old of (await listBackups(directory)).slice(keep)) await rm(old, { force: true });
}

/** What a server that was killed amid a backup has left. */
export async function removeUnfinished(directory: string): Promise<void> {
  const unfinished = (await readdir(directory)).filter((name) => /^wherry-.*\.part$/.test(name));
  for (const name of unfinished) await rm(join(directory, name), { force: true });
}

/** Servers that are often restarted take backups no less and no more often. */
async function firstWaitMs({ directory, everyMs, clock }: RollingBackupSource): Promise<number> {
  const [newest] = await listBackups(directory);
  const takenMs = newest === undefined ? undefined : (await stat(newest)).mtimeMs;
  const dueInMs = takenMs === undefined ? 0 : takenMs + everyMs - clock.now();
  return Math.min(Math.max(dueInMs, settleMs), everyMs);
}
