import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Clock, systemClock } from '../../base/clock.ts';
import { storeContract } from '../store.contract.ts';
import { EmbeddedStore } from './embedded-store.ts';

async function openTemporary(clock: Clock = systemClock) {
  const directory = await mkdtemp(join(tmpdir(), 'wherry-store-'));
  let store = await EmbeddedStore.open(directory, clock);
  return {
    store,
    directory,
    reopen: async () => {
      await store.close();
      store = await EmbeddedStore.open(directory, clock);
      return store;
    },
    remove: async () => {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}

storeContract('the embedded store', openTemporary);

test('a second server on the same directory is refused', async () => {
  const { directory, remove } = await openTemporary();
  try {
    await assert.rejects(EmbeddedStore.open(directory), /in use by another server/);
  } finally {
    await remove();
  }
});

test('a key with a time to live vanishes after it, and watchers are told', async () => {
  let nowMs = 1_000;
  let check = () => {};
  const clock: Clock = {
    ...systemClock,
    now: () => nowMs,
    after: (_ms, run) => {
      check = run;
      return () => {};
    },
  };
  const { store, remove } = await openTemporary(clock);
  try {
    const start = await store.transact([{ key: '/event', value: 'x', ttlSeconds: 60 }]);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    store.watch('/', start, ([event]) => resolve(event?.key), new AbortController().signal);
    nowMs += 59_000;
    check();
    assert.ok(await store.get('/event'));
    nowMs += 1_000;
    check();
    assert.equal(await promise, '/event');
    assert.equal(await store.get('/event'), undefined);
  } finally {
    await remove();
  }
});
