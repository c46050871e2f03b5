import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMaps } from '../api/kinds/config-map.ts';
import type { Entry, Store, StoreEvent } from '../store/store.ts';
import { ObjectCache, storeKey } from './object-cache.ts';

const entry = (name: string, revision: number): Entry => ({
  key: storeKey(configMaps, { namespace: 'default', name }),
  value: JSON.stringify({ metadata: { namespace: 'default', name }, data: { at: String(revision) } }),
  revision,
});

test('what changes while everything is read in pages is there as it was last', async () => {
  let deliver: (events: StoreEvent[]) => void = () => {};
  let began = 0;
  const pages = [
    { entries: [entry('a', 3), entry('b', 4)], revision: 10, next: 'c' },
    // Read later: c is newer than the first page, and d, which was there then, is gone.
    { entries: [entry('c', 12)], revision: 13, next: undefined },
  ];
  const store: Pick<Store, 'range' | 'watch'> = {
    range: async (_prefix, page) => {
      const [first, second] = pages;
      const answer = page?.start === undefined ? first : second;
      assert.ok(answer && (page?.start === undefined || page.start === 'c'));
      return answer;
    },
    watch: (_prefix, after, follow) => {
      began = after;
      deliver = follow;
    },
  };
  const cache = new ObjectCache();
  await cache.follow(store as Store, new AbortController().signal);
  const seen: string[] = [];
  const state = () => cache.list(configMaps).map(({ object, revision }) => `${object.metadata.name} ${revision}`);
  assert.equal(began, 10);
  cache.subscribe(configMaps, 10, ({ type, current }) => seen.push(`${type} ${current.object.metadata.name}`));
  deliver([{ ...entry('c', 11) }, { ...entry('c', 12) }, { ...entry('d', 9), value: undefined, revision: 13 }]);
  assert.deepEqual(state(), ['a 3', 'b 4', 'c 12']);
  deliver([{ ...entry('a', 14) }]);
  assert.deepEqual(state(), ['a 14', 'b 4', 'c 12']);
  assert.deepEqual(seen, ['MODIFIED a']);
  assert.equal(cache.revision, 14);
});
