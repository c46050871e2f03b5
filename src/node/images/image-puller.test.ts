import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import type { Clock } from '../../base/clock.ts';
import { createLog } from '../../base/log.ts';
import { ImageLedger } from './image-ledger.ts';
import { ImagePuller } from './image-puller.ts';
import { type ImageReference, parseImageReference, pullName } from './image-reference.ts';
import type { ImageInfo, ImageStore, PullOptions } from './image-store.ts';
import { parseRegistries, type Registries } from './registries.ts';

const folder = await mkdtemp(join(tmpdir(), 'wherry-puller-'));
after(() => rm(folder, { recursive: true }));

let nowMs: number;
let timers: { atMs: number; run: () => void }[];
let present: Map<string, ImageInfo>;
let pulls: string[];
/** How the registry answers. */
let answer: (name: string, options: PullOptions) => Promise<void>;
let registries: Registries;
let puller: ImagePuller;

const info: ImageInfo = { id: 'sha256:1', tags: [], digests: ['nginx@sha256:00'], sizeBytes: 7 };
const whole = (name: string) => pullName(parseImageReference(name) as ImageReference);
const advance = (ms: number) => {
  nowMs += ms;
  for (const timer of timers.filter(({ atMs }) => atMs <= nowMs)) {
    timers.splice(timers.indexOf(timer), 1);
    timer.run();
  }
};

beforeEach(async () => {
  nowMs = 0;
  timers = [];
  present = new Map();
  pulls = [];
  answer = async () => {};
  registries = parseRegistries('');
  const clock: Clock = {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: () => Promise.reject(new Error('nobody sleeps here')),
    after: (ms, run) => {
      const timer = { atMs: nowMs + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
  };
  const store = {
    inspect: async (name: string) => present.get(whole(name)),
    pull: async (name: string, options: PullOptions) => {
      pulls.push(name);
      await answer(name, options);
      present.set(whole(name), info);
    },
    tag: async (from: string, to: string) => void present.set(whole(to), present.get(whole(from)) as ImageInfo),
    remove: async (name: string) => present.delete(whole(name)),
  } as object as ImageStore;
  const ledger = await ImageLedger.open({ dataDir: folder, log: createLog({ level: 'error' }) });
  puller = new ImagePuller({ store, ledger, registries: async () => registries, clock });
});

const request = { podUid: 'uid-1', logins: [], onProgress: () => {} };
const never = new AbortController().signal;

test('a registry that falls silent is given up, one that is slow is not', async () => {
  let started = Promise.withResolvers<PullOptions>();
  answer = (_, options) =>
    new Promise((_, reject) => {
      options.signal.addEventListener('abort', () => reject(options.signal.reason));
      started.resolve(options);
    });
  const pulled = puller.pull('nginx', request, never);
  const { onProgress } = await started.promise;
  for (let minute = 0; minute < 5; minute += 1) {
    advance(50_000);
    onProgress({ doneBytes: minute, totalBytes: 100 });
  }
  advance(59_000);
  assert.equal((await Promise.race([pulled, 'goes on'])) as unknown, 'goes on');
  advance(1_000);
  assert.deepEqual(await pulled, {
    outcome: 'failed',
    message: 'the registry was silent for 60 seconds',
    retryAtMs: nowMs + 10_000,
  });
  started = Promise.withResolvers();
});

test('after a failure it is held back, ever longer, until it succeeds', async () => {
  answer = async () => Promise.reject(new Error('no'));
  const delays: number[] = [];
  for (let attempt = 0; attempt < 7; attempt += 1) {
    const outcome = await puller.pull('nginx', request, never);
    assert.ok(outcome.outcome === 'failed');
    assert.deepEqual(await puller.look('nginx', 'IfNotPresent', 'uid-1'), outcome);
    delays.push((outcome.retryAtMs - nowMs) / 1000);
    nowMs = outcome.retryAtMs;
    assert.equal(await puller.look('nginx', 'IfNotPresent', 'uid-1'), undefined);
  }
  assert.deepEqual(delays, [10, 20, 40, 80, 160, 300, 300]);
  answer = async () => {};
  assert.equal((await puller.pull('nginx', request, never)).outcome, 'pulled');
});

test('the mirrors, then the registry; why each refused is told', async () => {
  registries = parseRegistries('mirrors: { docker.io: { endpoint: ["https://one.example", "https://two.example"] } }');
  answer = async (name) => {
    if (!name.startsWith('two')) throw new Error(`${name.split('/')[0]} is away`);
  };
  const outcome = await puller.pull('nginx:1', request, never);
  assert.deepEqual(outcome.outcome === 'pulled' && outcome.image, {
    source: 'nginx:1',
    digest: 'nginx@sha256:00',
    sizeBytes: 7,
  });
  assert.deepEqual(pulls, ['one.example/library/nginx:1', 'two.example/library/nginx:1']);
  answer = async (name) => Promise.reject(new Error(`${name.split('/')[0]} is away`));
  const failed = await puller.pull('nginx:2', request, never);
  assert.equal(
    failed.outcome === 'failed' && failed.message,
    'one.example is away; two.example is away; docker.io is away',
  );
});

test('who asks for it meanwhile with the same logins waits for the same pull', async () => {
  const gate = Promise.withResolvers<void>();
  answer = () => gate.promise;
  const logins = [{ place: 'docker.io', credentials: { username: 'anna', password: 'x' } }];
  const all = [request, request, { ...request, logins }].map((each) => puller.pull('nginx', each, never));
  gate.resolve();
  assert.deepEqual(
    (await Promise.all(all)).map(({ outcome }) => outcome),
    ['pulled', 'pulled', 'pulled'],
  );
  assert.equal(pulls.length, 2);
});

test('what one pod cannot get holds up no other, and is forgotten with it', async () => {
  answer = async (_, { credentials }) => {
    if (!credentials) throw new Error('unauthorized');
  };
  assert.equal((await puller.pull('private', request, never)).outcome, 'failed');
  assert.equal((await puller.look('private', 'Always', 'uid-1'))?.outcome, 'failed');
  assert.equal(await puller.look('private', 'Always', 'uid-2'), undefined);
  const logins = [{ place: 'docker.io', credentials: { username: 'anna', password: 'x' } }];
  assert.equal((await puller.pull('private', { ...request, podUid: 'uid-2', logins }, never)).outcome, 'pulled');
  puller.release('uid-1');
  assert.equal(await puller.look('private', 'Always', 'uid-1'), undefined);
});

test('of a pod that is gone before its pull has failed nothing is remembered', async () => {
  const refused = Promise.withResolvers<void>();
  answer = () => refused.promise;
  const pulling = puller.pull('nginx', request, never);
  puller.release('uid-1');
  refused.reject(new Error('unauthorized'));
  assert.equal((await pulling).outcome, 'failed');
  assert.equal(await puller.look('nginx', 'Always', 'uid-1'), undefined);
});
