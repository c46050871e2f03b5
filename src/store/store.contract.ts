// What every store must do. Each engine's test runs this on a store of its own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Compacted, Mismatch, type Store, type StoreEvent } from './store.ts';

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
