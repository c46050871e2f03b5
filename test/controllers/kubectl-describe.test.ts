// What `kubectl describe` and `rollout status` say of workloads that stand still in the midst of a change, to the oldest and the
// newest kubectl: the words are kubectl's, what they say is the controllers'.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { daemonSets } from '../../src/api/kinds/daemon-set.ts';
import { deployments } from '../../src/api/kinds/deployment.ts';
import type { Kind } from '../../src/api/kinds/kind.ts';
import { podDisruptionBudgets } from '../../src/api/kinds/pod-disruption-budget.ts';
import { replicationControllers } from '../../src/api/kinds/replication-controller.ts';
import { statefulSets } from '../../src/api/kinds/stateful-set.ts';
import type { KubeObject } from '../../src/api/meta.ts';
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

const templateOf = (name: string, image: string) => ({
  metadata: { labels: { app: name } },
  spec: { containers: [{ name: 'main', image }] },
});
const surging = (maxSurge: number | string) => ({
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable: 0 } },
});

for (const { program, minor } of await oldestAndNewest()) {
  describe(`kubectl 1.${minor}`, () => {
    const shell = new Shell(program, minor, () => server);
    const { namespace } = shell;
    before(() => shell.open());
    after(() => shell.close());

    const make = (kind: Kind, name: string, image: string, spec: object = {}) => {
      const selector = kind === (replicationControllers as Kind) ? { app: name } : { matchLabels: { app: name } };
      const draft = { metadata: { name, namespace }, spec: { selector, template: templateOf(name, image), ...spec } };
      return server.client.create<KubeObject>(kind, draft);
    };
    const breakIt = (kind: Kind, name: string) =>
      server.client.patch(kind, { name, namespace }, { spec: { template: templateOf(name, 'broken') } });
    /** Its status has these counts. */
    const shows = <T extends KubeObject>(kind: Kind<T>, name: string, counts: object) =>
      server.when(`${name} ${JSON.stringify(counts)}`, kind, (all) =>
        all.some(({ metadata, ...rest }) => {
          const { status = {} } = rest as { status?: Record<string, unknown> };
          const isIt = metadata.name === name && metadata.namespace === namespace;
          return isIt && Object.entries(counts).every(([count, value]) => (status[count] ?? 0) === value);
        }),
      );
    const rollout = (what: string) => shell.run('rollout', 'status', what, '--watch=false');
    const told = (...what: string[]) => shell.run('describe', ...what);

    test('a deployment: what it waits for, its sets, and in which order they were scaled', async () => {
      await make(deployments, 'never', 'broken', { replicas: 3 });
      await make(deployments, 'one', 'nginx', { replicas: 3, ...surging(1) });
      await make(deployments, 'all', 'nginx', { replicas: 3, ...surging('100%') });
      await shows(deployments, 'never', { updatedReplicas: 3, unavailableReplicas: 3 });
      for (const name of ['one', 'all']) {
        await shows(deployments, name, { availableReplicas: 3, updatedReplicas: 3 });
        await breakIt(deployments, name);
      }
      await shows(deployments, 'one', {
        updatedReplicas: 1,
        replicas: 4,
        unavailableReplicas: 1,
        observedGeneration: 2,
      });
      await shows(deployments, 'all', {
        updatedReplicas: 3,
        replicas: 6,
        unavailableReplicas: 3,
        observedGeneration: 2,
      });
      const waiting = (name: string) => `Waiting for deployment "${name}" rollout to finish: `;
      assert.equal(await rollout('deploy/never'), `${waiting('never')}0 of 3 updated replicas are available...\n`);
      assert.equal(await rollout('deploy/one'), `${waiting('one')}1 out of 3 new replicas have been updated...\n`);
      assert.equal(await rollout('deploy/all'), `${waiting('all')}3 old replicas are pending termination...\n`);
      const text = await told('deploy', 'one');
      assert.match(text, /Annotations: +deployment.kubernetes.io\/revision: 2\nSelector: +app=one\n/);
      assert.match(text, /Replicas: +3 desired \| 1 updated \| 4 total \| 3 available \| 1 unavailable\n/);
      assert.match(
        text,
        /StrategyType: +RollingUpdate\nMinReadySeconds: +0\nRollingUpdateStrategy: +0 max unavailable, 1 max surge/,
      );
      assert.match(text, /Available +True +MinimumReplicasAvailable\n +Progressing +True +ReplicaSetUpdated\n/);
      assert.match(
        text,
        /OldReplicaSets: +one-\S+ \(3\/3 replicas created\)\nNewReplicaSet: +one-\S+ \(1\/1 replicas created\)/,
      );
      const from = minor < 24 ? '(from 0 )?' : 'from 0 ';
      const scaled = (to: number) =>
        `ScalingReplicaSet .*deployment-controller +Scaled up replica set one-\\S+ ${from}to ${to}\n`;
      assert.match(text, new RegExp(`Normal +${scaled(3)} +Normal +${scaled(1)}`));
      assert.match(await told('deploy', 'never'), /Available +False +MinimumReplicasUnavailable\n/);
    });

    test('the sets of a deployment, and one that stands for itself', async () => {
      const sets = await told('rs', '-l', 'app=one');
      const [former = ''] = sets.split(/\n\n\n/).filter((text) => /desired-replicas: 3[\s\S]*revision: 1\n/.test(text));
      assert.match(former, /Selector: +app=one,pod-template-hash=(\S+)\nLabels: +app=one\n +pod-template-hash=\1\n/);
      assert.match(
        former,
        /max-replicas: 4\n[\s\S]*Controlled By: +Deployment\/one\nReplicas: +3 current \/ 3 desired\n/,
      );
      assert.match(former, /Pods Status: +3 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed\n/);
      assert.match(former, /Normal +SuccessfulCreate .*replicaset-controller +Created pod: one-\S+-\S{5}\n/);
      await make(replicationControllers, 'old', 'nginx', { replicas: 2 });
      await shows(replicationControllers, 'old', { availableReplicas: 2 });
      const single = await told('rc', 'old');
      assert.match(single, /Selector: +app=old\nLabels: +app=old\n/);
      assert.match(
        single,
        /Replicas: +2 current \/ 2 desired\nPods Status: +2 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed\n/,
      );
      assert.match(single, /Normal +SuccessfulCreate .*replication-controller +Created pod: old-\S{5}\n/);
    });

    test('a stateful set: whom it waits for, how far a partition lets it go, what it made and deleted', async () => {
      const partitioned = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } };
      await make(statefulSets, 'never', 'broken', { replicas: 2, serviceName: 'x' });
      await make(statefulSets, 'last', 'nginx', { replicas: 2, serviceName: 'x' });
      await make(statefulSets, 'held', 'nginx', { replicas: 2, serviceName: 'x', ...partitioned });
      for (const name of ['last', 'held']) {
        await shows(statefulSets, name, { readyReplicas: 2, updatedReplicas: 2 });
        await breakIt(statefulSets, name);
      }
      await shows(statefulSets, 'never', { replicas: 1 });
      await shows(statefulSets, 'last', { replicas: 2, readyReplicas: 1, updatedReplicas: 1 });
      await shows(statefulSets, 'held', { readyReplicas: 2, updatedReplicas: 0, observedGeneration: 2 });
      assert.equal(await rollout('sts/never'), 'Waiting for 2 pods to be ready...\n');
      assert.equal(await rollout('sts/last'), 'Waiting for 1 pods to be ready...\n');
      assert.equal(await rollout('sts/held'), 'partitioned roll out complete: 0 new pods have been updated...\n');
      const text = await told('sts', 'last');
      assert.match(text, /Selector: +app=last\n/);
      assert.match(text, /Replicas: +2 desired \| 2 total\nUpdate Strategy: +RollingUpdate\n +Partition: +0\n/);
      assert.match(text, /Pods Status: +2 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed\n/);
      assert.match(text, /Volume Claims: +<none>\n/);
      const event = (done: string, pod: string) =>
        ` +Normal +Successful${done} .*statefulset-controller +${done.toLowerCase()} Pod ${pod} in StatefulSet last successful\n`;
      for (const pod of ['last-0', 'last-1']) assert.match(text, new RegExp(event('Create', pod)));
      assert.match(text, new RegExp(event('Delete', 'last-1')));
      assert.match(await told('sts', 'held'), /Partition: +2\n/);
    });

    test('a daemon set: on how many nodes it is, and how far', async () => {
      await make(daemonSets, 'never', 'broken');
      await make(daemonSets, 'half', 'nginx');
      await make(daemonSets, 'by-hand', 'nginx', { updateStrategy: { type: 'OnDelete' } });
      await shows(daemonSets, 'never', { updatedNumberScheduled: 2, numberUnavailable: 2 });
      await shows(daemonSets, 'half', { numberAvailable: 2 });
      await breakIt(daemonSets, 'half');
      const halfway = {
        updatedNumberScheduled: 1,
        numberAvailable: 1,
        currentNumberScheduled: 2,
        observedGeneration: 2,
      };
      await shows(daemonSets, 'half', halfway);
      const waiting = (name: string) => `Waiting for daemon set "${name}" rollout to finish: `;
      assert.equal(await rollout('ds/never'), `${waiting('never')}0 of 2 updated pods are available...\n`);
      assert.equal(await rollout('ds/half'), `${waiting('half')}1 out of 2 new pods have been updated...\n`);
      const refused = await shell.refused('rollout', 'status', 'ds/by-hand');
      assert.match(refused, /rollout status is only available for RollingUpdate strategy type/);
      const text = await told('ds', 'half');
      assert.match(text, /Annotations: +deprecated.daemonset.template.generation: 2\n/);
      const counts = [
        'Desired Number of Nodes Scheduled: 2',
        'Current Number of Nodes Scheduled: 2',
        'Number of Nodes Scheduled with Up-to-date Pods: 1',
        'Number of Nodes Scheduled with Available Pods: 1',
        'Number of Nodes Misscheduled: 0',
      ];
      assert.ok(text.includes(`${counts.join('\n')}\n`), text);
      assert.match(text, /Pods Status: +2 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed\n/);
      assert.match(text, /Normal +SuccessfulCreate .*daemonset-controller +Created pod: half-\S{5}\n/);
      assert.match(text, /Normal +SuccessfulDelete .*daemonset-controller +Deleted pod: half-\S{5}\n/);
    });

    test('a budget: how many are up, how many must be, how many may go', async () => {
      // Kubernetes no longer serves the version of budgets that the oldest one speaks.
      if (minor < 21) return;
      const selector = { matchLabels: { app: 'one' } };
      await server.client.create(podDisruptionBudgets, {
        metadata: { name: 'one', namespace },
        spec: { minAvailable: 2, selector },
      });
      await shows(podDisruptionBudgets, 'one', { disruptionsAllowed: 1 });
      const text = await told('pdb', 'one');
      assert.match(text, /Min available: +2\nSelector: +app=one\nStatus:\n/);
      assert.match(text, /Allowed disruptions: +1\n +Current: +3\n +Desired: +2\n +Total: +4\n/);
    });
  });
}
