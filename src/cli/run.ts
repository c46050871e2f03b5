// Runs a table of components until a signal ends it, or one of them says that it cannot go on.
import { systemClock } from '../base/clock.ts';
import { type Component, Components, runBeside } from '../base/component.ts';
import { createLog, type Level, type Log } from '../base/log.ts';
import { runWatchdog, tellServiceManager, watchdogMs } from './service-manager.ts';

export function logFor(options: { verbose?: boolean }): Log {
  const level: Level = options.verbose ? 'debug' : 'info';
  return createLog({ level });
}

/** How long the process may stay when all its components are stopped. */
const lingerMs = 5_000;

/**
 * Starts the components in order, tells the service manager, then waits for SIGTERM or SIGINT and stops them in reverse. Throws
 * the error with which a component calls `fail`, once they are stopped: whoever looks after the program starts it anew.
 */
export async function runUntilSignal(
  make: (fail: (error: Error) => void) => Component[] | Promise<Component[]>,
  log: Log,
): Promise<void> {
  const running = new Components(log);
  const stop = Promise.withResolvers<string>();
  stop.promise.catch(() => {}); // heard of below
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.resolve(signal));
  const over = new AbortController();
  const begun = performance.now();
  let isReady = false;
  const starting = running.start(await make(stop.reject)).then(() => {
    isReady = true;
  });
  try {
    // Who waits for what does not come, as a Docker that is away, is stopped all the same.
    await Promise.race([starting, stop.promise]);
    if (isReady) {
      log.info('ready', { ms: Math.round(performance.now() - begun) });
      await tellServiceManager('READY=1', log);
      runBeside(watch(running, log, over.signal), over.signal, log, 'watchdog');
    }
    // A pending promise alone does not keep a process alive; a component that listens does.
    log.info('stopping', { signal: await stop.promise });
  } finally {
    over.abort();
    starting.catch(() => {}); // ends by being stopped
    await tellServiceManager('STOPPING=1', log);
    await running.stop();
    systemClock.after(lingerMs, () => {
      log.warn('what was stopped still holds on to something', { what: process.getActiveResourcesInfo().join(' ') });
      process.exit();
    });
  }
}

/** Tells the service manager's watchdog, where there is one, that nothing stands still. */
async function watch(running: Components, log: Log, signal: AbortSignal): Promise<void> {
  const everyMs = watchdogMs(process.env);
  if (everyMs === undefined) return;
  const standstill = () => running.standstill();
  const tell = () => tellServiceManager('WATCHDOG=1', log);
  await runWatchdog({ everyMs, standstill, tell, clock: systemClock, log }, signal);
}
