import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { allKinds } from '../../api/kinds/all.ts';
import { definitionOf, pathsOf } from './kind-paths.ts';
import { formOf, OpenApi, type OpenApiRequest } from './open-api.ts';

const openApi = new OpenApi(() => allKinds);
const nowMs = Date.parse('2026-01-01T00:00:00Z');
const ask = (path: string, more: Partial<OpenApiRequest> = {}, from = openApi) => {
  const url = new URL(path, 'https://server');
  const asked = { path: url.pathname, query: url.searchParams, accept: undefined, ifNoneMatch: undefined };
  return from.answer({ ...asked, acceptsGzip: false, nowMs, ...more });
};
const jsonAt = async (path: string) => {
  const answer = await ask(path);
  assert.equal(answer?.code, 200, path);
  return JSON.parse(String(answer.body));
};

const index: Record<string, { serverRelativeURL: string }> = (await jsonAt('/openapi/v3')).paths;
const v2 = await jsonAt('/openapi/v2');
const v3 = new Map<string, Awaited<ReturnType<typeof jsonAt>>>();
for (const [name, { serverRelativeURL }] of Object.entries(index)) v3.set(name, await jsonAt(serverRelativeURL));

function* refsIn(value: unknown): Iterable<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, each] of Object.entries(value)) {
    if (name === '$ref' && typeof each === 'string') yield each;
    else yield* refsIn(each);
  }
}

test('everything that is referred to is there, and nothing that is not', () => {
  const documents: [string, object, string, object][] = [
    ['v2', v2, '#/definitions/', v2.definitions],
    ...[...v3].map(([name, each]): [string, object, string, object] => [
      name,
      each,
      '#/components/schemas/',
      each.components.schemas,
    ]),
  ];
  for (const [name, document, prefix, definitions] of documents) {
    const used = new Set([...refsIn(document)].map((ref) => ref.replace(prefix, '')));
    assert.deepEqual([...used].sort(), Object.keys(definitions).sort(), name);
  }
});

test('every kind has its definition and its paths in both versions', () => {
  for (const kind of allKinds) {
    const { group, version } = kind;
    const document = v3.get(group ? `apis/${group}/${version}` : `api/${version}`);
    const told = { group, kind: kind.kind, version };
    const gvk = 'x-kubernetes-group-version-kind';
    assert.deepEqual(v2.definitions[definitionOf(kind)]?.[gvk], [told], kind.kind);
    assert.deepEqual(document.components.schemas[definitionOf(kind)]?.[gvk], [told], kind.kind);
    for (const { path, operations } of pathsOf(kind)) {
      for (const method of Object.keys(operations)) {
        assert.ok(v2.paths[path]?.[method]?.operationId, `${method} ${path}`);
        assert.ok(document.paths[path]?.[method]?.operationId, `${method} ${path}`);
      }
    }
  }
});

test('no two definitions are the same kind', () => {
  const kinds = Object.values<{ 'x-kubernetes-group-version-kind'?: object[] }>(v2.definitions)
    .flatMap((definition) => definition['x-kubernetes-group-version-kind'] ?? [])
    .map((kind) => JSON.stringify(kind));
  assert.equal(new Set(kinds).size, kinds.length);
});

test('what clients look for in a patch is there: its kind, and its parameters by name', () => {
  const at = '/apis/apps/v1/namespaces/{namespace}/deployments/{name}';
  for (const { patch } of [v2.paths[at], v3.get('apis/apps/v1')?.paths[at]]) {
    const names = patch.parameters.map(({ name }: { name: string }) => name);
    assert.deepEqual(patch['x-kubernetes-group-version-kind'], { group: 'apps', kind: 'Deployment', version: 'v1' });
    for (const name of ['dryRun', 'fieldValidation']) assert.ok(names.includes(name), name);
  }
});

test('a document is told apart by its hash, may be kept for good under it, and is found anew without', async () => {
  const { serverRelativeURL } = index['apis/apps/v1'] ?? assert.fail();
  const [path = '', hash = ''] = serverRelativeURL.split('?hash=');
  assert.equal(path, '/openapi/v3/apis/apps/v1');
  const kept = await ask(serverRelativeURL);
  assert.equal(kept?.headers['cache-control'], 'public, immutable');
  assert.equal(kept?.headers.expires, 'Fri, 01 Jan 2027 00:00:00 GMT');
  const plain = await ask(path);
  assert.equal(plain?.headers['cache-control'], undefined);
  assert.equal(plain?.headers.etag, `"${hash}"`);
  const moved = await ask(`${path}?hash=0`);
  assert.deepEqual([moved?.code, moved?.headers.location], [301, serverRelativeURL]);
});

test('who has a document already is not sent it again', async () => {
  for (const path of ['/openapi/v2', '/openapi/v3', '/openapi/v3/api/v1']) {
    const etag = (await ask(path))?.headers.etag;
    const again = await ask(path, { ifNoneMatch: etag });
    assert.deepEqual([again?.code, again?.body], [304, undefined], path);
    assert.equal((await ask(path, { ifNoneMatch: `"older", W/${etag}` }))?.code, 304);
    assert.equal((await ask(path, { ifNoneMatch: '"old"' }))?.code, 200);
  }
});

test('compressed or not, it is the same', async () => {
  const compressed = await ask('/openapi/v3/api/v1', { acceptsGzip: true });
  assert.equal(compressed?.headers['content-encoding'], 'gzip');
  assert.deepEqual(JSON.parse(String(gunzipSync(compressed?.body as Buffer))), v3.get('api/v1'));
});

test('what is not there has no answer', async () => {
  for (const path of ['/openapi', '/openapi/v4', '/openapi/v3/apis/none/v1', '/openapi/v3/']) {
    assert.equal(await ask(path), undefined, path);
  }
});

test('other kinds make other documents once it is told', async () => {
  let kinds = allKinds;
  const changing = new OpenApi(() => kinds);
  const names = async () => Object.keys(JSON.parse(String((await ask('/openapi/v3', {}, changing))?.body)).paths);
  assert.ok((await names()).includes('apis/apps/v1'));
  kinds = allKinds.filter(({ group }) => group !== 'apps');
  assert.ok((await names()).includes('apis/apps/v1'));
  changing.invalidate();
  assert.ok(!(await names()).includes('apis/apps/v1'));
});

const protobufV2 = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const protobufV3 = 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf';
const accepted = [
  [undefined, 'v2', 'json'],
  ['*/*', 'v2', 'json'],
  ['application/json, */*', 'v3', 'json'],
  [protobufV2, 'v2', 'protobuf'],
  [protobufV2.replace('@', '.'), 'v2', 'protobuf'],
  [protobufV3, 'v3', 'protobuf'],
  [`application/json;q=0.5,${protobufV3}`, 'v3', 'protobuf'],
  [protobufV3, 'v2', undefined],
  ['application/xml', 'v2', undefined],
] as const;

for (const [accept, version, form] of accepted) {
  test(`${accept ?? 'nothing'} is ${form ?? 'refused'} of ${version}`, () =>
    assert.equal(formOf(accept, version), form));
}

test('what cannot be accepted is refused', async () => {
  assert.equal((await ask('/openapi/v2', { accept: 'application/xml' }))?.code, 406);
  assert.equal((await ask('/openapi/v3/api/v1', { accept: protobufV2 }))?.code, 406);
});

/** The fields of a protobuf message: numbers with texts of bytes. */
function* fieldsOf(bytes: Buffer): Iterable<[number: number, content: Buffer]> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++] ?? assert.fail('the message ends within a number');
      value += (byte % 128) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    assert.equal(tag % 8, 2, 'a field of another form');
    const length = varint();
    yield [Math.floor(tag / 8), bytes.subarray(at, at + length)];
    at += length;
  }
  assert.equal(at, bytes.length);
}

const named = (bytes: Buffer, field: number) =>
  [...fieldsOf(bytes)]
    .filter(([number]) => number === field)
    .map(([, entry]) => String(new Map(fieldsOf(entry)).get(1)));

test('the protobuf of a document has the same paths and definitions', async () => {
  const bodyOf = async (path: string, accept: string) => {
    const answer = await ask(path, { accept });
    assert.equal(answer?.headers['content-type'], accept.replace('@', '.'));
    return new Map(fieldsOf(answer.body as Buffer));
  };
  const two = await bodyOf('/openapi/v2', protobufV2);
  assert.equal(String(two.get(1)), '2.0');
  assert.deepEqual(named(two.get(8) ?? assert.fail(), 2), Object.keys(v2.paths));
  assert.deepEqual(named(two.get(9) ?? assert.fail(), 1), Object.keys(v2.definitions));
  for (const name of ['api/v1', 'apis/apps/v1', 'version']) {
    const three = await bodyOf(`/openapi/v3/${name}`, protobufV3);
    const document = v3.get(name);
    assert.deepEqual(named(three.get(4) ?? assert.fail(), 1), Object.keys(document.paths));
    const [schemas] = [...fieldsOf(three.get(5) ?? assert.fail())].filter(([number]) => number === 1);
    assert.deepEqual(named(schemas?.[1] ?? assert.fail(), 1), Object.keys(document.components.schemas));
  }
});
