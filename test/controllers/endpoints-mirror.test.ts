// Endpoints that somebody keeps by hand, for a service without a selector, on a real server: slices say the same as they do.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type EndpointSlice,
  endpointSlices,
  managedByLabel,
  serviceNameLabel,
} from '../../src/api/kinds/endpoint-slice.ts';
import { type Endpoints, endpoints } from '../../src/api/kinds/endpoints.ts';
import { services } from '../../src/api/kinds/service.ts';
import { TestServer } from './test-server.ts';

const namespace = 'default';
const ports = [{ port: 5432, protocol: 'TCP' as const }];
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
let server: TestServer;
before(async () => {
  server = await TestServer.open();
});
after(() => server?.close());

const slicesOf = (name: string, all: EndpointSlice[]) =>
  all.filter(({ metadata }) => metadata.labels?.[serviceNameLabel] === name);
/** Addresses in the order of the object, those that are not ready with a mark. */
const addressesOf = (name: string, all: EndpointSlice[]) =>
  slicesOf(name, all).flatMap((slice) =>
    slice.endpoints.map(({ addresses: [address], conditions }) => `${address}${conditions?.ready ? '' : '!'}`),
  );
const mirrored = (name: string, ...addresses: string[]) =>
  server.when(`${name}: ${addresses}`, endpointSlices, (all) => {
    const isSo = addressesOf(name, all).join() === addresses.join();
    return isSo && slicesOf(name, all).every(({ metadata }) => !metadata.deletionTimestamp) && slicesOf(name, all);
  });

const createService = (name: string, spec: object = {}) =>
  server.client.create(services, { metadata: { name, namespace }, spec: { ports, ...spec } });

function keep(name: string, address: string, labels: Record<string, string> = {}): Promise<Endpoints> {
  const subsets = [{ addresses: [{ ip: address }], ports }];
  return server.client.create(endpoints, { metadata: { name, namespace, labels }, subsets });
}

const change = (name: string, patch: object) => server.client.patch(endpoints, { namespace, name }, patch);

test('a slice follows its endpoints: made, changed, made anew when somebody deletes it, and gone with them', async () => {
  await createService('by-hand');
  const made = await keep('by-hand', '192.0.2.1', { team: 'db' });
  const [first] = await mirrored('by-hand', '192.0.2.1');
  assert.deepEqual(first?.metadata.labels, {
    team: 'db',
    [serviceNameLabel]: 'by-hand',
    [managedByLabel]: 'endpointslicemirroring-controller.k8s.io',
  });
  assert.equal(first.metadata.ownerReferences?.[0]?.uid, made.metadata.uid);
  assert.deepEqual(first.ports, [{ name: '', port: 5432, protocol: 'TCP' }]);
  const subsets = [{ addresses: [{ ip: '192.0.2.2' }], notReadyAddresses: [{ ip: '192.0.2.3' }], ports }];
  await change('by-hand', { subsets });
  const [second] = await mirrored('by-hand', '192.0.2.2', '192.0.2.3!');
  assert.equal(second?.metadata.uid, first.metadata.uid, 'the same slice');
  await server.client.delete(endpointSlices, first.metadata);
  await server.when('made anew', endpointSlices, (all) =>
    slicesOf('by-hand', all).some(({ metadata }) => metadata.uid !== first.metadata.uid),
  );
  await mirrored('by-hand', '192.0.2.2', '192.0.2.3!');
  await server.client.delete(endpoints, made.metadata);
  await mirrored('by-hand');
});

test('what somebody writes into a mirror does not stay', async () => {
  await createService('defended');
  await keep('defended', '192.0.2.1');
  const [slice] = await mirrored('defended', '192.0.2.1');
  const forged = [{ addresses: ['192.0.2.66'], conditions: { ready: true } }];
  const written = await server.client.patch(endpointSlices, slice?.metadata ?? { name: '' }, { endpoints: forged });
  await server.when('as it was', endpointSlices, (all) =>
    all.some(
      ({ metadata, endpoints: [point] }) =>
        metadata.uid === written.metadata.uid &&
        metadata.resourceVersion !== written.metadata.resourceVersion &&
        point?.addresses[0] === '192.0.2.1',
    ),
  );
});

test('endpoints come before their service, go with it, and those who ask not to be are not mirrored', async () => {
  await keep('early', '192.0.2.1');
  const made = await createService('early');
  await mirrored('early', '192.0.2.1');
  await change('early', { metadata: { labels: { [skipLabel]: 'true' } } });
  await mirrored('early');
  await change('early', { metadata: { labels: { [skipLabel]: null } } });
  await mirrored('early', '192.0.2.1');
  await server.client.delete(services, made.metadata);
  await mirrored('early');
});

test('a service that gets a selector is no longer mirrored: the other controller writes for it', async () => {
  await createService('changing');
  await keep('changing', '192.0.2.1');
  await mirrored('changing', '192.0.2.1');
  await server.client.patch(services, { namespace, name: 'changing' }, { spec: { selector: { app: 'nobody' } } });
  await server.when('only that of the other', endpointSlices, (all) => {
    const managers = slicesOf('changing', all).map(({ metadata }) => metadata.labels?.[managedByLabel]);
    return managers.join() === 'endpointslice-controller.k8s.io';
  });
});

test('a server that is killed in between makes up for it and makes no slice twice', async () => {
  await createService('crashed');
  await keep('crashed', '192.0.2.1');
  const [before] = await mirrored('crashed', '192.0.2.1');
  await change('crashed', { subsets: [{ addresses: [{ ip: '192.0.2.9' }], ports }] });
  await server.kill();
  await server.start();
  const [after] = await mirrored('crashed', '192.0.2.9');
  assert.equal(after?.metadata.uid, before?.metadata.uid);
});
