// A server that was just upgraded takes no writes until somebody has found it well: until then the former program and state can take
// its place, and nothing that was acknowledged is lost by it. It is held while a file lies in its directory; without the file there is no way back.
import { existsSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { untilFolderChanges } from '../base/folder-changes.ts';
import type { Log } from '../base/log.ts';

export const holdFile = (serverDirectory: string): string => join(serverDirectory, 'upgrade-hold.json');

/** The state as it was when the former program ended. */
export const stateBefore = (serverDirectory: string): string => `${serverDirectory}.before-upgrade`;

/** The way back was broken off after what has failed was put aside, and before what was there came back. */
export function finishReturn(serverDirectory: string): void {
  if (!existsSync(serverDirectory) && existsSync(stateBefore(serverDirectory)))
    renameSync(stateBefore(serverDirectory), serverDirectory);
}

const lookMs = 1_000;
/** Whoever upgraded is gone, as the server was started and serves: it goes on. */
const mostMs = 300_000;

export class UpgradeHold {
  readonly #options: { serverDirectory: string; clock: Clock; log: Log };
  readonly #released = Promise.withResolvers<void>();
  #isHeld: boolean;

  constructor(options: { serverDirectory: string; clock: Clock; log: Log }) {
    this.#options = options;
    this.#isHeld = existsSync(holdFile(options.serverDirectory));
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  get released(): Promise<void> {
    return this.#released.promise;
  }

  async run(signal: AbortSignal): Promise<void> {
    if (!this.#isHeld) return;
    const { serverDirectory, clock, log } = this.#options;
    const file = holdFile(serverDirectory);
    const untilMs = clock.monotonicMs() + mostMs;
    log.info('no writes are taken until the upgrade is found well');
    while (existsSync(file)) {
      await untilFolderChanges(serverDirectory, { clock, mostMs: lookMs, settleMs: 0 }, signal);
      if (signal.aborted) return;
      if (clock.monotonicMs() < untilMs || !existsSync(file)) continue;
      log.warn('nobody has said whether the upgrade is well: going on');
      await rm(file, { force: true });
    }
    this.#isHeld = false;
    this.#released.resolve();
    log.info('writes are taken');
  }
}
