import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '../api/kinds/node.ts';
import { AlreadyExists, Forbidden, NotFound } from '../api/status.ts';
import { systemClock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import { Client } from './client.ts';
import { EventRecorder, type Happening } from './event-recorder.ts';
import type { ApiRequest } from './transport.ts';

const node: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, spec: {}, status: {} };
const turn = () => new Promise((resolve) => setImmediate(resolve));
const of = (reason: string, message = reason): Happening => ({ type: 'Normal', reason, message });

function bench(room?: number) {
  const told: string[] = [];
  const lines: string[] = [];
  const timers: (() => void)[] = [];
  let longest = 0;
  let failure: { error: Error; verb?: string } | undefined;
  let nowMs = Date.parse('2026-11-20T12:00:00Z');
  const request = async ({ verb, body, name }: ApiRequest) => {
    await turn();
    if (failure && (failure.verb ?? verb) === verb) throw failure.error;
    const { reason, message, count, firstTimestamp, lastTimestamp } = body as Record<string, string>;
    longest = Math.max(longest, message?.length ?? 0);
    told.push([verb, reason ?? '', count, firstTimestamp?.slice(14, 19) ?? '', lastTimestamp?.slice(14, 19)].join(' '));
    return { metadata: { name } };
  };
  const clock = {
    ...systemClock,
    now: () => nowMs,
    monotonicMs: () => nowMs,
    after: (_: number, run: () => void) => timers.push(run) as never,
  };
  const recorder = new EventRecorder({
    client: new Client({ request, watch: async function* () {} }),
    log: createLog({ write: (line) => lines.push(line), level: 'warn' }),
    component: 'test',
    clock,
    ...(room && { room }),
  });
  return {
    told,
    lines,
    timers,
    longest: () => longest,
    record: (...happenings: Happening[]) => {
      for (const happening of happenings) recorder.record(node, happening);
    },
    fail: (error?: Error, verb?: string) => {
      failure = error && { error, ...(verb && { verb }) };
    },
    pass: (seconds: number) => {
      nowMs += seconds * 1000;
    },
    settled: async () => {
      for (let count = 0; count < 20; count++) await turn();
    },
  };
}

test('what happens again raises the count of the first event', async () => {
  const { told, record, settled, pass } = bench();
  record(of('Pulling'), of('Pulled'));
  await settled();
  pass(5);
  record(of('Pulling'));
  await settled();
  assert.deepEqual(told, ['create Pulling 1 00:00 00:00', 'create Pulled 1 00:00 00:00', 'patch  2  00:05']);
});

test('while the API is away events wait in order, with their own times, the same ones as one', async () => {
  const { told, record, settled, pass, fail, timers, lines } = bench();
  fail(new Error('away'));
  record(of('Killing'));
  await settled();
  pass(1);
  record(of('Created'), of('BackOff'));
  pass(1);
  record(of('Started'), of('BackOff'), of('Killing'));
  await settled();
  assert.deepEqual([told, timers.length], [[], 1], 'nobody asks for each');
  timers.shift()?.();
  await settled();
  assert.deepEqual([told, timers.length], [[], 1]);
  fail();
  timers.shift()?.();
  await settled();
  assert.deepEqual(told, [
    'create Killing 1 00:00 00:00',
    'create Created 1 00:01 00:01',
    'create BackOff 2 00:01 00:02',
    'create Started 1 00:02 00:02',
    'patch  2  00:02',
  ]);
  assert.deepEqual(lines, []);
});

test('there is room for so many: the oldest are forgotten, and that is said', async () => {
  const { told, record, settled, fail, timers, lines } = bench(2);
  fail(new Error('away'));
  record(of('A'));
  await settled();
  record(of('B'), of('C'), of('D'));
  fail();
  timers.shift()?.();
  await settled();
  assert.deepEqual(
    told.map((line) => line.split(' ')[1]),
    ['A', 'C', 'D'],
  );
  assert.match(lines.join(''), /more happened than could be kept.*events=1/);
});

test('what the API refuses holds up nothing, and is not told again', async () => {
  const { told, record, settled, fail, timers, lines } = bench();
  fail(new Forbidden({ group: '', resource: 'events', name: '' }, 'no'));
  record(of('A'));
  await settled();
  fail();
  record(of('B'));
  await settled();
  assert.deepEqual([told, timers.length, lines.length], [['create B 1 00:00 00:00'], 0, 1]);
});

test('an event that is gone is written anew, one whose acknowledgement was lost is not', async () => {
  const { told, record, settled, fail } = bench();
  record(of('A'));
  await settled();
  fail(new NotFound({ group: '', resource: 'events', name: '' }), 'patch');
  record(of('A'));
  await settled();
  fail(new AlreadyExists({ group: '', resource: 'events', name: '' }), 'create');
  record(of('B'));
  await settled();
  fail();
  record(of('B'));
  await settled();
  assert.deepEqual(told, ['create A 1 00:00 00:00', 'create A 1 00:00 00:00', 'patch  2  00:00']);
});

test('what happens all the time is told seldom, with all that was not told; other reasons are told at once', async () => {
  const { told, record, settled, pass } = bench();
  for (let second = 0; second < 100; second += 1) {
    record(of('Unhealthy'));
    await settled();
    pass(1);
  }
  assert.equal(told.length, 25);
  assert.match(told.at(-1) ?? '', /^patch {2}25 /);
  record(of('Killing'));
  await settled();
  assert.match(told.at(-1) ?? '', /^create Killing 1 /);
  pass(200);
  record(of('Unhealthy'));
  await settled();
  assert.match(told.at(-1) ?? '', /^patch {2}101 /);
  record(of('Unhealthy', 'in other words'));
  await settled();
  assert.equal(told.length, 27, 'for the same reason nothing more is told');
});

test('what is told is of a length that people read and the API takes', async () => {
  const { record, settled, told, longest } = bench();
  record(of('Failed', 'x'.repeat(4_000_000)));
  await settled();
  assert.equal(told.length, 1);
  assert.equal(longest(), 4096);
});
