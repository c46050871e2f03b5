// Who owns which fields on a real server: after every kind of write, through subresources, and as the kubectl that people
// have lets them see it.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import type { Owner } from '../../src/api/apply/owners.ts';
import type { KubeObject } from '../../src/api/meta.ts';
import { StatusError } from '../../src/api/status.ts';
import { execute } from '../../src/base/exec.ts';
import { createLog } from '../../src/base/log.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import type { ApiRequest } from '../../src/client/transport.ts';
import { TestServer } from '../controllers/test-server.ts';
import { kubectlPrograms } from './kubectls.ts';

let server: TestServer;
let transport: HttpTransport;
before(async () => {
  server = await TestServer.open();
  transport = new HttpTransport({ ...server.kubeconfig, log: createLog({ level: 'error' }) });
});
after(async () => {
  await transport?.close();
  await server?.close();
});

const core = (plural: string) => ({ group: '', version: 'v1', plural });
const mapNamed = (name: string, content: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  ...content,
});
const request = (rest: Partial<ApiRequest> & { verb: ApiRequest['verb'] }) =>
  transport.request({ resource: core('configmaps'), namespace: 'default', ...rest }) as Promise<KubeObject>;
const applied = (name: string, body: object, fieldManager: string, rest: Partial<ApiRequest> = {}) =>
  request({
    verb: 'patch',
    name,
    body,
    contentType: 'application/apply-patch+yaml',
    ...rest,
    query: { fieldManager, ...rest.query },
  });
const merged = (name: string, body: object, query: Record<string, string> = {}, rest: Partial<ApiRequest> = {}) =>
  request({ verb: 'patch', name, body, contentType: 'application/merge-patch+json', query, ...rest });
const ownersOf = ({ metadata }: KubeObject) =>
  ((metadata.managedFields ?? []) as unknown as Owner[]).map(
    ({ manager, operation, subresource, fieldsV1 }) =>
      `${manager} ${operation}${subresource ? ` ${subresource}` : ''} ${JSON.stringify(fieldsV1)}`,
  );

async function refused(action: Promise<unknown>, code: number, message: RegExp): Promise<StatusError> {
  const error = await action.then(
    () => assert.fail('nothing was refused'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof StatusError, String(error));
  assert.deepEqual([error.code, message.test(error.message)], [code, true], error.message);
  return error;
}

test('an apply creates, changes, and without a difference writes nothing', async () => {
  const created = await applied('one', mapNamed('one', { data: { a: '1' } }), 'm');
  assert.deepEqual(ownersOf(created), ['m Apply {"f:data":{"f:a":{}}}']);
  const again = await applied('one', mapNamed('one', { data: { a: '1' } }), 'm');
  assert.equal(again.metadata.resourceVersion, created.metadata.resourceVersion);
  assert.deepEqual(again.metadata.managedFields, created.metadata.managedFields);
  const changed = await applied('one', mapNamed('one', { data: { b: '2' } }), 'm');
  assert.deepEqual((changed as KubeObject & { data: object }).data, { b: '2' });
  const dry = await applied('one', mapNamed('one', { data: {} }), 'm', { query: { dryRun: 'All' } });
  assert.equal(dry.metadata.resourceVersion, changed.metadata.resourceVersion);
});

test('what the server adds to a list that is owned whole is no difference', async () => {
  const tolerations = [{ key: 'k', operator: 'Exists' }];
  const spec = { schedulerName: 'none', containers: [{ name: 'c', image: 'i' }], tolerations };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pod' }, spec };
  const created = await applied('pod', pod, 'm', { resource: core('pods') });
  const again = await applied('pod', pod, 'm', { resource: core('pods') });
  assert.ok((again as KubeObject & { spec: typeof spec }).spec.tolerations.length > 1);
  assert.equal(again.metadata.resourceVersion, created.metadata.resourceVersion);
});

test('every write is somebody’s: a query names the owner, or else the program does', async () => {
  const created = await request({ verb: 'create', body: mapNamed('two', { data: { a: '1' } }) });
  assert.deepEqual(ownersOf(created), ['wherry Update {"f:data":{".":{},"f:a":{}}}']);
  const patched = await merged('two', { data: { a: '2' }, metadata: { labels: { l: '1' } } }, { fieldManager: 'p' });
  assert.deepEqual(ownersOf(patched), [
    'p Update {"f:data":{"f:a":{}},"f:metadata":{"f:labels":{".":{},"f:l":{}}}}',
    'wherry Update {"f:data":{}}',
  ]);
  const updated = await request({ verb: 'update', name: 'two', body: { ...patched, data: { a: '2', c: '3' } } });
  assert.deepEqual(ownersOf(updated).at(-1), 'wherry Update {"f:data":{".":{},"f:c":{}}}');
  const same = await request({ verb: 'update', name: 'two', body: updated });
  assert.equal(same.metadata.resourceVersion, updated.metadata.resourceVersion);
});

test('a conflict names the owners and fields, and force takes them', async () => {
  await applied('three', mapNamed('three', { data: { a: '1', b: '1' } }), 'm');
  await merged('three', { data: { b: '2' } }, { fieldManager: 'editor' });
  const wanted = mapNamed('three', { data: { a: '3', b: '3' } });
  const { reason, details } = await refused(applied('three', wanted, 'n'), 409, /^Apply failed with 2 conflicts/);
  assert.equal(reason, 'Conflict');
  assert.deepEqual(details?.causes, [
    { reason: 'FieldManagerConflict', message: 'conflict with "editor" using v1', field: '.data.b' },
    { reason: 'FieldManagerConflict', message: 'conflict with "m"', field: '.data.a' },
  ]);
  const forced = await applied('three', wanted, 'n', { query: { force: 'true' } });
  assert.deepEqual(ownersOf(forced), ['n Apply {"f:data":{"f:a":{},"f:b":{}}}']);
});

test('who applies side by side with others loses nothing and takes nothing', async () => {
  const numbers = Array.from({ length: 20 }, (_, n) => `n${n}`);
  const data = Object.fromEntries(numbers.map((n) => [n, n]));
  await Promise.all(numbers.map((n) => applied('many', mapNamed('many', { data: { [n]: n } }), n)));
  const object = await request({ verb: 'get', name: 'many' });
  assert.deepEqual((object as KubeObject & { data: object }).data, data);
  assert.equal(ownersOf(object).length, numbers.length);
  await Promise.all(numbers.map((n) => applied('many', mapNamed('many'), n)));
  const emptied = await request({ verb: 'get', name: 'many' });
  assert.deepEqual([ownersOf(emptied), 'data' in emptied], [[], false]);
});

test('owners can be forgotten, and be read and written back', async () => {
  const created = await applied('four', mapNamed('four', { data: { a: '1' } }), 'm');
  const { managedFields, ...metadata } = created.metadata;
  const untold = await request({ verb: 'update', name: 'four', body: { ...created, metadata } });
  assert.deepEqual(untold.metadata.managedFields, managedFields);
  const operations = [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }];
  const contentType = 'application/json-patch+json';
  const forgotten = await request({ verb: 'patch', name: 'four', body: operations, contentType });
  assert.deepEqual(ownersOf(forgotten), []);
  assert.deepEqual(ownersOf(await merged('four', { data: { b: '1' } })), [], 'until somebody applies');
  await refused(applied('four', mapNamed('four', { data: { a: '2' } }), 'n'), 409, /"before-first-apply" using v1/);
  const badly = [{ op: 'add', path: '/metadata/managedFields', value: [{ manager: 'x', operation: 'Nope' }] }];
  await refused(request({ verb: 'patch', name: 'four', body: badly, contentType }), 422, /must be `Apply` or `Update`/);
});

test('status and scale are owned through their own doors', async () => {
  const resource = { group: 'apps', version: 'v1', plural: 'deployments' };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 0,
      paused: true,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
    status: { replicas: 9 },
  };
  const created = await applied('web', deployment, 'm', { resource });
  assert.ok(!ownersOf(created).join().includes('f:status'), 'an apply of the object owns no status');
  const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'web' }, spec: { replicas: 1 } };
  const through = { resource, subresource: 'scale' };
  await refused(applied('web', scale, 's', through), 409, /conflict with "m": .spec.replicas$/);
  await applied('web', scale, 's', { ...through, query: { force: 'true' } });
  await merged('web', { spec: { replicas: 2 } }, { fieldManager: 'u' }, through);
  const status = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    status: { collisionCount: 1 },
  };
  await applied('web', { ...status, spec: { replicas: 7 } }, 'st', { resource, subresource: 'status' });
  const object = await request({ verb: 'get', name: 'web', resource });
  assert.equal((object as KubeObject & { spec: { replicas: number } }).spec.replicas, 2);
  const owners = ownersOf(object);
  assert.ok(owners.includes('u Update scale {"f:spec":{"f:replicas":{}}}'), owners.join('\n'));
  assert.ok(owners.includes('st Apply status {"f:status":{"f:collisionCount":{}}}'), owners.join('\n'));
  assert.ok(!owners.some((owner) => owner.startsWith('s Apply')), 'taken by the update');
  await refused(applied('none', status, 'st', { resource, subresource: 'status' }), 400, /does not match the name/);
});

test('what cannot be applied is refused with the reason', async () => {
  const map = mapNamed('five', { data: { a: '1' } });
  const pod = (spec: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'five' }, spec });
  const inPods = { resource: core('pods') };
  const twice = [{ name: 'c' }, { name: 'c' }];
  await refused(applied('five', map, ''), 422, /fieldManager: Required value: is required for apply patch/);
  await refused(applied('five', map, 'x'.repeat(129)), 422, /fieldManager: Too long/);
  await refused(applied('five', map, 'x\n'), 422, /should only contain printable characters/);
  await refused(merged('five', map, { force: 'true' }), 422, /force: Forbidden: may not be specified for non-apply/);
  await refused(applied('five', { ...map, apiVersion: 'v2' }, 'm'), 400, /invalid object type: \/v2, Kind=ConfigMap$/);
  await refused(applied('six', map, 'm'), 400, /\(five\) does not match the name on the URL \(six\)/);
  await refused(applied('five', mapNamed(''), 'm'), 400, /name must be provided/);
  await refused(applied('five', { ...map, metadata: { name: 'five', managedFields: [] } }, 'm'), 400, /must be nil/);
  const ghost = { ...map, metadata: { name: 'five', uid: 'x' } };
  await refused(applied('five', ghost, 'm'), 409, /uid mismatch: the provided object specified uid x, and no/);
  const fault = (text: string) =>
    new RegExp(`^failed to create typed patch object \\(/five; /v1, Kind=Pod\\): ${text}`);
  await refused(applied('five', pod({ foo: 1 }), 'm', inPods), 500, fault('.spec.foo: field not declared in schema'));
  await refused(applied('five', pod({ containers: twice }), 'm', inPods), 500, fault('.*duplicate entries for key'));
  await refused(applied('five', pod({ priority: 'x' }), 'm', inPods), 500, fault('.*expected numeric'));
  await refused(applied('five', map, 'm', { contentType: 'application/apply-patch+cbor' }), 415, /apply-patch\+yaml/);
  await refused(request({ verb: 'get', name: 'five' }), 404, /not found/);
});

for (const program of await kubectlPrograms()) {
  const version = /v[\d.]+[\w-]*/.exec(await execute(program, ['version', '--client']))?.[0];

  describe(`kubectl ${version}`, () => {
    const name = `web-${Math.random().toString(36).slice(2, 8)}`;
    const kubectl = (...args: string[]) => execute(program, ['--kubeconfig', server.kubeconfigFile, ...args]);
    const refusedBy = (...args: string[]) =>
      kubectl(...args).then(
        () => assert.fail('not refused'),
        (error: Error) => error.message,
      );
    const file = async (image: string) => {
      const path = join(server.directory, `${name}.yaml`);
      const spec = {
        replicas: 0,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image }] } },
      };
      await writeFile(path, stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec }));
      return path;
    };

    test('goes over from client-side apply, and others conflict', async () => {
      await kubectl('apply', '-f', await file('one'));
      const told = await kubectl('apply', '--server-side', '-f', await file('two'));
      assert.equal(told.trim(), `deployment.apps/${name} serverside-applied`);
      assert.match(await kubectl('apply', 'view-last-applied', 'deployment', name), /image: two/);
      const conflict = await refusedBy('apply', '--server-side', '--field-manager=x', '-f', await file('three'));
      assert.match(
        conflict,
        /Apply failed with 1 conflict: conflict with "kubectl": .spec.template.spec.containers\[name="c"\].image/,
      );
      const forced = ['apply', '--server-side', '--field-manager=x', '--force-conflicts'];
      await kubectl(...forced, '-f', await file('three'));
      const diff = ['diff', '--server-side', '--field-manager=x', '-f'];
      assert.equal(await kubectl(...diff, await file('three')), '');
      assert.match(await refusedBy(...diff, await file('four')), /ended with 1/);
      const shown = await kubectl('get', 'deployment', name, '-o', 'yaml');
      assert.ok(shown.includes('image: three') && !shown.includes('managedFields'));
      assert.match(await kubectl('get', 'deployment', name, '-o', 'yaml', '--show-managed-fields'), /manager: x/);
      await kubectl('delete', 'deployment', name);
    });
  });
}
