// What people do with workloads, by the oldest and the newest kubectl, with containers that really run: rollouts, stateful sets
// with claims, daemon sets, jobs, drained nodes, quotas, objects of autoscalers.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Pod } from '../../src/api/kinds/pod.ts';
import { oldestAndNewest } from '../api/kubectls.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { Cluster } from './cluster.ts';

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.open();
});
after(async () => {
  await cluster?.close();
});

/** It has a shell to look around with, and ends when it is told to. */
const patient = { name: 'main', image: busyboxImage, command: ['sh', '-c', 'trap exit TERM; sleep 9999 & wait'] };
const workload = (kind: string, name: string, spec: object = {}, container: object = {}) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ ...patient, ...container }] } },
    ...spec,
  },
});

for (const { program, minor } of await oldestAndNewest()) {
  describe(`kubectl 1.${minor}`, () => {
    const namespace = `kubectl-1-${minor}`;
    const runWith = async (input: string | undefined, ...args: string[]): Promise<string> => {
      const flags = ['--kubeconfig', cluster.kubeconfig, '--namespace', namespace];
      const { stdout } = await cluster.master.host.exec(program, [...flags, ...args], {
        ...(input !== undefined && { input }),
        timeoutMs: 120_000,
      });
      return stdout;
    };
    const run = (...args: string[]) => runWith(undefined, ...args);
    const apply = (object: object) => runWith(JSON.stringify(object), 'apply', '-f', '-');
    const rolledOut = (what: string) => run('rollout', 'status', what, '--timeout=90s');
    const allPodsOf = async (name: string): Promise<Pod[]> =>
      (JSON.parse(await run('get', 'pods', '-l', `app=${name}`, '-o', 'json')) as { items: Pod[] }).items;
    const podsOf = async (name: string): Promise<Pod[]> =>
      (await allPodsOf(name)).filter(({ metadata }) => !metadata.deletionTimestamp);
    /** Also those that a rollout is done with and that still end: kubectl may take one of them for the deployment's. */
    const noneEnds = async (name: string) =>
      await waitUntil(`former pods of ${name} gone`, async () =>
        (await allPodsOf(name)).every(({ metadata }) => !metadata.deletionTimestamp),
      );
    const colorIn = async (pod: string) => (await run('exec', pod, '--', 'sh', '-c', 'echo $COLOR')).trim();

    before(() => run('create', 'namespace', namespace));
    after(() => run('delete', 'namespace', namespace));

    test('a deployment is rolled out, undone, paused, restarted and scaled', async () => {
      await apply(workload('Deployment', 'web', { replicas: 2 }));
      assert.match(await rolledOut('deploy/web'), /deployment "web" successfully rolled out/);
      await run('set', 'env', 'deploy/web', 'COLOR=blue');
      await rolledOut('deploy/web');
      await noneEnds('web');
      assert.equal(await colorIn('deploy/web'), 'blue');
      assert.match(await run('rollout', 'history', 'deploy/web', '--revision=2'), /COLOR:\s+blue/);
      assert.match(await run('rollout', 'undo', 'deploy/web'), /rolled back/);
      await rolledOut('deploy/web');
      await waitUntil('former pods gone', async () => (await podsOf('web')).length === 2);
      for (const { metadata } of await podsOf('web')) assert.equal(await colorIn(metadata.name), '');
      await run('rollout', 'pause', 'deploy/web');
      await run('set', 'env', 'deploy/web', 'COLOR=red');
      assert.match(await run('describe', 'deploy', 'web'), /Progressing +Unknown +DeploymentPaused/);
      await run('rollout', 'resume', 'deploy/web');
      await rolledOut('deploy/web');
      await noneEnds('web');
      assert.equal(await colorIn('deploy/web'), 'red');
      await run('rollout', 'restart', 'deploy/web');
      await rolledOut('deploy/web');
      await run('scale', 'deploy/web', '--replicas=3', '--current-replicas=2');
      await rolledOut('deploy/web');
      assert.match(await run('get', 'deploy', 'web'), /web +3\/3 +3 +3 /);
    });

    test('a stateful set keeps what its pods wrote, over deletion, restart and scaling', async () => {
      const volumeClaimTemplates = [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
        },
      ];
      const container = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
      await apply(workload('StatefulSet', 'db', { serviceName: 'db', replicas: 2, volumeClaimTemplates }, container));
      assert.match(await rolledOut('sts/db'), /partitioned roll out complete: 2 new pods/);
      for (const pod of ['db-0', 'db-1']) await run('exec', pod, '--', 'sh', '-c', 'hostname >/data/name');
      await run('delete', 'pod', 'db-0');
      await rolledOut('sts/db');
      await run('wait', '--for=condition=Ready', 'pod/db-0', '--timeout=60s');
      await run('rollout', 'restart', 'sts/db');
      await rolledOut('sts/db');
      for (const pod of ['db-0', 'db-1']) assert.equal(await run('exec', pod, '--', 'cat', '/data/name'), `${pod}\n`);
      await run('scale', 'sts/db', '--replicas=3');
      await rolledOut('sts/db');
      assert.match(await run('get', 'pvc'), /data-db-0 +Bound [\s\S]*data-db-1 +Bound [\s\S]*data-db-2 +Bound /);
      await run('delete', 'sts', 'db');
      await run('delete', 'pvc', '--all');
    });

    test('a daemon set is on each node, and is rolled out and undone', async () => {
      await apply(workload('DaemonSet', 'logs'));
      assert.match(await rolledOut('ds/logs'), /daemon set "logs" successfully rolled out/);
      await run('set', 'env', 'ds/logs', 'COLOR=blue');
      await rolledOut('ds/logs');
      const nodes = (await podsOf('logs')).map(({ spec }) => spec.nodeName);
      assert.deepEqual(nodes.sort(), ['a', 'b']);
      for (const { metadata } of await podsOf('logs')) assert.equal(await colorIn(metadata.name), 'blue');
      assert.match(await run('rollout', 'undo', 'ds/logs'), /rolled back/);
      await rolledOut('ds/logs');
      for (const { metadata } of await podsOf('logs')) assert.equal(await colorIn(metadata.name), '');
    });

    test('a node is drained as a budget has it, and what its daemon sets run stays', async () => {
      await apply({
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'web' },
        spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
      });
      assert.match(await run('cordon', 'b'), /node\/b cordoned/);
      const said = await run('drain', 'b', '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=90s');
      assert.match(said, /node\/b (drained|evicted)/);
      await rolledOut('deploy/web');
      assert.deepEqual([...new Set((await podsOf('web')).map(({ spec }) => spec.nodeName))], ['a']);
      assert.equal((await podsOf('logs')).length, 2);
      assert.match(await run('uncordon', 'b'), /node\/b uncordoned/);
      await run('delete', 'ds', 'logs');
    });

    test('jobs are made, waited for and read, by cron jobs, too', async () => {
      await run('create', 'job', 'once', `--image=${busyboxImage}`, '--', 'echo', 'done once');
      await run('wait', '--for=condition=complete', 'job/once', '--timeout=60s');
      assert.equal(await run('logs', 'job/once'), 'done once\n');
      const container = { name: 'main', image: busyboxImage, command: ['echo', 'on time'] };
      const template = { spec: { restartPolicy: 'Never', containers: [container] } };
      const spec = { schedule: '0 0 1 1 *', jobTemplate: { spec: { template } } };
      await apply({ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'yearly' }, spec });
      // Kubernetes no longer serves the version of cron jobs that the oldest one speaks.
      if (minor < 21) return;
      await run('create', 'job', 'now', '--from=cronjob/yearly');
      await run('wait', '--for=condition=complete', 'job/now', '--timeout=60s');
      assert.equal(await run('logs', 'job/now'), 'on time\n');
    });

    test('a quota holds, and is told; an autoscaler is kept', async () => {
      const inUse = (await podsOf('web')).length;
      await run('create', 'quota', 'few', `--hard=pods=${inUse + 2}`);
      await apply(workload('Deployment', 'many', { replicas: 5 }));
      await waitUntil('as many as may be', async () => (await podsOf('many')).length === 2);
      await waitUntil('its word', async () =>
        /exceeded quota: few/.test(await run('describe', 'rs', '-l', 'app=many')),
      );
      await waitUntil('its count', async () =>
        new RegExp(`pods +${inUse + 2} +${inUse + 2}`).test(await run('describe', 'quota', 'few')),
      );
      await run('autoscale', 'deployment', 'web', '--min=1', '--max=4', '--cpu-percent=50');
      assert.match(await run('get', 'hpa', 'web'), /web +Deployment\/web +\S.* 1 +4 +\d/);
    });
  });
}
