// Services of type LoadBalancer on a real server: addresses out of a pool, a node for each, another one when that dies.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { events } from '../../src/api/kinds/event.ts';
import { type Service, services } from '../../src/api/kinds/service.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open(['--load-balancer-addresses', '192.0.2.10-192.0.2.11', '--node-grace-period', '2s']);
  agents = new StandInAgent(server, {});
  await agents.start('one', 'two');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

const namespace = 'default';
const create = (name: string, spec: object = {}, at = server) =>
  at.client.create(services, {
    metadata: { name, namespace },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
  });
const announcedBy = ({ metadata }: Service) => metadata.annotations?.['wherry.io/announced-by'];
const when = (what: string, name: string, isSo: (service: Service) => boolean) =>
  server.when(what, services, (all) => all.find((each) => each.metadata.name === name && isSo(each)));
const hasAddress = ({ status }: Service) => status.loadBalancer?.ingress?.[0]?.ip !== undefined;
const ingressOf = ({ status }: Service) => status.loadBalancer?.ingress ?? [];
const event = (reason: string, name: string, at = server) =>
  at.when(`event ${reason}`, events, (all) =>
    all.find((each) => each.reason === reason && each.involvedObject.name === name),
  );

test('each gets an address, and a node that answers for it', async () => {
  await create('first');
  const first = await when('address', 'first', hasAddress);
  assert.deepEqual(ingressOf(first), [{ ip: '192.0.2.10', ipMode: 'VIP' }]);
  await create('second', { loadBalancerIP: '192.0.2.11' });
  const second = await when('address', 'second', hasAddress);
  assert.deepEqual(ingressOf(second), [{ ip: '192.0.2.11', ipMode: 'VIP' }]);
  assert.deepEqual([announcedBy(first), announcedBy(second)].sort(), ['one', 'two']);
  const told = await event('EnsuredLoadBalancer', 'first');
  assert.equal(told.source?.component, 'service-controller');
});

test('one that finds none is told why, and served when another goes; one of another class is left alone', async () => {
  await create('third');
  await create('foreign', { loadBalancerClass: 'example.com/other' });
  const { message } = await event('SyncLoadBalancerFailed', 'third');
  assert.equal(
    message,
    'Error syncing load balancer: failed to ensure load balancer: all addresses of the pool are taken',
  );
  await server.client.delete(services, { namespace, name: 'second' });
  const third = await when('address', 'third', hasAddress);
  assert.deepEqual(ingressOf(third), [{ ip: '192.0.2.11', ipMode: 'VIP' }]);
  const foreign = await server.client.get(services, { namespace, name: 'foreign' });
  assert.deepEqual([ingressOf(foreign), announcedBy(foreign)], [[], undefined]);
});

test('a service that becomes another type gives back what it had', async () => {
  const third = await server.client.get(services, { namespace, name: 'third' });
  await server.client.patch(services, third.metadata, { spec: { type: 'ClusterIP' } });
  await when(
    'nothing left',
    'third',
    (service) => ingressOf(service).length === 0 && announcedBy(service) === undefined,
  );
});

test('an address is kept over a kill of the server, and moves away from a node that dies', async () => {
  await server.kill();
  await server.start();
  const first = await when('address', 'first', hasAddress);
  assert.deepEqual(ingressOf(first), [{ ip: '192.0.2.10', ipMode: 'VIP' }]);
  const holder = announcedBy(first) ?? '';
  agents.silence(holder);
  const moved = await when('another node', 'first', (service) => announcedBy(service) !== holder);
  assert.deepEqual(ingressOf(moved), [{ ip: '192.0.2.10', ipMode: 'VIP' }]);
});

test('without a pool nobody takes away the port by which the nodes reach each other', async () => {
  const poolless = await TestServer.open();
  try {
    await create('greedy', { ports: [{ port: 8472, protocol: 'UDP' }] }, poolless);
    const { message } = await event('SyncLoadBalancerFailed', 'greedy', poolless);
    assert.match(message ?? '', /port 8472\/UDP is the nodes' own/);
  } finally {
    await poolless.close();
  }
});
