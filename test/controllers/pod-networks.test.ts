// Networks for the pods of nodes, on a real server whose range has room for three: each node gets its own, none is ever given twice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { events } from '../../src/api/kinds/event.ts';
import { type Node, nodes } from '../../src/api/kinds/node.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
before(async () => {
  server = await TestServer.open(['--cluster-cidr', '10.42.0.0/22']);
});
after(() => server?.close());

const join = (name: string, spec: Node['spec'] = {}) => server.client.create(nodes, { metadata: { name }, spec });
const leave = (name: string) => server.client.delete(nodes, { name });
const networkOf = (name: string, uid?: string) =>
  server.when(
    `network of ${name}`,
    nodes,
    (all) =>
      all.find(({ metadata, spec }) => metadata.name === name && (!uid || metadata.uid === uid) && spec.podCIDR)?.spec,
  );
const given = async () => (await server.client.list(nodes)).items.map(({ spec }) => spec.podCIDR);

test('every node gets a network of its own, the first that is free; who brings one keeps it', async () => {
  await join('brought', { podCIDR: '10.42.1.0/24', podCIDRs: ['10.42.1.0/24'] });
  await Promise.all(['one', 'two'].map((name) => join(name)));
  const specs = await Promise.all(['one', 'two', 'brought'].map((name) => networkOf(name)));
  assert.deepEqual(specs.map(({ podCIDR }) => podCIDR).sort(), ['10.42.0.0/24', '10.42.1.0/24', '10.42.2.0/24']);
  for (const { podCIDR, podCIDRs } of specs) assert.deepEqual(podCIDRs, [podCIDR]);
});

test('a server that was killed gives none again', async () => {
  await server.kill();
  await server.start();
  await join('after');
  assert.equal((await networkOf('after')).podCIDR, '10.42.3.0/24');
});

test('where none is left the node is told so, and gets the first that comes free', async () => {
  await join('too-many');
  const told = await server.when('told', events, (all) =>
    all.find(({ involvedObject, reason }) => involvedObject?.name === 'too-many' && reason === 'CIDRNotAvailable'),
  );
  assert.equal(told.message, 'Node too-many status is now: CIDRNotAvailable');
  assert.equal((await server.client.get(nodes, { name: 'too-many' })).spec.podCIDR, undefined);
  await leave('brought');
  assert.equal((await networkOf('too-many')).podCIDR, '10.42.1.0/24');
});

test('nodes that come and go at once leave no network with two', async () => {
  for (let turn = 0; turn < 5; turn++) {
    const names = ['one', 'two', 'after'];
    await Promise.all(names.map(leave));
    const joined = await Promise.all(names.map((name) => join(name)));
    await Promise.all(joined.map(({ metadata }) => networkOf(metadata.name, metadata.uid)));
    assert.deepEqual((await given()).sort(), ['10.42.0.0/24', '10.42.1.0/24', '10.42.2.0/24', '10.42.3.0/24']);
  }
});
