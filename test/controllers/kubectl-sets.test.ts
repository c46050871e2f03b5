// What people see of stateful and daemon sets, with the oldest and the newest kubectl: rollout status, history, undo and
// restart, scale, describe, wait and drain.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pods } from '../../src/api/kinds/pod.ts';
import { Shell } from '../api/kubectl-family.ts';
import { oldestAndNewest } from '../api/kubectls.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server);
  await agents.start('n1', 'n2', 'n3');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

const workload = (kind: string, name: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'nginx:1' }] } },
    ...spec,
  },
});

for (const { program, minor } of await oldestAndNewest()) {
  describe(`kubectl 1.${minor}`, () => {
    const shell = new Shell(program, minor, () => server);
    before(() => shell.open());
    after(() => shell.close());
    const gone = (name: string) =>
      server.when(`${name} gone`, pods, (all) => !all.some(({ metadata }) => metadata.name === name));

    test('a stateful set is rolled out, looked into, undone and scaled', async () => {
      const set = workload('StatefulSet', 'db', { serviceName: 'db', replicas: 2 });
      await shell.run('apply', '-f', await shell.file(set));
      assert.match(
        await shell.run('rollout', 'status', 'sts/db'),
        /partitioned roll out complete: 2 new pods have been updated/,
      );
      await shell.run('annotate', 'sts/db', 'kubernetes.io/change-cause=second');
      await shell.run('set', 'image', 'sts/db', 'main=nginx:2');
      assert.match(await shell.run('rollout', 'status', 'sts/db'), /complete: 2 new pods have been updated/);
      assert.match(await shell.run('rollout', 'history', 'sts/db'), /REVISION.*\n1 .*\n2 +second/);
      assert.match(await shell.run('rollout', 'history', 'sts/db', '--revision=1'), /Image:\s+nginx:1/);
      assert.match(await shell.run('rollout', 'undo', 'sts/db'), /rolled back/);
      await shell.run('rollout', 'status', 'sts/db');
      assert.equal(await shell.run('get', 'pod', 'db-1', '-o', 'jsonpath={.spec.containers[0].image}'), 'nginx:1');
      assert.match(await shell.run('rollout', 'history', 'sts/db'), /REVISION.*\n2 .*\n3 /);
      await shell.run('rollout', 'undo', 'sts/db', '--to-revision=2');
      await shell.run('rollout', 'status', 'sts/db');
      assert.equal(await shell.run('get', 'pod', 'db-0', '-o', 'jsonpath={.spec.containers[0].image}'), 'nginx:2');
      await shell.run('rollout', 'restart', 'sts/db');
      await shell.run('rollout', 'status', 'sts/db');
      await shell.run('scale', 'sts/db', '--replicas=3');
      await shell.run('rollout', 'status', 'sts/db');
      await shell.run('wait', '--for=condition=Ready', 'pod/db-2', '--timeout=20s');
      assert.match(await shell.run('get', 'sts', 'db'), /db +3\/3/);
      await shell.run('scale', 'sts/db', '--replicas=1');
      await gone('db-1');
      const told = await shell.run('describe', 'sts', 'db');
      assert.match(told, /Replicas: +1 desired \| \d total/);
      assert.match(told, /Update Strategy: +RollingUpdate\n +Partition: +0/);
      assert.match(
        told,
        /Normal +SuccessfulCreate .*statefulset-controller +create Pod db-0 in StatefulSet db successful/,
      );
      assert.match(told, /Normal +SuccessfulDelete .*delete Pod db-2 in StatefulSet db successful/);
      assert.match(await shell.run('get', 'controllerrevisions'), /db-\S+ +statefulset.apps\/db +4/);
      await shell.run('delete', 'sts', 'db');
      await gone('db-0');
    });

    test('a daemon set is rolled out, looked into and undone, and a node is drained of all else', async () => {
      await shell.run('apply', '-f', await shell.file(workload('DaemonSet', 'logs')));
      assert.match(await shell.run('rollout', 'status', 'ds/logs'), /daemon set "logs" successfully rolled out/);
      await shell.run('set', 'image', 'ds/logs', 'main=nginx:2');
      assert.match(await shell.run('rollout', 'status', 'ds/logs'), /successfully rolled out/);
      assert.match(await shell.run('rollout', 'history', 'ds/logs'), /REVISION.*\n1 .*\n2 /);
      assert.match(await shell.run('rollout', 'history', 'ds/logs', '--revision=2'), /Image:\s+nginx:2/);
      assert.match(await shell.run('rollout', 'undo', 'ds/logs'), /rolled back/);
      await shell.run('rollout', 'status', 'ds/logs');
      const images = await shell.run(
        'get',
        'pods',
        '-l',
        'app=logs',
        '-o',
        'jsonpath={.items[*].spec.containers[0].image}',
      );
      assert.equal(images, 'nginx:1 nginx:1 nginx:1');
      await shell.run('rollout', 'restart', 'ds/logs');
      await shell.run('rollout', 'status', 'ds/logs');
      assert.match(await shell.run('get', 'ds'), /logs +3 +3 +3 +3 +3 +<none>/);
      const told = await shell.run('describe', 'ds', 'logs');
      assert.match(told, /Desired Number of Nodes Scheduled: 3\nCurrent Number of Nodes Scheduled: 3/);
      assert.match(
        told,
        /Number of Nodes Scheduled with Up-to-date Pods: 3\nNumber of Nodes Scheduled with Available Pods: 3/,
      );
      assert.match(told, /Pods Status: +3 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed/);
      assert.match(told, /Normal +SuccessfulCreate .*daemonset-controller +Created pod: logs-/);
      assert.match(await shell.refused('drain', 'n2', '--timeout=20s'), /DaemonSet-managed Pods/);
      assert.match(await shell.run('drain', 'n2', '--ignore-daemonsets', '--timeout=20s'), /drained/);
      await shell.run('uncordon', 'n2');
      await shell.run('delete', 'ds', 'logs');
    });
  });
}
