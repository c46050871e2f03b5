// Runs a table of components until a signal ends it, or one of them says that it cannot go on.
import { systemClock } from '../base/clock.ts';
import { type Component, Components, runBeside } from '../base/component.ts';
import { createLog, type Level, type Log } from '../base/log.ts';
import { runWatchdog, tellServiceManager, watchdogMs } from './service-manager.ts';

export function logFor(options: { verbose?: boolean }): Log {
  const level: Level = options.verbose ? 'debug' : 'info';
  return createLog({ level });
}

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
  stop.promise.catch(() => {}); // heard of below, when all are started
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.resolve(signal));
  const begun = performance.now();
  await running.start(await make(stop.reject));
  log.info('ready', { ms: Math.round(performance.now() - begun) });
  await tellServiceManager('READY=1', log);
  const stopping = new AbortController();
  const everyMs = watchdogMs(process.env);
  if (everyMs !== undefined) {
    const standstill = () => running.standstill();
    const tell = () => tellServiceManager('WATCHDOG=1', log);
    const watchdog = runWatchdog({ everyMs, standstill, tell, clock: systemClock, log }, stopping.signal);
    runBeside(watchdog, stopping.signal, log, 'watchdog');
  }
  try {
    // A pending promise alone does not keep a process alive; a component that listens does.
    log.info('stopping', { signal: await stop.promise });
  } finally {
    stopping.abort();
    await tellServiceManager('STOPPING=1', log);
    await running.stop();
  }
}
