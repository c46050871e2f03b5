// Clients that speak protobuf, on a real server: what kubectl sends since 1.32 becomes the same object as the JSON of those
// before it, and a client that accepts nothing else reads, writes, watches and is refused in it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { allKinds } from '../../src/api/kinds/all.ts';
import { apiVersionOf } from '../../src/api/kinds/kind.ts';
import { decodeEnvelope, encodeObject } from '../../src/api/protobuf/envelope.ts';
import { WireReader } from '../../src/api/protobuf/wire-reader.ts';
import { execute } from '../../src/base/exec.ts';
import { TestServer } from '../controllers/test-server.ts';
import { kubectlPrograms } from './kubectls.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';

let server: TestServer;
let agent: Agent;
before(async () => {
  server = await TestServer.open();
  const { ca, identity } = server.kubeconfig;
  agent = new Agent({ ca, cert: identity?.certificate ?? '', key: identity?.key ?? '', keepAlive: true });
});
after(async () => {
  agent?.destroy();
  await server?.close();
});

interface Ask {
  method?: string;
  accept?: string;
  body?: Buffer | undefined;
  contentType?: string;
}

async function open(path: string, { method = 'GET', accept = protobuf, body, contentType = protobuf }: Ask = {}) {
  const headers = { accept, ...(body && { 'content-type': contentType, 'content-length': body.length }) };
  const sent = httpsRequest(`${server.kubeconfig.server}${path}`, { agent, method, headers });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}

interface Read {
  kind?: string;
  metadata?: Record<string, unknown>;
  spec?: Record<string, unknown>;
  status?: unknown;
  items?: Read[];
  message?: string;
  code?: number;
  reason?: string;
  data?: Record<string, string>;
}

async function ask(path: string, how: Ask = {}) {
  const response = await open(path, how);
  const bytes = Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>));
  const type = response.headers['content-type'];
  const object = (type === protobuf ? decodeEnvelope(bytes) : JSON.parse(bytes.toString())) as Read;
  return { code: response.statusCode, type, object };
}

const write = (method: string, path: string, object: object) => ask(path, { method, body: encodeObject(object) });

const configMap = (name: string, data: Record<string, string> = {}, labels = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data,
});
const inDefault = '/api/v1/namespaces/default';

describe('kubectl', async () => {
  const programs = await kubectlPrograms();
  const name = 'web';
  /** What each makes, by the path at which it is read again. */
  const made: [string, ...string[]][] = [
    ['configmap', name, '--from-literal=a=b'],
    ['secret', 'generic', name, '--from-literal=password=s3cret'],
    ['serviceaccount', name],
    ['deployment', name, '--image=nginx:1', '--replicas=2', '--port=80'],
    ['service', 'clusterip', name, '--tcp=80:8080'],
    ['job', name, '--image=busybox', '--', 'true'],
    ['cronjob', name, '--image=busybox', '--schedule=*/5 * * * *'],
    ['quota', name, '--hard=pods=3,requests.cpu=1500m'],
    ['poddisruptionbudget', name, '--selector=app=web', '--min-available=50%'],
    ['ingress', name, '--rule=a.example/x*=web:80'],
    ['role', name, '--verb=get,list', '--resource=pods,deployments.apps'],
    ['rolebinding', name, '--role=web', '--user=jane', '--group=crew'],
  ];
  const plural: Record<string, string> = { quota: 'resourcequota' };
  /** What differs between two objects that are the same but for when, where and by whom they were made. */
  const varying = /"(clusterIPs?|[\w./-]*controller-uid)":(?:"[^"]*"|\["[^"]*"\]),?/g;

  test('of every version makes the same objects', async () => {
    const results: string[][] = [];
    for (const [index, program] of programs.entries()) {
      const namespace = `made-${index}`;
      const kubectl = (...args: string[]) =>
        execute(program, ['--kubeconfig', server.kubeconfigFile, '--namespace', namespace, ...args]);
      await kubectl('create', 'namespace', namespace);
      for (const args of made) assert.match(await kubectl('create', ...args), / created\n$/, args.join(' '));
      assert.match(await kubectl('create', 'token', name), /^ey[\w-]+\.[\w-]+\.[\w-]+\n?$/);
      assert.match(await kubectl('scale', 'deployment', name, '--replicas=0'), /scaled/);
      const objects = await Promise.all(
        made.map(([kind = '']) => kubectl('get', plural[kind] ?? kind, name, '-o', 'json')),
      );
      results.push(
        objects.map((json) => {
          const { metadata, status, ...object } = JSON.parse(json);
          return JSON.stringify({ labels: metadata.labels, ...object }).replaceAll(varying, '');
        }),
      );
      await assert.rejects(kubectl('create', 'configmap', name), /configmaps "web" already exists/);
      await assert.rejects(kubectl('create', 'configmap', 'Not_A_Name'), /is invalid: metadata.name: Invalid value/);
      await kubectl('delete', 'namespace', namespace, '--wait=false');
    }
    assert.ok(programs.length > 1, 'needs two versions of kubectl');
    for (const result of results.slice(1)) assert.deepEqual(result, results[0]);
  });
});

test('an object comes back as it was sent, and as JSON shows it', async () => {
  const data = { a: '1', text: 'größer', empty: '' };
  const { code, type, object } = await write('POST', `${inDefault}/configmaps`, configMap('one', data));
  assert.deepEqual([code, type, object.data], [201, protobuf, data]);
  const read = await ask(`${inDefault}/configmaps/one`);
  assert.deepEqual(read.object, object);
  const json = await ask(`${inDefault}/configmaps/one`, { accept: 'application/json' });
  assert.equal(json.type, 'application/json');
  assert.deepEqual(json.object, object);

  const updated = await write('PUT', `${inDefault}/configmaps/one`, { ...object, data: { b: '2' } });
  assert.deepEqual([updated.code, updated.object.data], [200, { b: '2' }]);
  const stale = await write('PUT', `${inDefault}/configmaps/one`, { ...object, data: {} });
  assert.deepEqual(
    [stale.code, stale.type, stale.object.kind, stale.object.reason],
    [409, protobuf, 'Status', 'Conflict'],
  );
});

test('lists come whole, in pages, and as metadata alone', async () => {
  for (const name of ['list-a', 'list-b', 'list-c']) {
    await write('POST', `${inDefault}/configmaps`, configMap(name, { of: name }, { listed: 'yes' }));
  }
  const path = `${inDefault}/configmaps?labelSelector=listed`;
  const names = ({ items = [] }: Read) => items.map(({ metadata }) => metadata?.name);
  const whole = await ask(path);
  assert.equal(whole.object.kind, 'ConfigMapList');
  assert.match(String(whole.object.metadata?.resourceVersion), /^\d+$/);
  assert.deepEqual(names(whole.object), ['list-a', 'list-b', 'list-c']);
  assert.deepEqual(whole.object.items?.at(-1)?.data, { of: 'list-c' });

  const page = await ask(`${inDefault}/configmaps?limit=1`);
  assert.equal(page.object.items?.length, 1);
  assert.ok(page.object.metadata?.continue);
  assert.ok(Number(page.object.metadata?.remainingItemCount) > 0);

  const partial = await ask(path, { accept: `${protobuf};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1` });
  assert.deepEqual([partial.type, partial.object.kind], [protobuf, 'PartialObjectMetadataList']);
  assert.deepEqual(names(partial.object), names(whole.object));
  assert.ok(partial.object.items?.every(({ data }) => data === undefined));
});

const nameOf = ({ metadata }: Read) => `${metadata?.namespace}/${metadata?.name}`;

test('all that is there says the same in protobuf as in JSON', async () => {
  let compared = 0;
  for (const kind of allKinds.filter(({ verbs }) => !verbs || verbs.includes('list'))) {
    const path = `/${kind.group ? 'apis' : 'api'}/${apiVersionOf(kind)}/${kind.plural}`;
    const [json, bytes] = await Promise.all([ask(path, { accept: 'application/json' }), ask(path)]);
    assert.deepEqual([json.type, bytes.type], ['application/json', protobuf]);
    const byName = new Map(bytes.object.items?.map((item) => [nameOf(item), item]));
    for (const item of json.object.items ?? []) {
      const same = byName.get(nameOf(item));
      // Something may have happened to it in between.
      if (same?.metadata?.resourceVersion !== item.metadata?.resourceVersion) continue;
      assert.deepEqual(same, item, `${path} ${item.metadata?.name}`);
      compared++;
    }
  }
  assert.ok(compared > 100, String(compared));
});

test('the encoding is the one that is wanted most of those that can be', async () => {
  const cases: [string, string | undefined, number][] = [
    [protobuf, protobuf, 200],
    [`${protobuf}, application/json`, protobuf, 200],
    [`application/json, ${protobuf}`, 'application/json', 200],
    [`application/json;q=0.5, ${protobuf};q=0.9`, protobuf, 200],
    [`${protobuf};q=0.5, application/json`, 'application/json', 200],
    [`application/x, ${protobuf}`, protobuf, 200],
    ['*/*', 'application/json', 200],
    [`${protobuf};as=Table;g=meta.k8s.io;v=v1, application/json;as=Table;g=meta.k8s.io;v=v1`, 'application/json', 200],
    [`${protobuf};as=Table;g=meta.k8s.io;v=v1`, protobuf, 406],
  ];
  for (const [accept, type, code] of cases) {
    const answer = await ask(`${inDefault}/configmaps`, { accept });
    assert.deepEqual([answer.type, answer.code], [type, code], accept);
  }
  for (const [path, kind] of [
    ['/api', 'APIVersions'],
    ['/api/v1', 'APIResourceList'],
    ['/apis', 'APIGroupList'],
    ['/apis/apps', 'APIGroup'],
  ] as const) {
    const { type, object } = await ask(path);
    assert.deepEqual([type, object.kind], [protobuf, kind]);
  }
  assert.equal((await ask('/version')).type, 'application/json');
});

/** Events of a watch as they come. */
async function* eventsOf(response: IncomingMessage): AsyncGenerator<{ type: string; object: Read }> {
  let unread = Buffer.alloc(0);
  for await (const chunk of response as AsyncIterable<Buffer>) {
    unread = Buffer.concat([unread, chunk]);
    while (unread.length >= 4 && unread.length >= 4 + unread.readUInt32BE()) {
      const end = 4 + unread.readUInt32BE();
      yield readEvent(unread.subarray(4, end));
      unread = unread.subarray(end);
    }
  }
}

function readEvent(bytes: Buffer): { type: string; object: Read } {
  const reader = new WireReader(bytes);
  assert.ok(reader.next());
  const type = reader.text('type');
  assert.ok(reader.next());
  const extension = reader.message('object');
  assert.ok(extension.next());
  return { type, object: decodeEnvelope(extension.rawBytes('raw')) as Read };
}

test('a watch tells events in frames, bookmarks and errors too', async () => {
  await write('POST', `${inDefault}/configmaps`, configMap('watched', { a: '1' }));
  const field = 'fieldSelector=metadata.name%3Dwatched';
  const query = `watch=1&${field}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`;
  const response = await open(`${inDefault}/configmaps?${query}`);
  assert.equal(response.headers['content-type'], `${protobuf};stream=watch`);
  const events = eventsOf(response);
  const next = async () => (await events.next()).value as { type: string; object: Read };
  const first = await next();
  assert.deepEqual([first.type, first.object.kind, first.object.data], ['ADDED', 'ConfigMap', { a: '1' }]);
  const bookmark = await next();
  assert.deepEqual([bookmark.type, bookmark.object.kind], ['BOOKMARK', 'ConfigMap']);
  assert.deepEqual(bookmark.object.metadata?.annotations, { 'k8s.io/initial-events-end': 'true' });
  await write('PUT', `${inDefault}/configmaps/watched`, configMap('watched', { a: '2' }));
  const second = await next();
  assert.deepEqual([second.type, second.object.data], ['MODIFIED', { a: '2' }]);
  await ask(`${inDefault}/configmaps/watched`, { method: 'DELETE' });
  assert.equal((await next()).type, 'DELETED');
  response.destroy();

  const late = await open(`${inDefault}/configmaps?watch=1&resourceVersion=1`);
  const told = (await eventsOf(late).next()).value as { type: string; object: Read };
  assert.deepEqual([told.type, told.object.kind, told.object.code], ['ERROR', 'Status', 410]);
});

test('options of a deletion, scales and bindings are read as well', async () => {
  await write('POST', `${inDefault}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'bare' },
    spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'busybox' }] },
  });
  const options = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'another' } };
  const kept = await write('DELETE', `${inDefault}/pods/bare`, options);
  assert.deepEqual([kept.code, kept.object.reason], [409, 'Conflict']);
  const target = { apiVersion: 'v1', kind: 'Node', name: 'nowhere' };
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'bare' }, target };
  assert.equal((await write('POST', `${inDefault}/pods/bare/binding`, binding)).code, 201);
  assert.equal((await ask(`${inDefault}/pods/bare`)).object.spec?.nodeName, 'nowhere');
  const atOnce = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 };
  assert.equal((await write('DELETE', `${inDefault}/pods/bare`, atOnce)).code, 200);
  assert.equal((await ask(`${inDefault}/pods/bare`)).code, 404);

  const deployments = '/apis/apps/v1/namespaces/default/deployments';
  await write('POST', deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'still' },
    spec: {
      replicas: 0,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'main', image: 'busybox' }] } },
    },
  });
  assert.equal(
    (await ask(`${deployments}/still`)).object.spec?.replicas,
    0,
    'a zero that was said is none that was not',
  );
  const scale = await ask(`${deployments}/still/scale`);
  assert.deepEqual([scale.type, scale.object.kind], [protobuf, 'Scale']);
  const scaled = await write('PUT', `${deployments}/still/scale`, {
    ...scale.object,
    metadata: { name: 'still' },
    spec: { replicas: 1 },
  });
  assert.deepEqual([scaled.code, scaled.object.spec], [200, { replicas: 1 }]);
});

test('what cannot be read is refused in words', async () => {
  const path = `${inDefault}/configmaps`;
  const genuine = encodeObject(configMap('cut')) as Buffer;
  const cases: [Buffer, number, RegExp][] = [
    [Buffer.from('{}'), 400, /does not appear to be a protobuf message/],
    [genuine.subarray(0, genuine.length - 3), 400, /unexpected EOF/],
    [genuine.subarray(0, 4), 400, /empty body/],
    [encodeObject({ apiVersion: 'v1', kind: 'Secret' }) as Buffer, 400, /does not match the expected API version/],
    [Buffer.from('k8s\0\x0a\x0d\x0a\x06a.b/v1\x12\x03Foo'), 415, /accepted media types include: application\/json/],
  ];
  for (const [body, code, message] of cases) {
    const refused = await ask(path, { method: 'POST', body });
    assert.deepEqual([refused.code, refused.type, refused.object.kind], [code, protobuf, 'Status']);
    assert.match(refused.object.message ?? '', message);
  }
  assert.equal((await ask(path)).code, 200);
});
