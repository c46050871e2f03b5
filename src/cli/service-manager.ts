// What systemd is told of a service of type notify. It listens on a datagram socket, which Node does not have:
// systemd's own program speaks for us, and the unit says NotifyAccess=all.
import type { Clock } from '../base/clock.ts';
import { execute } from '../base/exec.ts';
import type { Log } from '../base/log.ts';

export async function tellServiceManager(state: 'READY=1' | 'STOPPING=1' | 'WATCHDOG=1', log: Log): Promise<void> {
  if (!process.env.NOTIFY_SOCKET) return;
  try {
    await execute('systemd-notify', [state]);
  } catch (error) {
    log.warn('the service manager could not be told', { state, error });
  }
}

/** Twice in the time that the unit's WatchdogSec gives: a program that does not get around to it is stuck, and started anew. */
export async function runWatchdog(clock: Clock, log: Log, signal: AbortSignal): Promise<void> {
  const { WATCHDOG_USEC, WATCHDOG_PID = String(process.pid) } = process.env;
  const limitMs = Number(WATCHDOG_USEC ?? 0) / 1000;
  if (!(limitMs > 0) || WATCHDOG_PID !== String(process.pid)) return;
  while (!signal.aborted) {
    await tellServiceManager('WATCHDOG=1', log);
    await clock.sleep(limitMs / 2, signal).catch(() => {});
  }
}
