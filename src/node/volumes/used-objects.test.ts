import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { configMaps } from '../../api/kinds/config-map.ts';
import { secrets } from '../../api/kinds/secret.ts';
import { Expired, Forbidden } from '../../api/status.ts';
import { AsyncQueue } from '../../base/async-queue.ts';
import { systemClock } from '../../base/clock.ts';
import { createLog } from '../../base/log.ts';
import { Client } from '../../client/client.ts';
import type { ApiRequest, Transport, WatchEvent, WatchRequest } from '../../client/transport.ts';
import type { Content, Keepsakes } from './object-source.ts';
import { UsedObjects } from './used-objects.ts';

interface OpenWatch {
  name: string;
  revision: string;
  events: AsyncQueue<WatchEvent>;
}

/** An API of single objects that notes what it is asked. */
class OneByOne implements Transport {
  readonly objects = new Map<string, Content>();
  readonly lists: string[] = [];
  readonly watches: OpenWatch[] = [];
  readonly news = new EventEmitter();
  failure: Error | undefined;

  async request({ resource, query, namespace }: ApiRequest): Promise<unknown> {
    const name = `${resource.plural}/${namespace}/${query?.fieldSelector?.replace('metadata.name=', '')}`;
    this.lists.push(name);
    this.news.emit('list');
    if (this.failure) throw this.failure;
    const found = this.objects.get(name);
    return { metadata: { resourceVersion: '7' }, items: found ? [found] : [] };
  }

  async *watch({ resource, query, namespace }: WatchRequest, signal: AbortSignal): AsyncIterable<WatchEvent> {
    const name = `${resource.plural}/${namespace}/${query?.fieldSelector?.replace('metadata.name=', '')}`;
    const watch = { name, revision: query?.resourceVersion ?? '', events: new AsyncQueue<WatchEvent>() };
    this.watches.push(watch);
    const end = () => watch.events.end();
    signal.addEventListener('abort', end);
    this.news.emit('watch');
    try {
      yield* watch.events;
    } finally {
      this.watches.splice(this.watches.indexOf(watch), 1);
      this.news.emit('end');
    }
  }

  get open(): string[] {
    return this.watches.map(({ name }) => name).sort();
  }
}

const object = (name: string, revision: string, more: object = {}) =>
  ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'd', resourceVersion: revision },
    data: { revision },
    ...more,
  }) as Content;
const settings = { kind: configMaps, ref: { namespace: 'd', name: 'settings' } };
const login = { kind: secrets, ref: { namespace: 'd', name: 'login' } };

function setUp(keepsakes?: Keepsakes) {
  const api = new OneByOne();
  const changed: string[] = [];
  const used = new UsedObjects({
    client: new Client(api),
    clock: systemClock,
    log: createLog({ level: 'error' }),
    keepsakes,
    onChange: (uid) => {
      changed.push(uid);
      api.news.emit('change');
    },
  });
  return { api, used, changed };
}

test('one watch for all users of an object, from the first to the last', async () => {
  const { api, used, changed } = setUp();
  api.objects.set('configmaps/d/settings', object('settings', '5'));
  const watching = once(api.news, 'watch');
  used.use('one', [settings]);
  used.use('two', [settings]);
  assert.equal((await used.get(settings))?.metadata.resourceVersion, '5');
  await watching;
  assert.deepEqual([api.lists, api.open], [['configmaps/d/settings'], ['configmaps/d/settings']]);
  assert.equal(api.watches[0]?.revision, '7');

  const change = once(api.news, 'change');
  api.watches[0]?.events.push({ type: 'MODIFIED', object: object('settings', '8') });
  await change;
  assert.deepEqual(changed, ['one', 'two']);
  assert.equal((await used.get(settings))?.metadata.resourceVersion, '8');

  used.release('one');
  assert.equal(api.open.length, 1);
  const ended = once(api.news, 'end');
  used.use('two', [login]);
  await ended;
  assert.equal(used.count, 1, 'what a pod uses no more is let go');
  used.close();
});

test('an object comes and goes, and who uses it is told', async () => {
  const { api, used, changed } = setUp();
  const watching = once(api.news, 'watch');
  used.use('one', [login]);
  assert.equal(await used.get(login), undefined);
  await watching;
  for (const [type, expected] of [
    ['ADDED', '9'],
    ['DELETED', undefined],
  ] as const) {
    const change = once(api.news, 'change');
    api.watches[0]?.events.push({ type, object: object('login', '9') });
    await change;
    assert.equal((await used.get(login))?.metadata.resourceVersion, expected);
  }
  assert.deepEqual(changed, ['one', 'one']);
  used.close();
});

test('what can never change is read once', async () => {
  const { api, used } = setUp();
  api.objects.set('configmaps/d/settings', object('settings', '5', { immutable: true }));
  used.use('one', [settings]);
  await used.get(settings);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(api.open, []);
  used.close();
});

test('a watch that breaks goes on where it was, or reads anew where the API has forgotten', async () => {
  const { api, used, changed } = setUp();
  api.objects.set('configmaps/d/settings', object('settings', '5'));
  const first = once(api.news, 'watch');
  used.use('one', [settings]);
  await first;
  api.watches[0]?.events.push({ type: 'BOOKMARK', object: object('settings', '30') });
  const second = once(api.news, 'watch');
  api.watches[0]?.events.fail(new Error('broke'));
  await second;
  assert.equal(api.watches[0]?.revision, '30');
  assert.deepEqual(changed, [], 'nothing has changed');

  api.objects.set('configmaps/d/settings', object('settings', '40'));
  const third = once(api.news, 'watch');
  api.watches[0]?.events.fail(new Expired('too old'));
  await third;
  assert.deepEqual(changed, ['one']);
  assert.equal(api.lists.length, 2);
  used.close();
});

test('with the API away the first to ask is told, what is known is answered, and what was kept is found', async () => {
  const kept = new Map<string, string>();
  const keepsakes: Keepsakes = {
    find: async (owner) => kept.get(owner),
    keep: (owner, _, text) => kept.set(owner, text),
    drop: (owner) => kept.delete(owner),
  };
  const { api, used } = setUp(keepsakes);
  api.objects.set('configmaps/d/settings', object('settings', '5'));
  const watching = once(api.news, 'watch');
  used.use('one', [settings]);
  await watching;
  api.failure = new Error('nobody there');
  api.watches[0]?.events.fail(api.failure);
  assert.equal((await used.get(settings))?.metadata.resourceVersion, '5');
  used.use('two', [login]);
  await assert.rejects(used.get(login), /failed to sync secret cache: nobody there/);

  const later = setUp({ ...keepsakes, drop: () => {} });
  later.api.failure = new Error('nobody there');
  later.used.use('one', [settings]);
  assert.equal((await later.used.get(settings))?.metadata.resourceVersion, '5', 'of the agent before');
  later.used.close();
  used.release('one');
  assert.equal(kept.size, 0);
  used.close();
});

test('what may not be read holds up nothing else', async () => {
  const { api, used } = setUp();
  api.failure = new Forbidden({ group: '', resource: 'secrets', name: 'login' }, 'no relationship found');
  used.use('one', [login]);
  await assert.rejects(used.get(login), /no relationship found/);
  api.failure = undefined;
  const watching = once(api.news, 'watch');
  used.use('two', [settings]);
  await watching;
  assert.equal(await used.get(settings), undefined);
  used.close();
});
