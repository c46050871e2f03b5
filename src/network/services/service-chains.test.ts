import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterSettings } from '../../api/cluster-settings.ts';
import { endpointSlices } from '../../api/kinds/endpoint-slice.ts';
import { nodes } from '../../api/kinds/node.ts';
import { type Service, services } from '../../api/kinds/service.ts';
import { systemClock } from '../../base/clock.ts';
import { createLog } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import { Informer } from '../../client/informer.ts';
import { ServiceChains } from './service-chains.ts';
import { ServiceProxy } from './service-proxy.ts';

const settings = clusterSettings({
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/12',
  clusterDomain: 'cluster.local',
});
const log = createLog({ level: 'error', part: 'test' });
const client = {} as Client;
const { signal } = new AbortController();

const service = (index: number) =>
  ({
    metadata: { namespace: 'shop', name: `s${index}` },
    spec: { clusterIP: `10.97.${index >> 8}.${index & 255}`, ports: [{ port: 80, protocol: 'TCP' }] },
    status: {},
  }) as unknown as Service;

function makeChains() {
  const all = new Informer({ client, kind: services, log });
  const slices = new Informer({ client, kind: endpointSlices, log });
  const node = { settings, nodeAddress: '192.0.2.11', podCidr: '10.244.1.0/24' };
  const known = new Informer({ client, kind: nodes, log });
  known.assume([]);
  const sources = { services: all, slices, nodes: known, slicesOf: () => [] };
  const proxy = new ServiceProxy({ nodeName: 'a', ...sources, clock: systemClock, onUdpWritten() {} });
  return { all, slices, proxy, chains: new ServiceChains(proxy, node) };
}

/** How many rules bear a name, of those that changed. */
const named = (chains: ServiceChains) =>
  [...chains.takeChanges()].flatMap(({ lines = [] }) => lines).filter((line) => line.includes('--comment')).length;

test('rules bear names as long as there are not too many of them', async () => {
  const { all, slices, proxy, chains } = makeChains();
  all.assume(Array.from({ length: 1_000 }, (_, index) => service(index)));
  slices.assume([]);
  assert.equal(named(chains), 0, 'nothing is said before all is known');
  await proxy.run({ hasRules: false, onChange() {} }, signal);
  assert.equal(named(chains), 1_000);
  all.assume([service(1_000)]);
  assert.equal(named(chains), 0);
});

test('also where there are too many from the first', async () => {
  const { all, slices, proxy, chains } = makeChains();
  all.assume(Array.from({ length: 2_000 }, (_, index) => service(index)));
  slices.assume([]);
  assert.deepEqual([...chains.takeChanges()], []);
  await proxy.run({ hasRules: false, onChange() {} }, signal);
  const changes = [...chains.takeChanges()];
  assert.equal(changes.flatMap(({ lines = [] }) => lines).filter((line) => line.includes('REJECT')).length, 2_000);
  assert.ok(!changes.some(({ lines = [] }) => lines.join().includes('--comment')));
});
