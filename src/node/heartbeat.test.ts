import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lease } from '../api/kinds/lease.ts';
import { systemClock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import { Client } from '../client/client.ts';
import type { ApiRequest } from '../client/transport.ts';
import { runHeartbeat } from './heartbeat.ts';

const cases = [
  { graceMs: 50_000, renewMs: 10_000, leaseSeconds: 40 },
  { graceMs: 600_000, renewMs: 10_000, leaseSeconds: 40 },
  { graceMs: 10_000, renewMs: 2_500, leaseSeconds: 10 },
];

for (const { graceMs, renewMs, leaseSeconds } of cases) {
  test(`a node that may be silent for ${graceMs / 1000} s shows every ${renewMs / 1000} s that it lives`, async () => {
    const stop = new AbortController();
    const waits: number[] = [];
    const sent: Partial<Lease['spec']>[] = [];
    const clock = {
      ...systemClock,
      sleep: async (ms: number) => {
        if (waits.push(ms) === 3) stop.abort();
      },
    };
    const request = async ({ body }: ApiRequest) => {
      sent.push((body as Lease).spec);
      return body;
    };
    const client = new Client({ request, watch: () => assert.fail('nothing is watched') });
    const log = createLog({ level: 'error' });
    await runHeartbeat({ client, clock, log, nodeName: 'one', graceMs, node: () => undefined }, stop.signal);
    assert.deepEqual(waits, [renewMs, renewMs, renewMs]);
    assert.deepEqual(
      sent.map((spec) => spec.leaseDurationSeconds),
      [leaseSeconds, leaseSeconds, leaseSeconds],
    );
  });
}
