// A node's own word about itself, against the real server: it stands until others doubt it, and is then said again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { nodeReadiness, nodes } from '../../src/api/kinds/node.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLog } from '../../src/base/log.ts';
import type { Client } from '../../src/client/client.ts';
import { observeHost } from '../../src/node/host-facts.ts';
import { Registration } from '../../src/node/registration.ts';
import { TestServer } from '../controllers/test-server.ts';

let server: TestServer;
const stop = new AbortController();
before(async () => {
  server = await TestServer.open();
});
after(async () => {
  stop.abort(new Error('the test is over'));
  await server?.close();
});

const describe = async (name: string) => ({
  name,
  address: '192.0.2.7',
  agentPort: 10250,
  volumesDir: '/volumes',
  runtimeVersion: 'docker://28.1.0',
  facts: await observeHost('/tmp', { reserve: {}, maxPods: 110 }),
  images: () => [],
});
const log = createLog({ level: 'error' });

test('a node that was taken for lost says at once that it is not', async () => {
  const { client } = server;
  const options = { client, description: await describe('n1'), clock: systemClock, log };
  const registration = new Registration(options, 'being set up');
  (await server.informer(nodes)).onChange(({ object }) => object && registration.observe(object));
  await registration.register();
  void registration.run(stop.signal);
  registration.setProblem('start', undefined);
  const readyAs = (status: string) =>
    server.when(`Ready ${status}`, nodes, (all) => all.find((node) => nodeReadiness(node)?.status === status), 5_000);
  const ready = await readyAs('True');
  assert.equal(ready.metadata.labels?.['kubernetes.io/hostname'], 'n1');
  assert.equal(ready.metadata.annotations?.['wherry.io/local-volumes'], '/volumes');

  const conditions = (ready.status.conditions ?? []).map((condition) => ({ ...condition, status: 'Unknown' }));
  // It does not last: who looks for it afterwards may be too late.
  const doubted = readyAs('Unknown');
  await client.patch(nodes, { name: 'n1' }, { status: { conditions } }, { subresource: 'status' });
  await doubted;
  await readyAs('True');
});

test('what another says of the node at the same moment stays', async () => {
  const { client } = server;
  const theirs = { type: 'KernelDeadlock', status: 'False', reason: 'KernelHasNoDeadlock', message: '' };
  let isFirst = true;
  const overtaken: Client = Object.assign(Object.create(client) as Client, {
    get: async (...asked: Parameters<Client['get']>) => {
      const node = await client.get(...asked);
      if (isFirst)
        await client.patch(nodes, { name: 'n2' }, { status: { conditions: [theirs] } }, { subresource: 'status' });
      isFirst = false;
      return node;
    },
    create: client.create.bind(client),
    patch: client.patch.bind(client),
  });
  const options = { client: overtaken, description: await describe('n2'), clock: systemClock, log };
  const { status } = await new Registration(options, 'being set up').register();
  const types = status.conditions?.map(({ type }) => type);
  assert.deepEqual(types, ['KernelDeadlock', 'MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready']);
});
