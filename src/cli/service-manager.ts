// What systemd is told of a service of type notify. It listens on a datagram socket, which Node does not have:
// systemd's own program speaks for us, and the unit says NotifyAccess=all.
import type { Clock } from '../base/clock.ts';
import { execute } from '../base/exec.ts';
import type { Log } from '../base/log.ts';

type State = 'READY=1' | 'STOPPING=1' | 'WATCHDOG=1';

export async function tellServiceManager(state: State, log: Log): Promise<void> {
  if (!process.env.NOTIFY_SOCKET) return;
  try {
    await execute('systemd-notify', [state]);
  } catch (error) {
    log.warn('the service manager could not be told', { state, error });
  }
}

/** How often the service manager wants to hear that the service lives; undefined where it does not ask. */
export function watchdogMs(environment: Readonly<Record<string, string | undefined>>): number | undefined {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = environment;
  const ms = Number(WATCHDOG_USEC) / 1000;
  const isOurs = WATCHDOG_PID === undefined || WATCHDOG_PID === String(process.pid);
  return NOTIFY_SOCKET && isOurs && ms > 0 ? ms : undefined;
}

export interface WatchdogOptions {
  everyMs: number;
  /** What stands still, in words. */
  standstill(): string | undefined;
  tell(): Promise<void>;
  clock: Clock;
  log: Log;
}

/** Says that the service lives, twice in the time that is given, as long as nothing of it stands still. */
export async function runWatchdog(options: WatchdogOptions, signal: AbortSignal): Promise<void> {
  const { everyMs, standstill, tell, clock, log } = options;
  let said: string | undefined;
  while (!signal.aborted) {
    const still = standstill();
    if (still === undefined) await tell();
    else if (said === undefined) log.error('something stands still: the watchdog is not told that we live', { still });
    said = still;
    await clock.sleep(everyMs / 2, signal).catch(() => {});
  }
}
