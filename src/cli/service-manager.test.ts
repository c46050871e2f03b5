import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import { runWatchdog, watchdogMs } from './service-manager.ts';

test('the watchdog is told only where one listens, and to whom it is meant', () => {
  const socket = { NOTIFY_SOCKET: '/run/systemd/notify' };
  assert.equal(watchdogMs({}), undefined);
  assert.equal(watchdogMs(socket), undefined);
  assert.equal(watchdogMs({ WATCHDOG_USEC: '60000000' }), undefined);
  assert.equal(watchdogMs({ ...socket, WATCHDOG_USEC: '60000000' }), 60_000);
  assert.equal(watchdogMs({ ...socket, WATCHDOG_USEC: '60000000', WATCHDOG_PID: String(process.pid) }), 60_000);
  assert.equal(watchdogMs({ ...socket, WATCHDOG_USEC: '60000000', WATCHDOG_PID: '1' }), undefined);
});

test('it is told twice in its time, and not while something stands still, which is said once', async () => {
  const lines: string[] = [];
  const happened: string[] = [];
  const stills = [undefined, undefined, 'pods for 301 s', 'pods for 331 s', undefined];
  const abort = new AbortController();
  const sleep = async (ms: number) => {
    happened.push(`${ms} ms`);
    if (stills.length === 0) abort.abort();
  };
  await runWatchdog(
    {
      everyMs: 60_000,
      standstill: () => stills.shift(),
      tell: async () => {
        happened.push('alive');
      },
      clock: { ...systemClock, sleep },
      log: createLog({ write: (line) => lines.push(line) }),
    },
    abort.signal,
  );
  const pause = '30000 ms';
  assert.deepEqual(happened, ['alive', pause, 'alive', pause, pause, pause, 'alive', pause]);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /still="pods for 301 s"/);
});
