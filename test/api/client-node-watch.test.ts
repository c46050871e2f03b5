// Watches and informers of Kubernetes' own JavaScript library on a real server: what they are told, also when the server is
// killed under them or no longer knows the state from which they want to go on.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { after, before, test } from 'node:test';
import { CoreV1Api, KubeConfig, makeInformer, type V1ConfigMap, Watch } from '@kubernetes/client-node';
import { TestServer } from '../controllers/test-server.ts';
import { namespace, refused } from './client-node.ts';

const path = `/api/v1/namespaces/${namespace}/configmaps`;

let server: TestServer;
let config: KubeConfig;
let core: CoreV1Api;
before(async () => {
  server = await TestServer.open();
  config = new KubeConfig();
  config.loadFromFile(server.kubeconfigFile);
  core = config.makeApiClient(CoreV1Api);
});
after(() => server?.close());

const mapOf = (test: string, name: string, data: Record<string, string> = {}): V1ConfigMap => ({
  metadata: { name, labels: { test } },
  data,
});
const create = (body: V1ConfigMap) => core.createNamespacedConfigMap({ namespace, body });
const replace = (body: V1ConfigMap) =>
  core.replaceNamespacedConfigMap({ namespace, name: body.metadata?.name ?? '', body });
const remove = (name: string) => core.deleteNamespacedConfigMap({ namespace, name });
const listOf = (test: string) => core.listNamespacedConfigMap({ namespace, labelSelector: `test=${test}` });

/** What callbacks are told, in their order, to be waited for. */
function hear() {
  const emitter = new EventEmitter();
  const told: string[] = [];
  return {
    tell: (what: string) => {
      told.push(what);
      emitter.emit('told');
    },
    next: async (count: number) => {
      // Each wait has its time: a server may be started in between.
      const signal = AbortSignal.timeout(20_000);
      while (told.length < count) await once(emitter, 'told', { signal });
      return told.splice(0, count);
    },
  };
}

/** An informer of the maps of one test, and all that it says. */
function informerOf(test: string, list = () => listOf(test)) {
  const heard = hear();
  const errors = hear();
  const informer = makeInformer(config, path, list, `test=${test}`);
  for (const verb of ['add', 'update', 'delete'] as const) {
    informer.on(verb, ({ metadata, data }) => heard.tell(`${verb} ${metadata?.name} ${JSON.stringify(data)}`));
  }
  informer.on('error', (error: Error) => errors.tell(error.message));
  const known = () => informer.list().map(({ metadata, data }) => [metadata?.name, data]);
  return { informer, heard, errors, known };
}

interface Seen {
  kind?: string;
  code?: number;
  reason?: string;
  message?: string;
  metadata: { name?: string; resourceVersion: string; annotations?: Record<string, string> };
  data?: object;
}

/** Watches until it is told to stop, or the server ends it. */
async function watching(query: Record<string, string | number | boolean>) {
  const heard = hear();
  const seen: Seen[] = [];
  const ended = Promise.withResolvers<unknown>();
  const tell = (phase: string, object: Seen) => {
    seen.push(object);
    heard.tell(`${phase} ${object.metadata.name ?? object.code ?? object.kind}`);
  };
  const controller = await new Watch(config).watch(path, query, tell, ended.resolve);
  return { heard, seen, ended: ended.promise, stop: () => controller.abort() };
}

test('a watch goes on from a list, and tells of each change once, in its order', async () => {
  await create(mapOf('watch', 'before'));
  const { metadata } = await listOf('watch');
  const resourceVersion = metadata?.resourceVersion ?? '';
  const made = await create(mapOf('watch', 'w'));
  const { heard, seen, stop } = await watching({ resourceVersion, labelSelector: 'test=watch' });
  await replace({ ...made, data: { a: '1' } });
  await create(mapOf('other', 'unseen'));
  // What no longer is selected is gone for who watches.
  const moved = await replace(mapOf('other', 'before'));
  await remove('w');
  assert.deepEqual(await heard.next(4), ['ADDED w', 'MODIFIED w', 'DELETED before', 'DELETED w']);
  assert.deepEqual(seen[1]?.data, { a: '1' });
  assert.equal(seen[2]?.metadata.resourceVersion, moved.metadata?.resourceVersion);
  stop();
});

test('a watch that begins by itself tells what there is, and then where the list ends', async () => {
  await create(mapOf('streamed', 's1'));
  await create(mapOf('streamed', 's2'));
  const { heard, seen, stop } = await watching({
    labelSelector: 'test=streamed',
    sendInitialEvents: true,
    resourceVersionMatch: 'NotOlderThan',
    allowWatchBookmarks: true,
  });
  assert.deepEqual(await heard.next(3), ['ADDED s1', 'ADDED s2', 'BOOKMARK ConfigMap']);
  assert.equal(seen[2]?.metadata.annotations?.['k8s.io/initial-events-end'], 'true');
  await remove('s1');
  assert.deepEqual(await heard.next(1), ['DELETED s1']);
  stop();
});

test('a watch ends when its time is over', async () => {
  const { ended } = await watching({ timeoutSeconds: 1 });
  assert.equal(await ended, null);
});

test('an informer knows what there is, and is told what changes', async () => {
  const { informer, heard, known } = informerOf('informed');
  await create(mapOf('informed', 'one', { a: '1' }));
  await informer.start();
  assert.deepEqual(await heard.next(1), ['add one {"a":"1"}']);
  await create(mapOf('informed', 'two'));
  await replace(mapOf('informed', 'one', { a: '2' }));
  await remove('two');
  assert.deepEqual(await heard.next(3), ['add two undefined', 'update one {"a":"2"}', 'delete two undefined']);
  assert.deepEqual(known(), [['one', { a: '2' }]]);
  await informer.stop();
});

test('an informer that comes with a state long forgotten is told so, and reads anew', async () => {
  let lists = 0;
  const outdated = async () => {
    const list = await listOf('late');
    if (lists++ === 0) list.metadata = { ...list.metadata, resourceVersion: '1' };
    return list;
  };
  await create(mapOf('late', 'l'));
  const { informer, heard, errors } = informerOf('late', outdated);
  await informer.start();
  assert.deepEqual(await heard.next(1), ['add l undefined']);
  errors.tell('nothing');
  await replace(mapOf('late', 'l', { a: '1' }));
  assert.deepEqual(await heard.next(1), ['update l {"a":"1"}']);
  assert.deepEqual([lists, await errors.next(1)], [2, ['nothing']]);
  await informer.stop();
});

test('an informer carries on when the server is killed and comes back', async () => {
  const { informer, heard, errors, known } = informerOf('killed');
  await create(mapOf('killed', 'stays', { a: '1' }));
  await create(mapOf('killed', 'goes'));
  await informer.start();
  await heard.next(2);
  await server.kill();
  await errors.next(1);
  await informer.start();
  assert.match((await errors.next(1))[0] ?? '', /fetch failed|ECONNREFUSED/, 'as long as it is away');
  await server.start();
  await informer.start();
  await replace(mapOf('killed', 'stays', { a: '2' }));
  await remove('goes');
  await create(mapOf('killed', 'comes'));
  assert.deepEqual((await heard.next(3)).sort(), [
    'add comes undefined',
    'delete goes undefined',
    'update stays {"a":"2"}',
  ]);
  assert.deepEqual(known(), [
    ['stays', { a: '2' }],
    ['comes', undefined],
  ]);
  await informer.stop();
});

test('a list in pages that was begun before the server was killed goes on with what there is now', async () => {
  for (const name of ['p1', 'p2', 'p3']) await create(mapOf('pages', name));
  const page = (_continue?: string) =>
    core.listNamespacedConfigMap({
      namespace,
      labelSelector: 'test=pages',
      limit: 1,
      ...(_continue && { _continue }),
    });
  const first = await page();
  await remove('p2');
  await server.kill();
  await server.start();
  const expired = await refused(page(first.metadata?._continue));
  assert.deepEqual([expired.code, expired.reason], [410, 'Expired']);
  const { items, metadata } = await page((expired.metadata as { continue?: string }).continue);
  assert.deepEqual([items.map((item) => item.metadata?.name), metadata?._continue], [['p3'], undefined]);
});
