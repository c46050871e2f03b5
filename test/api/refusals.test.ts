// What the API refuses, and that nothing of it is stored, breaks another's watch, or stops the master.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import { events } from '../../src/api/kinds/event.ts';
import { leases } from '../../src/api/kinds/lease.ts';
import { namespaces } from '../../src/api/kinds/namespace.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { type Service, services } from '../../src/api/kinds/service.ts';
import { StatusError } from '../../src/api/status.ts';
import { createLog } from '../../src/base/log.ts';
import type { Client, DeleteOptions } from '../../src/client/client.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import type { ApiRequest } from '../../src/client/transport.ts';
import { openAuthority } from '../../src/pki/authority.ts';
import { pairIn } from '../../src/pki/certificate.ts';
import { TestServer } from '../controllers/test-server.ts';

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
const inDefault = { namespace: 'default' };

async function refused(action: Promise<unknown>, code: number, message: RegExp): Promise<void> {
  await assert.rejects(action, (error: unknown) => {
    assert.ok(error instanceof StatusError, String(error));
    assert.deepEqual([error.code, message.test(error.message)], [code, true], error.message);
    return true;
  });
}

const create = (plural: string, body: object): Promise<unknown> =>
  transport.request({ verb: 'create', resource: core(plural), ...inDefault, body });

test('objects of a wrong shape are refused with the field that is wrong', async () => {
  const name = 'x';
  await refused(create('configmaps', { metadata: { name: 5 } }), 400, /number into .*metadata.name of type string/);
  await refused(
    create('configmaps', { metadata: { name }, data: { a: 1 } }),
    400,
    /number into .*data.a of type string/,
  );
  await refused(
    create('configmaps', { metadata: { name, labels: 'a' } }),
    400,
    /string into .*metadata.labels of type map/,
  );
  await refused(
    create('pods', { metadata: { name, ownerReferences: 5 } }),
    400,
    /number into .*ownerReferences of type \[\]/,
  );
  await refused(create('pods', { metadata: { name }, spec: 's' }), 400, /string into .*Pod.spec of type v1.PodSpec/);
  await refused(
    create('pods', { metadata: { name }, spec: { containers: {} } }),
    400,
    /object into .*spec.containers of type \[\]v1.Container/,
  );
  const involvedObject = { kind: 'Pod', namespace: 'elsewhere', name };
  await refused(
    create('events', { metadata: { name }, involvedObject }),
    422,
    /involvedObject.namespace: .*does not match/,
  );
  assert.deepEqual((await server.client.list(events, inDefault)).items, []);
});

test('a field that is there twice is told, or refused, as one that is unknown', async () => {
  const file = join(server.directory, 'twice.json');
  const post = async (name: string, fieldValidation: string) => {
    const query = fieldValidation && `?fieldValidation=${fieldValidation}`;
    await writeFile(file, `{"metadata":{"name":"${name}"},"dta":{},"data":{"a":"1","b":"\\"b","a":"2"}}`);
    return server.kubectl('create', '--raw', `/api/v1/namespaces/default/configmaps${query}`, '-f', file);
  };
  const told = 'strict decoding error: unknown field "dta", duplicate field "data.a"';
  await assert.rejects(post('strict-twice', 'Strict'), (error: Error) => error.message.includes(told));
  await assert.rejects(post('some-twice', 'Some'), /fieldValidation: Unsupported value: "Some"/);
  for (const [name, validation] of [
    ['told-twice', ''],
    ['ignored-twice', 'Ignore'],
  ] as const) {
    const { data } = JSON.parse(await post(name, validation)) as { data: unknown };
    assert.deepEqual(data, { a: '2', b: '"b' });
  }
});

test('a patch cannot make an object that nobody can read, nor another kind of it', async () => {
  await server.client.create(configMaps, { metadata: { name: 'patched', ...inDefault }, data: { a: '1' } });
  const ref = { name: 'patched', ...inDefault };
  await refused(
    server.client.patch(configMaps, ref, { kind: 'Foo' }),
    422,
    /patch: Invalid value: .*converting \(v1.Foo\) to \(ConfigMap\): unknown conversion/,
  );
  const operations = [{ op: 'replace', path: '/metadata/name', value: 7 }];
  await refused(
    server.client.patch(configMaps, ref, operations, { type: 'json' }),
    422,
    /patch: Invalid value: .*number into .*metadata.name of type string/,
  );
  assert.deepEqual((await server.client.get(configMaps, ref)).data, { a: '1' });
});

test('a watch by a field that is unknown is refused at once, and writes go on', async () => {
  const { metadata } = await server.client.list(configMaps, inDefault);
  const options = { ...inDefault, resourceVersion: metadata.resourceVersion, fieldSelector: 'bogus=x' };
  const watch = server.client.watch(configMaps, options, AbortSignal.timeout(5_000))[Symbol.asyncIterator]();
  await refused(watch.next(), 400, /"bogus" is not a known field selector: only "metadata.name"/);
  const ofPods = server.client.list(pods, { ...inDefault, fieldSelector: 'bogus=x' });
  await refused(ofPods, 400, /field label not supported: bogus/);
  await server.client.create(configMaps, { metadata: { name: 'after-the-watch', ...inDefault } });
});

test('a name that is told counts more than one that could be made up', { timeout: 10_000 }, async () => {
  const metadata = { name: 'told', generateName: 'made-up-', ...inDefault };
  assert.equal((await server.client.create(configMaps, { metadata })).metadata.name, 'told');
  await refused(create('configmaps', { metadata }), 409, /"told" already exists/);
});

test('a dry run deletes nothing, asked for in the query or in the body', async () => {
  const ref = { name: 'kept', ...inDefault };
  await server.client.create(configMaps, { metadata: ref });
  const request: ApiRequest = { verb: 'delete', resource: core('configmaps'), ...ref };
  await transport.request({ ...request, query: { dryRun: 'All' } });
  await transport.request({ ...request, body: { dryRun: ['All'] } });
  await refused(transport.request({ ...request, query: { dryRun: 'Some' } }), 422, /dryRun: Unsupported value/);
  await server.client.get(configMaps, ref);
});

test('the namespaces that every cluster has stay', async () => {
  for (const name of ['default', 'kube-system', 'kube-public']) {
    await refused(server.client.delete(namespaces, { name }), 403, /this namespace may not be deleted/);
  }
});

test('what cannot be addressed is refused', async () => {
  const ref = { name: 'kept', ...inDefault };
  const resource = core('configmaps');
  await refused(transport.request({ verb: 'delete', resource, ...ref, subresource: 'status' }), 404, /could not find/);
  await refused(transport.request({ verb: 'create', resource, body: {} }), 405, /not allow/);
  await refused(
    transport.request({ verb: 'create', resource: core('nodes'), ...inDefault, body: {} }),
    404,
    /could not find/,
  );
  const policy = { propagationPolicy: 'Sideways' } as unknown as DeleteOptions;
  await refused(server.client.delete(configMaps, ref, policy), 422, /propagationPolicy: Unsupported value/);
  await server.client.get(configMaps, ref);
});

test('a service that is replaced keeps its address and its node port', async () => {
  const draft = { metadata: { name: 'web', ...inDefault }, spec: { type: 'NodePort' as const, ports: [{ port: 80 }] } };
  const { spec } = await server.client.create(services, draft);
  const replaced = (await transport.request({
    verb: 'update',
    resource: core('services'),
    name: 'web',
    ...inDefault,
    body: draft,
  })) as Service;
  assert.deepEqual(
    [replaced.spec.clusterIP, replaced.spec.ports?.[0]?.nodePort],
    [spec.clusterIP, spec.ports?.[0]?.nodePort],
  );
});

const containers = [{ name: 'main', image: 'nginx:1' }];

test('a bound pod stays where it is bound', async () => {
  await server.client.create(nodes, { metadata: { name: 'n9' } });
  const { metadata } = await server.client.create(pods, {
    metadata: { name: 'bound', ...inDefault },
    spec: { containers, nodeName: 'n9' },
  });
  await refused(
    server.client.patch(pods, metadata, { spec: { nodeName: 'n2' } }),
    422,
    /pod updates may not change fields/,
  );
});

test('a node writes of itself what it may, and nothing else', async () => {
  const ofNode = await clientOfNode('n1');
  await refused(
    ofNode.create(nodes, { metadata: { name: 'n1' }, spec: { podCIDR: '10.42.0.0/17' } }),
    403,
    /is not allowed to choose its pod network/,
  );
  await refused(
    ofNode.create(nodes, { metadata: { name: 'n2' } }),
    403,
    /node "n1" is not allowed to modify node "n2"/,
  );
  const labels = { 'node-role.kubernetes.io/control-plane': '' };
  await refused(
    ofNode.create(nodes, { metadata: { name: 'n1', labels } }),
    403,
    /is not allowed to set the following labels: node-role/,
  );
  await ofNode.create(nodes, { metadata: { name: 'n1', labels: { own: 'label' } } });
  await server.client.create(pods, { metadata: { name: 'own', ...inDefault }, spec: { containers, nodeName: 'n1' } });
  await refused(
    ofNode.patch(nodes, { name: 'n1' }, { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }),
    403,
    /is not allowed to modify taints/,
  );
  await refused(
    ofNode.create(leases, { metadata: { name: 'n2', namespace: 'kube-node-lease' } }),
    403,
    /can only access node lease with the same name/,
  );
  await refused(
    ofNode.patch(
      pods,
      { name: 'own', ...inDefault },
      { metadata: { labels: { app: 'victim' } } },
      { subresource: 'status' },
    ),
    403,
    /cannot update labels through pod status/,
  );
  await refused(ofNode.list(configMaps, inDefault), 403, /cannot list resource "configmaps"/);
});

async function clientOfNode(name: string): Promise<Client> {
  const ca = pairIn(await readFile(`${server.directory}/data/server/pki/ca.pem`, 'utf8'));
  assert.ok(ca);
  const authority = openAuthority(ca);
  const subject = { commonName: `system:node:${name}`, organizations: ['system:nodes'] };
  return server.clientAs(await authority.issue(subject, { usages: ['client'] }));
}
