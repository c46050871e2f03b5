// What people see of deployments with the oldest and the newest kubectl: rollout status, history, undo, pause and restart,
// scale, describe, wait; and nodes that are cordoned and drained by what budgets allow.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isPodReady, type Pod, pods } from '../../src/api/kinds/pod.ts';
import { isPodActive } from '../../src/api/pod-availability.ts';
import { Shell } from '../api/kubectl-family.ts';
import { oldestAndNewest } from '../api/kubectls.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server, { isBroken: ({ spec }) => spec.containers[0]?.image === 'broken' });
  await agents.start('n1', 'n2');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

const deployment = (name: string, replicas: number, more: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'nginx:1' }] } },
    ...more,
  },
});

for (const { program, minor } of await oldestAndNewest()) {
  describe(`kubectl 1.${minor}`, () => {
    const shell = new Shell(program, minor, () => server);
    before(() => shell.open());
    after(() => shell.close());

    test('a deployment is rolled out, looked into, undone, paused, restarted and scaled', async () => {
      await shell.run('apply', '-f', await shell.file(deployment('web', 3)));
      const status = () => shell.run('rollout', 'status', 'deploy/web', '--timeout=30s');
      assert.match(await status(), /deployment "web" successfully rolled out/);
      await shell.run('set', 'image', 'deploy/web', 'main=nginx:2');
      await shell.run('annotate', 'deploy/web', 'kubernetes.io/change-cause=second');
      await status();
      assert.match(await shell.run('rollout', 'history', 'deploy/web'), /REVISION.*\n1 +<none>\n2 +second/);
      assert.match(await shell.run('rollout', 'history', 'deploy/web', '--revision=1'), /Image:\s+nginx:1/);
      assert.match(await shell.run('rollout', 'undo', 'deploy/web'), /rolled back/);
      await status();
      assert.match(await shell.run('rollout', 'history', 'deploy/web'), /REVISION.*\n2 +second\n3 /);
      await shell.run('rollout', 'pause', 'deploy/web');
      await shell.run('set', 'image', 'deploy/web', 'main=nginx:3');
      assert.match(await shell.run('describe', 'deploy', 'web'), /Progressing +Unknown +DeploymentPaused/);
      assert.match(await shell.refused('rollout', 'undo', 'deploy/web'), /paused/);
      await shell.run('rollout', 'resume', 'deploy/web');
      await status();
      await shell.run('rollout', 'restart', 'deploy/web');
      await status();
      await shell.run('scale', 'deploy/web', '--replicas=4', '--current-replicas=3');
      await shell.run('wait', '--for=condition=Available', 'deploy/web', '--timeout=30s');
      await status();
      assert.match(await shell.run('get', 'deploy', 'web'), /web +4\/4 +4 +4 /);
      const told = await shell.run('describe', 'deploy', 'web');
      assert.match(told, /Replicas: +4 desired \| 4 updated \| 4 total \| 4 available \| 0 unavailable/);
      assert.match(told, /RollingUpdateStrategy: +25% max unavailable, 25% max surge/);
      assert.match(told, /Available +True +MinimumReplicasAvailable\n +Progressing +True +NewReplicaSetAvailable/);
      assert.match(told, /NewReplicaSet: +web-\S+ \(4\/4 replicas created\)/);
      assert.match(
        told,
        /Normal +ScalingReplicaSet .*deployment-controller +Scaled up replica set web-\S+ (from 0 )?to 3/,
      );
    });

    test('a rollout that makes no progress is told as failed, and what holds it back', async () => {
      await shell.run('apply', '-f', await shell.file(deployment('stuck', 2)));
      await shell.run('rollout', 'status', 'deploy/stuck', '--timeout=30s');
      await shell.run('patch', 'deploy', 'stuck', '-p', '{"spec":{"progressDeadlineSeconds":1}}');
      await shell.run('set', 'image', 'deploy/stuck', 'main=broken');
      const said = await shell.refused('rollout', 'status', 'deploy/stuck', '--timeout=30s');
      assert.match(said, /deployment "stuck" exceeded its progress deadline/);
      assert.match(await shell.run('describe', 'deploy', 'stuck'), /Progressing +False +ProgressDeadlineExceeded/);
      await shell.run('delete', 'deploy', 'stuck', '--wait=false');
    });

    test('a node is cordoned, and drained one pod after the other as a budget has it', async () => {
      await shell.run('apply', '-f', await shell.file(deployment('guarded', 4)));
      // Kubernetes no longer serves the version in which the oldest one would make it.
      const budget = { minAvailable: 3, selector: { matchLabels: { app: 'guarded' } } };
      const made = {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'guarded' },
        spec: budget,
      };
      await shell.run('apply', '-f', await shell.file(made));
      await shell.run('rollout', 'status', 'deploy/guarded', '--timeout=30s');
      const isOurs = ({ metadata }: Pod) =>
        metadata.namespace === shell.namespace && metadata.labels?.app === 'guarded';
      const all = await server.informer(pods);
      let fewest = 4;
      all.onChange(() => {
        const serving = all.list().filter((pod) => isOurs(pod) && isPodActive(pod) && isPodReady(pod)).length;
        fewest = Math.min(fewest, serving);
      });
      await shell.run('cordon', 'n1');
      assert.match(await shell.run('get', 'node', 'n1'), /n1 +Ready,SchedulingDisabled/);
      assert.match(await shell.run('describe', 'node', 'n1'), /node.kubernetes.io\/unschedulable:NoSchedule/);
      assert.match(await shell.run('drain', 'n1', '--timeout=25s'), /evicting pod[\s\S]*node\/n1 (drained|evicted)/);
      const left = all.list().filter((pod) => pod.spec.nodeName === 'n1' && isPodActive(pod));
      assert.deepEqual(left, []);
      assert.equal(fewest, 3, 'never fewer than the budget has, and one at a time');
      await shell.run('uncordon', 'n1');
      assert.match(await shell.run('get', 'pdb', 'guarded'), /guarded +3 +N\/A +\d/);
      await shell.run('delete', 'deploy', '--all', '--wait=false');
      await server.when(
        'nothing left',
        pods,
        (present) => !present.some((pod) => pod.metadata.namespace === shell.namespace),
      );
    });
  });
}
