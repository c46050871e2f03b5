import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Clock, systemClock } from '../../base/clock.ts';
import { storeContract } from '../store.contract.ts';
import { Mismatch, StoreInUse } from '../store.ts';
import { EmbeddedStore } from './embedded-store.ts';

async function openTemporary(clock: Clock = systemClock) {
  const directory = await mkdtemp(join(tmpdir(), 'wherry-store-'));
  let store = await EmbeddedStore.open(directory, { clock });
  return {
    store,
    directory,
    reopen: async () => {
      await store.close();
      store = await EmbeddedStore.open(directory, { clock });
      return store;
    },
    remove: async () => {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}

storeContract('the embedded store', openTemporary);

test('a second server on the same directory is refused, and may have it afterwards', async () => {
  const { directory, remove } = await openTemporary();
  try {
    await assert.rejects(EmbeddedStore.open(directory), StoreInUse);
  } finally {
    await remove();
  }
});

/** Time that goes on when it is told to; deadlines that are met are run. */
function handClock() {
  let nowMs = 1_000_000;
  const timers = new Set<{ atMs: number; run: () => void }>();
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => nowMs,
    after: (ms, run) => {
      const timer = { atMs: nowMs + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const pass = (ms: number) => {
    nowMs += ms;
    for (const timer of timers) if (timer.atMs <= nowMs && timers.delete(timer)) timer.run();
  };
  return { clock, pass, timers };
}

const keysOf = async (store: EmbeddedStore) => (await store.range('/')).entries.map(({ key }) => key);

test('many keys with a time to live share one timer; one that is written again lives on', async () => {
  const { clock, pass, timers } = handClock();
  const { store, remove } = await openTemporary(clock);
  try {
    const write = (key: string, ttlSeconds: number) => store.transact([{ key, value: 'x', ttlSeconds }]);
    const names = Array.from({ length: 2000 }, (_, n) => `/event/${n}`);
    const start = await write('/late', 3600);
    await Promise.all([...names.map((key) => write(key, 60)), write('/renewed', 60)]);
    assert.equal(timers.size, 1);
    pass(50_000);
    await write('/renewed', 60);
    const told = Promise.withResolvers<void>();
    const deleted = new Set<string>();
    store.watch(
      '/',
      start,
      (events) => {
        for (const { key, value } of events) if (value === undefined) deleted.add(key);
        if (deleted.size === names.length) told.resolve();
        else pass(0);
      },
      new AbortController().signal,
    );
    pass(11_000);
    // The rest of so many is due at once, in slices.
    const slices = setInterval(() => pass(0), 1);
    await told.promise;
    clearInterval(slices);
    assert.deepEqual(await keysOf(store), ['/late', '/renewed']);
    assert.equal(timers.size, 1);
  } finally {
    await remove();
  }
});

test('the time while nobody has the store open, and the clock on the wall, make no key older', async () => {
  const first = handClock();
  const { directory, store, remove } = await openTemporary(first.clock);
  try {
    await store.transact([{ key: '/event', value: 'x', ttlSeconds: 60 }]);
    first.pass(40_000);
    await store.transact([{ key: '/other', value: 'x' }]);
    await store.close();
    const second = handClock();
    const again = await EmbeddedStore.open(directory, { clock: second.clock });
    const gone = Promise.withResolvers<void>();
    again.watch('/event', again.stats().revision, () => gone.resolve(), new AbortController().signal);
    second.pass(19_000);
    assert.deepEqual(await keysOf(again), ['/event', '/other']);
    second.pass(2_000);
    await gone.promise;
    assert.deepEqual(await keysOf(again), ['/other']);
    await again.close();
  } finally {
    await remove();
  }
});

test('keys that are written over and over, and those that vanish, do not make the file grow', async () => {
  const { store, remove } = await openTemporary();
  try {
    const value = 'x'.repeat(1000);
    const round = (from: number) =>
      Promise.all(
        Array.from({ length: 500 }, (_, n) => [
          store.transact([{ key: `/lease/${n % 50}`, value: `${value}${from}` }]),
          store.transact([{ key: `/event/${from + n}`, value }]),
          ...(from > 0 ? [store.transact([{ key: `/event/${from - 500 + n}`, value: undefined }])] : []),
        ]).flat(),
      );
    for (let from = 0; from < 20_000; from += 500) await round(from);
    // What lives is 0.6 MB; the log is written over once it has 4 MB.
    assert.ok(store.stats().fileBytes < 12e6, `${store.stats().fileBytes} bytes`);
  } finally {
    await remove();
  }
});

test('compaction gives room back, in slices between which writers get their turn', async () => {
  const { store, remove } = await openTemporary();
  try {
    const keys = Array.from({ length: 4000 }, (_, n) => `/big/${n}`);
    await store.transact(keys.map((key) => ({ key, value: 'x'.repeat(4000) })));
    await store.transact(keys.map((key) => ({ key, value: undefined })));
    const fullBytes = store.stats().fileBytes;
    let ended = false;
    const compacting = store.compact(store.stats().revision).then(() => {
      ended = true;
    });
    let writes = 0;
    for (; !ended; writes++) await store.transact([{ key: '/small', value: 'x' }]);
    await compacting;
    assert.ok(writes > 5, `${writes} writes meanwhile`);
    await store.close();
    assert.ok(store.stats().fileBytes < fullBytes / 4, `${store.stats().fileBytes} of ${fullBytes} bytes`);
  } finally {
    await remove();
  }
});

test('a snapshot can be read from the directory while a server has it open', async () => {
  const { directory, store, remove } = await openTemporary();
  try {
    const revision = await store.transact([{ key: '/a', value: '1' }]);
    await store.transact([{ key: '/b', value: '2', ttlSeconds: 60 }]);
    const parts = await Array.fromAsync(EmbeddedStore.snapshotOf(directory));
    assert.ok(parts.every((part) => part.revision === revision + 1));
    const [a, b] = parts.flatMap(({ entries }) => entries);
    assert.deepEqual([a, b?.key], [{ key: '/a', value: '1' }, '/b']);
    assert.ok((b?.ttlLeftMs ?? 0) > 50_000 && (b?.ttlLeftMs ?? 0) <= 60_100);
  } finally {
    await remove();
  }
});

test('what can wait shares a commit with others of its kind, or with the first that cannot', async () => {
  const { clock, pass } = handClock();
  const { store, reopen, remove } = await openTemporary(clock);
  try {
    const renew = (key: string, expected?: number) =>
      store.transact([{ key, value: 'x', ...(expected !== undefined && { expected }) }], 100);
    const commits = () => store.stats().commits.count;
    const first = [renew('/a'), renew('/b')];
    pass(99);
    await new Promise(setImmediate);
    first.push(renew('/c'));
    assert.equal(commits(), 0, 'not before its time');
    pass(1);
    await Promise.all(first);
    assert.equal(commits(), 1, 'three share one');

    const along = renew('/a');
    await store.transact([{ key: '/now', value: 'x' }]);
    await along;
    assert.equal(commits(), 2, 'who cannot wait takes it along');

    const met = renew('/a');
    await assert.rejects(renew('/a', 1), Mismatch);
    await met;
    assert.equal(commits(), 3, 'who is refused because of it hears so at once');

    const late = renew('/last');
    const again = await reopen();
    await late;
    assert.equal((await again.get('/last'))?.value, 'x', 'an end waits for nobody and loses nothing');
  } finally {
    await remove();
  }
});
