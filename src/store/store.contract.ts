// What every store must do. Each engine's test runs this on a store of its own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Compacted, Mismatch, type SnapshotPart, type Store, type StoreEvent } from './store.ts';

export interface OpenedStore {
  store: Store;
  /** Ends the store as a crash would have it opened anew. */
  reopen(): Promise<Store>;
  remove(): Promise<void>;
}

export function storeContract(engine: string, open: () => Promise<OpenedStore>): void {
  const withStore = (name: string, run: (store: Store, opened: OpenedStore) => Promise<void>) =>
    test(name, async () => {
      const opened = await open();
      try {
        await run(opened.store, opened);
      } finally {
        await opened.remove();
      }
    });

  describe(`${engine} keeps the store's contract`, () => {
    withStore('a written key is read back with the revision of its write', async (store) => {
      const revision = await store.transact([{ key: '/a/x', value: 'one' }]);
      assert.deepEqual(await store.get('/a/x'), { key: '/a/x', value: 'one', revision });
      assert.equal(await store.get('/a/y'), undefined);
    });

    withStore('revisions grow with every transaction, also without an effect', async (store) => {
      const first = await store.transact([{ key: '/a', value: '1' }]);
      const second = await store.transact([{ key: '/b', value: '1' }]);
      assert.ok(second > first);
    });

    withStore('a range has the keys of its prefix in order', async (store) => {
      for (const key of ['/a/2', '/b/1', '/a/1', '/a/1/x', '/aa']) await store.transact([{ key, value: key }]);
      const { entries, revision } = await store.range('/a/');
      assert.deepEqual(
        entries.map(({ key }) => key),
        ['/a/1', '/a/1/x', '/a/2'],
      );
      assert.ok(entries.every((entry) => entry.revision <= revision));
    });

    withStore('pages follow each other without a gap, from any key on', async (store) => {
      const keys = ['/a/1', '/a/2', '/a/2/x', '/a/3', '/a/4'];
      await store.transact([...keys, '/b/1'].map((key) => ({ key, value: key })));
      const read: string[] = [];
      let page = await store.range('/a/', { limit: 2 });
      read.push(...page.entries.map(({ key }) => key));
      while (page.next !== undefined) {
        page = await store.range('/a/', { start: page.next, limit: 2 });
        assert.ok(page.entries.length > 0 && page.entries.length <= 2);
        read.push(...page.entries.map(({ key }) => key));
      }
      assert.deepEqual(read, keys);
      const whole = await store.range('/a/', { start: '/a/2/', limit: 3 });
      assert.deepEqual([whole.entries.map(({ key }) => key), whole.next], [['/a/2/x', '/a/3', '/a/4'], undefined]);
    });

    withStore('what a range has, and what a watch from its revision tells, is all there is', async (store) => {
      const writes = Array.from({ length: 200 }, (_, n) => store.transact([{ key: `/a/${n % 20}`, value: `${n}` }]));
      const { entries, revision } = await store.range('/a/');
      assert.ok(entries.every((entry) => entry.revision <= revision));
      const known = new Map(entries.map(({ key, value }) => [key, value]));
      const note = (events: StoreEvent[]) => {
        for (const { key, value } of events) known.set(key, value ?? '');
      };
      store.watch('/a/', revision, note, new AbortController().signal);
      await Promise.all(writes);
      const all = await store.range('/a/');
      assert.deepEqual([...known].sort(), all.entries.map(({ key, value }) => [key, value]).sort());
    });

    withStore('an expectation that does not hold refuses the whole transaction', async (store) => {
      const revision = await store.transact([{ key: '/a', value: '1', expected: 0 }]);
      const refused = store.transact([
        { key: '/b', value: '2' },
        { key: '/a', value: '2', expected: revision - 1 },
      ]);
      await assert.rejects(refused, (error) => error instanceof Mismatch && error.key === '/a');
      await assert.rejects(store.transact([{ key: '/a', value: '2', expected: 0 }]), Mismatch);
      assert.equal(await store.get('/b'), undefined);
      await store.transact([{ key: '/a', value: undefined, expected: revision }]);
      await store.transact([{ key: '/a', value: '3', expected: 0 }]);
    });

    withStore('a refused writer is told when what it met can be seen', async (store) => {
      let expected = await store.transact([{ key: '/a', value: '1' }]);
      const seen: StoreEvent[] = [];
      store.watch('/', expected, (events) => seen.push(...events), new AbortController().signal);
      for (const value of ['2', undefined]) {
        const winner = store.transact([{ key: '/a', value }]);
        await assert.rejects(store.transact([{ key: '/a', value: 'late', expected }]), Mismatch);
        assert.equal(seen.at(-1)?.value, value);
        expected = await winner;
      }
    });

    withStore('of many who expect the same revision one wins', async (store) => {
      const tries = Array.from({ length: 20 }, (_, value) =>
        store.transact([{ key: '/a', value: `${value}`, expected: 0 }]),
      );
      const outcomes = await Promise.allSettled(tries);
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    });

    withStore(
      'a watch sees every change of its prefix once and in order, also those before it began',
      async (store) => {
        const start = await store.transact([{ key: '/a/0', value: '0' }]);
        await store.transact([{ key: '/a/1', value: '1' }]);
        await store.transact([{ key: '/b/1', value: '1' }]);
        const seen: StoreEvent[] = [];
        const abort = new AbortController();
        store.watch('/a/', start, (events) => seen.push(...events), abort.signal);
        await store.transact([{ key: '/a/1', value: undefined }]);
        await store.transact([{ key: '/a/2', value: '2' }]);
        abort.abort();
        await store.transact([{ key: '/a/3', value: '3' }]);
        assert.deepEqual(
          seen.map(({ key, value }) => [key, value]),
          [
            ['/a/1', '1'],
            ['/a/1', undefined],
            ['/a/2', '2'],
          ],
        );
        assert.ok(seen.every(({ revision }, index) => index === 0 || revision > (seen[index - 1]?.revision ?? 0)));
      },
    );

    withStore('a watch that would begin before what is known is refused', async (store) => {
      for (let count = 0; count < 3000; count += 500) {
        await Promise.all(Array.from({ length: 500 }, (_, key) => store.transact([{ key: `/${key}`, value: 'x' }])));
      }
      assert.throws(() => store.watch('/', 1, () => {}, AbortSignal.abort()), Compacted);
    });

    withStore('compaction forgets the past, and nothing else', async (store) => {
      const first = await store.transact([{ key: '/a', value: '1' }]);
      const second = await store.transact([{ key: '/a', value: '2' }]);
      const third = await store.transact([{ key: '/b', value: '3' }]);
      await store.compact(second);
      const ignore = () => {};
      assert.throws(() => store.watch('/', first, ignore, AbortSignal.abort()), Compacted);
      const seen: StoreEvent[] = [];
      store.watch('/', second, (events) => seen.push(...events), new AbortController().signal);
      assert.deepEqual(seen, [{ key: '/b', value: '3', revision: third }]);
      assert.equal((await store.get('/a'))?.value, '2');
      assert.equal(store.stats().oldestRevision, second);
    });

    withStore('a key with a time to live vanishes after it, and watchers are told', async (store) => {
      const start = await store.transact([
        { key: '/brief', value: 'x', ttlSeconds: 1 },
        { key: '/renewed', value: 'x', ttlSeconds: 1 },
        { key: '/kept', value: 'x', ttlSeconds: 60 },
      ]);
      await store.transact([{ key: '/renewed', value: 'y' }]);
      const gone = Promise.withResolvers<StoreEvent | undefined>();
      store.watch('/brief', start, ([event]) => gone.resolve(event), new AbortController().signal);
      const event = await gone.promise;
      assert.deepEqual([event?.key, event?.value], ['/brief', undefined]);
      assert.ok((event?.revision ?? 0) > start);
      const { entries } = await store.range('/');
      assert.deepEqual(
        entries.map(({ key }) => key),
        ['/kept', '/renewed'],
      );
    });

    withStore('a snapshot is of one moment, whatever is written meanwhile', async (store) => {
      const keys = Array.from({ length: 1000 }, (_, n) => `/k/${String(n).padStart(4, '0')}`);
      const revision = await store.transact(keys.map((key) => ({ key, value: 'before' })));
      const values = new Map<string, string>();
      for await (const part of store.snapshot()) {
        assert.equal(part.revision, revision);
        for (const { key, value } of part.entries) values.set(key, value);
        await store.transact(keys.slice(500).map((key) => ({ key, value: 'after' })));
        await store.transact([{ key: '/k/zzzz', value: 'after' }]);
      }
      assert.deepEqual(
        [...values],
        keys.map((key) => [key, 'before']),
      );
    });

    withStore('a snapshot brings an empty store to the same state, at a later revision', async (store, { reopen }) => {
      async function* parts(): AsyncIterable<SnapshotPart> {
        yield { revision: 70, entries: [{ key: '/a', value: '1' }] };
        yield { revision: 70, entries: [{ key: '/b', value: '2', ttlLeftMs: 60_000 }] };
      }
      await store.restore(parts(), 5000);
      const { entries, revision } = await store.range('/');
      assert.deepEqual(
        entries.map(({ key, value }) => [key, value]),
        [
          ['/a', '1'],
          ['/b', '2'],
        ],
      );
      assert.ok(entries.every((entry) => entry.revision > 5000));
      assert.throws(() => store.watch('/', 5000, () => {}, AbortSignal.abort()), Compacted);
      const next = await store.transact([{ key: '/c', value: '3' }]);
      assert.ok(next > revision);
      await assert.rejects(store.restore(parts(), 9000), /must be new/);
      const again = await reopen();
      assert.equal((await again.range('/')).entries.length, 3);
      assert.deepEqual([again.stats().keys, again.stats().keysWithTtl], [3, 1]);
    });

    withStore('its numbers follow what it does', async (store) => {
      const revision = await store.transact([{ key: '/a', value: '1', ttlSeconds: 60 }]);
      await Promise.all(['/b', '/c'].map((key) => store.transact([{ key, value: '1' }])));
      const stats = store.stats();
      assert.deepEqual(
        [stats.revision, stats.keys, stats.keysWithTtl, stats.queueLength, stats.transactions, stats.failures],
        [revision + 2, 3, 1, 0, 3, 0],
      );
      assert.ok(stats.commits.count >= 1 && stats.commits.count <= 3 && stats.commits.sumMs > 0);
      assert.ok(stats.fileBytes > 0);
      await store.check();
    });

    withStore('what was acknowledged is there after reopening, and revisions go on', async (store, { reopen }) => {
      await store.transact([{ key: '/gone', value: '1' }]);
      await store.transact([{ key: '/kept', value: '1' }]);
      const revision = await store.transact([{ key: '/gone', value: undefined }]);
      const again = await reopen();
      assert.equal((await again.get('/kept'))?.value, '1');
      assert.equal(await again.get('/gone'), undefined);
      assert.ok((await again.transact([{ key: '/new', value: '1' }])) > revision);
    });
  });
}
