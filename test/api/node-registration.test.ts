// A node's own word about itself, against the real server: it stands until others doubt it, and is then said again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { nodeReadiness, nodes } from '../../src/api/kinds/node.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLog } from '../../src/base/log.ts';
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

test('a node that was taken for lost says at once that it is not', async () => {
  const description = {
    name: 'n1',
    address: '192.0.2.7',
    agentPort: 10250,
    volumesDir: '/volumes',
    runtimeVersion: 'docker://28.1.0',
    facts: await observeHost('/tmp', { reserve: {}, maxPods: 110 }),
    images: () => [],
  };
  const { client } = server;
  const registration = new Registration(
    { client, description, clock: systemClock, log: createLog({ level: 'error' }) },
    'being set up',
  );
  (await server.informer(nodes)).onChange(({ object }) => object && registration.observe(object));
  await registration.register();
  void registration.run(stop.signal);
  registration.setProblem(undefined);
  const readyAs = (status: string) =>
    server.when(`Ready ${status}`, nodes, (all) => all.find((node) => nodeReadiness(node)?.status === status), 5_000);
  const ready = await readyAs('True');
  assert.equal(ready.metadata.labels?.['kubernetes.io/hostname'], 'n1');
  assert.equal(ready.metadata.annotations?.['wherry.io/local-volumes'], '/volumes');

  const conditions = (ready.status.conditions ?? []).map((condition) => ({ ...condition, status: 'Unknown' }));
  await client.patch(nodes, { name: 'n1' }, { status: { conditions } }, { subresource: 'status' });
  await readyAs('Unknown');
  await readyAs('True');
});
