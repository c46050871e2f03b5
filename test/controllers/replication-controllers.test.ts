// ReplicationControllers on a real server, pods played: they keep their pods as ReplicaSets do, and kubectls old and new see it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { replicationControllers } from '../../src/api/kinds/replication-controller.ts';
import { controllerOf } from '../../src/api/meta.ts';
import { isPodActive } from '../../src/api/pod-availability.ts';
import { Shell } from '../api/kubectl-family.ts';
import { oldestAndNewest } from '../api/kubectls.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server);
  await agents.start('one');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

const namespace = 'default';
const template = (name: string) => ({
  metadata: { labels: { app: name } },
  spec: { containers: [{ name: 'main', image: 'nginx:1' }] },
});
const create = (name: string, replicas: number) =>
  server.client.create(replicationControllers, {
    metadata: { name, namespace },
    spec: { replicas, template: template(name) },
  });
const isOf = (name: string) => (pod: Pod) => pod.metadata.labels?.app === name && isPodActive(pod);
const ready = (name: string, replicas: number) =>
  server.when(`${name} ready`, replicationControllers, (all) =>
    all.find(
      ({ metadata, status }) =>
        metadata.name === name && status.replicas === replicas && (status.readyReplicas ?? 0) === replicas,
    ),
  );

test('a pod without a controller is adopted, one whose labels no longer fit is let go and replaced', async () => {
  const waif = await server.client.create(pods, {
    metadata: { name: 'waif', namespace, labels: { app: 'keep' } },
    spec: template('keep').spec,
  });
  const { metadata } = await create('keep', 2);
  await ready('keep', 2);
  const own = (await server.list(pods)).filter(isOf('keep'));
  assert.equal(own.length, 2);
  assert.ok(
    own.some(({ metadata: { uid } }) => uid === waif.metadata.uid),
    'the waif is one of them',
  );
  assert.ok(own.every((pod) => controllerOf(pod)?.uid === metadata.uid));
  await server.client.patch(pods, waif.metadata, { metadata: { labels: { app: 'free' } } });
  await server.when('replaced', pods, (all) => {
    const free = all.find((pod) => pod.metadata.uid === waif.metadata.uid);
    return free && !controllerOf(free) && all.filter(isOf('keep')).length === 2;
  });
});

test('a server that is killed amid scaling makes neither too many nor too few', async () => {
  await create('crash', 3);
  await ready('crash', 3);
  let most = 0;
  const all = await server.informer(pods);
  all.onChange(() => {
    most = Math.max(most, all.list().filter(isOf('crash')).length);
  });
  await server.client.patch(replicationControllers, { name: 'crash', namespace }, { spec: { replicas: 20 } });
  await server.when('amid', pods, (list) => list.filter(isOf('crash')).length > 4);
  await server.kill();
  await server.start();
  await ready('crash', 20);
  await server.when('all seen', pods, (list) => list.filter(isOf('crash')).length === 20);
  assert.equal(most, 20);
  await server.client.delete(replicationControllers, { name: 'crash', namespace }, { propagationPolicy: 'Background' });
  await server.when('gone', pods, (list) => !list.some((pod) => pod.metadata.labels?.app === 'crash'));
});

for (const { program, minor } of await oldestAndNewest()) {
  describe(`kubectl 1.${minor}`, () => {
    const shell = new Shell(program, minor, () => server);
    before(() => shell.open());
    after(() => shell.close());

    test('one is made, scaled, described and deleted with its pods', async () => {
      const object = {
        apiVersion: 'v1',
        kind: 'ReplicationController',
        metadata: { name: 'web' },
        spec: { replicas: 1, template: template('web') },
      };
      assert.equal(await shell.run('apply', '-f', await shell.file(object)), 'replicationcontroller/web created\n');
      await shell.run('scale', 'rc/web', '--replicas=3', '--timeout=20s');
      await server.when('ready', replicationControllers, (all) =>
        all.some((rc) => rc.metadata.namespace === shell.namespace && rc.status.readyReplicas === 3),
      );
      assert.match(await shell.run('get', 'rc'), /^NAME +DESIRED +CURRENT +READY +AGE\nweb +3 +3 +3 /);
      const told = await shell.run('describe', 'rc', 'web');
      assert.match(told, /Replicas: +3 current \/ 3 desired\nPods Status: +3 Running \/ 0 Waiting/);
      assert.match(told, /Normal +SuccessfulCreate .*replication-controller +Created pod: web-/);
      await shell.run('delete', 'rc', 'web');
      await server.when('gone', pods, (all) => !all.some((pod) => pod.metadata.namespace === shell.namespace));
    });
  });
}
