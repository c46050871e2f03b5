import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EndpointSlice, endpointSlices } from '../../api/kinds/endpoint-slice.ts';
import { type Node, nodes } from '../../api/kinds/node.ts';
import { type Service, services } from '../../api/kinds/service.ts';
import { systemClock } from '../../base/clock.ts';
import { createLog } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import { Informer } from '../../client/informer.ts';
import { ServiceProxy } from './service-proxy.ts';

const log = createLog({ level: 'error', part: 'test' });
const client = {} as Client;
const { signal } = new AbortController();

const service = {
  metadata: { namespace: 'shop', name: 'web' },
  spec: { clusterIP: '10.97.0.1', ports: [{ port: 80, protocol: 'TCP' }] },
  status: {},
} as unknown as Service;
const inZone = (zone: string, address: string) => ({ addresses: [address], hints: { forZones: [{ name: zone }] } });
const slice = {
  metadata: { namespace: 'shop', name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  ports: [{ name: '', port: 80, protocol: 'TCP' }],
  endpoints: [inZone('z1', '10.0.0.1'), inZone('z2', '10.0.0.2')],
} as unknown as EndpointSlice;
const node = (name: string, zone?: string) =>
  ({ metadata: { name, labels: zone ? { 'topology.kubernetes.io/zone': zone } : {} }, status: {} }) as unknown as Node;

const informers = () => ({
  services: new Informer({ client, kind: services, log }),
  slices: new Informer({ client, kind: endpointSlices, log }),
  nodes: new Informer({ client, kind: nodes, log }),
});

test('services are served by who is near, and otherwise as soon as the node is in another zone', async () => {
  const all = informers();
  all.services.assume([service]);
  all.slices.assume([slice]);
  all.nodes.assume([node('a', 'z1'), node('b', 'z2')]);
  const proxy = new ServiceProxy({
    nodeName: 'a',
    ...all,
    slicesOf: () => [slice],
    clock: systemClock,
    onUdpWritten() {},
  });
  let calls = 0;
  await proxy.run({ hasRules: false, onChange: () => calls++ }, signal);
  const served = () =>
    [...proxy.takeChanged()].map(([key, [frontend]]) => `${key}: ${frontend?.backends.map(({ address }) => address)}`);
  assert.deepEqual(served(), ['shop/web: 10.0.0.1']);
  const before = calls;
  all.nodes.assume([node('b', 'z1')]);
  assert.deepEqual([served(), calls], [[], before], 'where another node is does not matter');
  all.nodes.assume([node('a', 'z2')]);
  assert.deepEqual([served(), calls], [['shop/web: 10.0.0.2'], before + 1]);
  all.nodes.assume([node('a')]);
  assert.deepEqual(served(), ['shop/web: 10.0.0.1,10.0.0.2'], 'in no zone it takes all');
});

test('where the kernel has rules the API is waited for, and when that takes too long what is remembered must do', async () => {
  const all = informers();
  const patience = Promise.withResolvers<void>();
  const clock = { ...systemClock, sleep: () => patience.promise };
  const proxy = new ServiceProxy({ nodeName: 'a', ...all, slicesOf: () => [slice], clock, onUdpWritten() {} });
  const run = proxy.run({ hasRules: true, onChange() {} }, signal);
  all.services.assume([service]);
  all.slices.assume([slice]);
  await new Promise(setImmediate);
  assert.equal(proxy.isComplete, false);
  patience.resolve();
  await new Promise(setImmediate);
  assert.equal(proxy.isComplete, false, 'nothing is remembered of nodes');
  all.nodes.assume([node('a', 'z1')]);
  await run;
  assert.deepEqual([...proxy.takeChanged().keys()], ['shop/web']);
});
