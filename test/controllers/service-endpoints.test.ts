// What stands behind services, on a real server: slices follow the pods at once, both forms say the same.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type EndpointSlice, endpointSlices, serviceNameLabel } from '../../src/api/kinds/endpoint-slice.ts';
import { endpoints } from '../../src/api/kinds/endpoints.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { services } from '../../src/api/kinds/service.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server, { endAfterMs: 500 });
  await agents.start('one', 'two', 'three');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

const namespace = 'default';

function createPod(app: string, name: string, port = 8080): Promise<Pod> {
  return server.client.create(pods, {
    metadata: { name, namespace, labels: { app } },
    spec: { containers: [{ name: 'main', image: 'nginx', ports: [{ name: 'http', containerPort: port }] }] },
  });
}

function createService(app: string, spec: object = {}) {
  const ports = [{ name: 'web', port: 80, targetPort: 'http' }];
  return server.client.create(services, {
    metadata: { name: app, namespace },
    spec: { selector: { app }, ports, ...spec },
  });
}

const slicesOf = (app: string, all: EndpointSlice[]) =>
  all.filter(({ metadata }) => metadata.labels?.[serviceNameLabel] === app);
const pointsOf = (app: string, all: EndpointSlice[]) => slicesOf(app, all).flatMap((slice) => slice.endpoints);

test('a service without pods has one empty slice', async () => {
  const service = await createService('empty');
  const [slice] = await server.when('slice', endpointSlices, (all) => {
    const own = slicesOf('empty', all);
    return own.length === 1 && own;
  });
  assert.deepEqual(slice?.endpoints, []);
  assert.match(slice?.metadata.name ?? '', /^empty-[a-z0-9]{5}$/);
  assert.equal(slice?.metadata.ownerReferences?.[0]?.uid, service.metadata.uid);
  assert.equal(slice?.metadata.labels?.['endpointslice.kubernetes.io/managed-by'], 'endpointslice-controller.k8s.io');
});

test('a pod that begins to end is not ready from the next moment, and still serving', async () => {
  await createService('web');
  const names = Array.from({ length: 6 }, (_, index) => `web-${index}`);
  await Promise.all(names.map((name) => createPod('web', name)));
  const points = await server.when('all ready', endpointSlices, (all) => {
    const own = pointsOf('web', all);
    return own.length === names.length && own.every(({ conditions }) => conditions?.ready) && own;
  });
  const [first] = slicesOf('web', await server.list(endpointSlices));
  assert.deepEqual(first?.ports, [{ name: 'web', port: 8080, protocol: 'TCP' }]);
  assert.deepEqual(points.map(({ targetRef }) => targetRef?.name).sort(), names);
  await server.when('the older form', endpoints, (all) =>
    all.some(({ metadata, subsets }) => metadata.name === 'web' && subsets?.[0]?.addresses?.length === names.length),
  );
  const endingMs = new Map<string, number>();
  (await server.informer(pods)).onChange(({ object }) => {
    const { name = '', deletionTimestamp } = object?.metadata ?? {};
    if (deletionTimestamp && !endingMs.has(name)) endingMs.set(name, performance.now());
  });
  const [last, ...going] = names;
  const writeBeforeMs = await server.writeMs();
  const tookMs: number[] = [];
  for (const name of going) {
    await server.client.delete(pods, { namespace, name });
    const ending = await server.when(`${name} not ready`, endpointSlices, (all) =>
      pointsOf('web', all).find(({ targetRef, conditions }) => targetRef?.name === name && !conditions?.ready),
    );
    tookMs.push(performance.now() - (endingMs.get(name) ?? 0));
    assert.deepEqual(ending.conditions, { ready: false, serving: true, terminating: true });
  }
  // The middle one: what else the machine has to do delays some.
  const middleMs = tookMs.sort((a, b) => a - b)[2] ?? 0;
  const writeMs = Math.max(writeBeforeMs, await server.writeMs());
  assert.ok(middleMs < 40 * writeMs, `${middleMs} ms, a write ${writeMs}`);
  const left = await server.when('gone', endpointSlices, (all) => {
    const own = pointsOf('web', all);
    return own.length === 1 && own;
  });
  assert.equal(left[0]?.targetRef?.name, last);
});

test('a headless service that publishes everybody, and a port that differs between pods', async () => {
  await createService('mixed', { clusterIP: 'None', publishNotReadyAddresses: true });
  await createPod('mixed', 'mixed-1', 8080);
  await createPod('mixed', 'mixed-2', 9090);
  const slices = await server.when('two slices', endpointSlices, (all) => {
    const own = slicesOf('mixed', all);
    return own.length === 2 && own.every((slice) => slice.endpoints.length === 1) && own;
  });
  assert.deepEqual(slices.map((slice) => slice.ports?.[0]?.port).sort(), [8080, 9090]);
  for (const { metadata } of slices) assert.equal(metadata.labels?.['service.kubernetes.io/headless'], '');
});

test('more than a hundred pods fill more than one slice, and leave none behind with the service', async () => {
  await createService('crowd');
  await Promise.all(Array.from({ length: 130 }, (_, index) => createPod('crowd', `crowd-${index}`)));
  const slices = await server.when('all in', endpointSlices, (all) => {
    const own = slicesOf('crowd', all);
    return pointsOf('crowd', all).length === 130 && own;
  });
  for (const slice of slices) assert.ok(slice.endpoints.length <= 100);
  const uids = new Set(pointsOf('crowd', slices).map(({ targetRef }) => targetRef?.uid));
  assert.equal(uids.size, 130, 'nobody twice');
  await server.client.delete(services, { namespace, name: 'crowd' });
  await server.when('no slices', endpointSlices, (all) => slicesOf('crowd', all).length === 0);
  await server.when('no endpoints', endpoints, (all) => !all.some(({ metadata }) => metadata.name === 'crowd'));
});

test('services without a selector are left alone: that of the API itself, and that of DNS', async () => {
  // (A server that only its own host reaches names no endpoint of the API either.)
  const all = await server.list(endpointSlices);
  for (const service of ['kubernetes', 'kube-dns']) assert.deepEqual(slicesOf(service, all), []);
  const dns = await server.client.get(services, { namespace: 'kube-system', name: 'kube-dns' });
  assert.equal(dns.spec.clusterIP, '10.43.0.10');
  assert.equal(dns.metadata.labels?.['k8s-app'], 'kube-dns');
  const ports = (dns.spec.ports ?? []).map(({ name, protocol, port }) => `${name} ${protocol} ${port}`);
  assert.deepEqual(ports, ['dns UDP 53', 'dns-tcp TCP 53']);
});
