// How often tokens are asked for, whatever becomes of the clocks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorFromStatus } from '../../api/status.ts';
import type { Client } from '../../client/client.ts';
import { samplePod } from '../pods/pod-samples.ts';
import { ServiceAccountTokens, youngMsOf } from './service-account-tokens.ts';

const hourMs = 3_600_000;
const order = { audiences: [], expirationSeconds: 3600 };
const pod = samplePod();
const uid = pod.metadata.uid ?? '';
const tokenOf = (iat: number, exp: number) => `h.${Buffer.from(JSON.stringify({ iat, exp })).toString('base64url')}.s`;

/** Two clocks that are set by hand; the server's goes evenly, whatever becomes of this host's. */
function setUp(serverAheadMs = 0) {
  const time = { evenMs: 1_000, wallMs: Date.parse('2026-01-01T00:00:00Z'), serverMs: 0 };
  time.serverMs = time.wallMs + serverAheadMs;
  const told: string[] = [];
  const kept = new Map<string, string>();
  const api = { requests: 0, failure: undefined as Error | undefined };
  const client = {
    createThrough: async () => {
      api.requests += 1;
      if (api.failure) throw api.failure;
      const iat = Math.floor(time.serverMs / 1000);
      return { status: { token: tokenOf(iat, iat + order.expirationSeconds) } };
    },
  } as unknown as Client;
  let wake = () => {};
  const clock = {
    now: () => time.wallMs,
    monotonicMs: () => time.evenMs,
    sleep: () => new Promise<void>((resolve) => (wake = resolve)),
    after: () => () => {},
  };
  const keepsakes = {
    find: async (owner: string, name: string) => kept.get(owner + name),
    keep: (owner: string, name: string, text: string) => void kept.set(owner + name, text),
    drop: () => {},
  };
  const start = () => new ServiceAccountTokens({ client, clock, keepsakes, onChange: (podUid) => told.push(podUid) });
  let tokens = start();
  const abort = new AbortController();
  void tokens.watchClock(abort.signal);
  const pass = (ms: number) => {
    time.evenMs += ms;
    time.wallMs += ms;
    time.serverMs += ms;
  };
  return {
    time,
    api,
    told,
    kept,
    pass,
    current: (shown?: string) => tokens.current(pod, order, async () => shown),
    /** One more look at the clock. */
    look: async () => {
      told.length = 0;
      wake();
      await new Promise((resolve) => setImmediate(resolve));
      return [...told];
    },
    restart: () => {
      tokens = start();
    },
    isGood: (token: string) => {
      const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp: number };
      return time.serverMs < exp * 1000;
    },
  };
}

test('one is young for four fifths of its life, or a day, some a little shorter', () => {
  const isWithin = (token: string, ms: number) => {
    const young = youngMsOf(token) ?? 0;
    assert.ok(young > ms - 10_001 && young <= ms, `${young}`);
  };
  isWithin(tokenOf(1_000, 4_600), 2_880_000);
  isWithin(tokenOf(0, 10 * 86_400), 86_400_000);
  const shortest = youngMsOf(tokenOf(100, 110)) ?? 0;
  assert.ok(shortest >= 4_000 && shortest <= 8_000, `${shortest}`);
  for (const none of ['', 'a.b', 'a.!!.c']) assert.equal(youngMsOf(none), undefined);
});

test('one is asked for once, and again when its time has come', async () => {
  const { time, api, current, pass, look } = setUp();
  const first = await current();
  assert.deepEqual(await current(), first);
  assert.equal(api.requests, 1);
  assert.ok(first.renewAtMs > time.evenMs + 2_860_000 && first.renewAtMs <= time.evenMs + 2_880_000);
  assert.deepEqual(await look(), []);
  pass(first.renewAtMs - time.evenMs);
  const second = await current();
  assert.notEqual(second.token, first.token);
  assert.equal(api.requests, 2);
});

for (const [whose, aheadMs] of [
  ['ahead of', -2 * hourMs],
  ['behind', 2 * hourMs],
] as const)
  test(`a host whose clock is two hours ${whose} the server's asks no more often`, async () => {
    const { time, api, current, pass, look } = setUp(aheadMs);
    const first = await current();
    assert.ok(first.renewAtMs > time.evenMs + 2_860_000);
    for (let minute = 0; minute < 40; minute += 1) {
      pass(60_000);
      assert.deepEqual(await look(), []);
      await current();
    }
    assert.equal(api.requests, 1);
  });

test('a clock that is set ahead, or a host that slept: another is asked for soon, and only one', async () => {
  const { time, api, current, pass, look, isGood } = setUp();
  const first = await current();
  // It slept: the time that is even stood still.
  time.wallMs += 2 * hourMs;
  time.serverMs += 2 * hourMs;
  assert.equal(isGood(first.token), false);
  assert.deepEqual(await look(), [uid]);
  assert.ok(isGood((await current()).token));
  for (let minute = 0; minute < 40; minute += 1) {
    pass(60_000);
    assert.deepEqual(await look(), []);
    await current();
  }
  assert.equal(api.requests, 2);
});

test('a clock that is set back makes none older than it is', async () => {
  const { time, api, current, pass, look, isGood } = setUp();
  const first = await current();
  pass(60_000);
  time.wallMs -= 5 * hourMs;
  assert.deepEqual(await look(), []);
  await current();
  assert.equal(api.requests, 1);
  pass(first.renewAtMs - time.evenMs);
  const second = await current();
  assert.ok(isGood(first.token) && second.token !== first.token, 'in time');
  assert.equal(api.requests, 2);
  assert.ok(second.renewAtMs > time.evenMs + 2_860_000);
});

test('where no other can be had the one that is there is given, and the next try comes later each time', async () => {
  const { time, api, current, pass, look } = setUp();
  const { token, renewAtMs } = await current();
  api.failure = new Error('the master is away');
  pass(renewAtMs - time.evenMs);
  const pauses: number[] = [];
  for (let tries = 0; tries < 4; tries += 1) {
    const again = await current();
    assert.equal(again.token, token);
    pauses.push((again.renewAtMs - time.evenMs) / 1000);
    assert.deepEqual(await look(), [], 'not before');
    pass(again.renewAtMs - time.evenMs);
  }
  assert.deepEqual(pauses, [10, 20, 40, 60]);
  assert.equal(api.requests, 5);
  api.failure = undefined;
  assert.notEqual((await current()).token, token);
});

test('an agent that starts anew asks once, and goes on with what was there while it cannot', async () => {
  const { time, api, current, pass, restart, kept } = setUp();
  const { token } = await current();
  pass(5_000);
  restart();
  assert.notEqual((await current(token)).token, token);
  assert.equal(api.requests, 2);
  api.failure = new Error('the master is away');
  restart();
  assert.deepEqual(await current(token), { token, renewAtMs: time.evenMs + 10_000 });
  restart();
  assert.deepEqual([...kept.values()], [(await current()).token], 'out of memory, after a reboot');
  api.failure = errorFromStatus({ reason: 'Forbidden', message: 'you may not' }, 403);
  restart();
  await assert.rejects(current(), { message: 'failed to fetch token: you may not' });
});
