// Deployments on a real server, pods played: rollouts keep their promises at every moment and read as Kubernetes'.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Deployment, deployments } from '../../src/api/kinds/deployment.ts';
import { events } from '../../src/api/kinds/event.ts';
import { isPodReady, type Pod, pods } from '../../src/api/kinds/pod.ts';
import { type ReplicaSet, replicaSets } from '../../src/api/kinds/replica-set.ts';
import { controllerOf } from '../../src/api/meta.ts';
import { isPodActive } from '../../src/api/pod-availability.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server, {
    isBroken: ({ spec }) => spec.containers.some(({ image }) => image === 'broken'),
  });
  await agents.start('one', 'two', 'three');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

const namespace = 'default';
const template = (name: string, image: string) => ({
  metadata: { labels: { app: name } },
  spec: { containers: [{ name: 'main', image }] },
});

function create(name: string, spec: Partial<Deployment['spec']>): Promise<Deployment> {
  return server.client.create(deployments, {
    metadata: { name, namespace },
    spec: { selector: { matchLabels: { app: name } }, template: template(name, 'nginx:1'), ...spec },
  });
}

function change(name: string, spec: object): Promise<Deployment> {
  return server.client.patch(deployments, { name, namespace }, { spec });
}

const isOf = (name: string) => (object: Pod | ReplicaSet) => object.metadata.labels?.app === name;
const reasonOf = ({ status }: Deployment, type: string) => status.conditions?.find((c) => c.type === type)?.reason;

/** The deployment says that all of its present spec is there and available. */
function complete(name: string): Promise<Deployment> {
  return server.when(`${name} complete`, deployments, (all) =>
    all.find(({ metadata, spec, status }) => {
      const wanted = spec.replicas ?? 1;
      return (
        metadata.name === name &&
        status.observedGeneration === metadata.generation &&
        (status.updatedReplicas ?? 0) === wanted &&
        (status.availableReplicas ?? 0) === wanted &&
        (status.replicas ?? 0) === wanted
      );
    }),
  );
}

test('thirty pods come up in one go, on all nodes alike', async () => {
  await create('many', { replicas: 30 });
  const deployment = await complete('many');
  const own = (await server.list(pods)).filter(isOf('many'));
  assert.equal(own.length, 30, 'never one too many');
  const perNode = Object.groupBy(own, ({ spec }) => spec.nodeName ?? '');
  assert.deepEqual(
    Object.entries(perNode)
      .map(([node, on]) => [node, on?.length])
      .sort(),
    [
      ['one', 10],
      ['three', 10],
      ['two', 10],
    ],
  );
  const [set] = (await server.list(replicaSets)).filter(isOf('many'));
  const hash = set?.metadata.labels?.['pod-template-hash'];
  assert.equal(set?.metadata.name, `many-${hash}`);
  assert.equal(set?.spec.selector.matchLabels?.['pod-template-hash'], hash);
  for (const pod of own) {
    assert.match(pod.metadata.name, new RegExp(`^many-${hash}-[a-z0-9]{5}$`));
    assert.equal(controllerOf(pod)?.uid, set?.metadata.uid);
  }
  assert.equal(reasonOf(deployment, 'Available'), 'MinimumReplicasAvailable');
  const done = await server.when('progressed', deployments, (all) =>
    all.find((d) => d.metadata.name === 'many' && reasonOf(d, 'Progressing') === 'NewReplicaSetAvailable'),
  );
  assert.equal(done.metadata.annotations?.['deployment.kubernetes.io/revision'], '1');
  // What happens to one object all the time is told a handful of times at once, and then seldom.
  await server.when(
    'events',
    events,
    (all) =>
      all.some(
        ({ reason, message }) =>
          reason === 'ScalingReplicaSet' && message === `Scaled up replica set many-${hash} from 0 to 30`,
      ) &&
      all.filter(({ reason, message }) => reason === 'SuccessfulCreate' && /^Created pod: many-/.test(message ?? ''))
        .length === 25,
  );
});

test('each loop tells of its queue', async () => {
  const told = await server.kubectl('get', '--raw', '/metrics');
  for (const name of ['deployment', 'replicaset', 'endpoints', 'node-lifecycle']) {
    assert.match(told, new RegExp(`^workqueue_depth{name="${name}"} \\d+$`, 'm'));
    assert.match(told, new RegExp(`^workqueue_work_duration_seconds_count{name="${name}"} [1-9]`, 'm'));
  }
});

test('a rolling update never has too many pods nor too few available ones', async () => {
  await create('rolling', {
    replicas: 10,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '30%', maxUnavailable: '20%' } },
  });
  await complete('rolling');
  const all = await server.informer(pods);
  const broken: string[] = [];
  let watching = true;
  all.onChange(() => {
    if (!watching) return;
    const active = all.list().filter(isOf('rolling')).filter(isPodActive);
    const available = active.filter(isPodReady).length;
    if (active.length > 13) broken.push(`${active.length} pods`);
    if (available < 8) broken.push(`${available} available`);
  });
  await change('rolling', { template: template('rolling', 'nginx:2') });
  await complete('rolling');
  await change('rolling', { template: template('rolling', 'nginx:3') });
  await change('rolling', { template: template('rolling', 'nginx:4') });
  const deployment = await complete('rolling');
  watching = false;
  assert.deepEqual(broken, []);
  assert.equal(deployment.metadata.annotations?.['deployment.kubernetes.io/revision'], '4');
  const images = all
    .list()
    .filter(isOf('rolling'))
    .filter(isPodActive)
    .map(({ spec }) => spec.containers[0]?.image);
  assert.deepEqual(new Set(images), new Set(['nginx:4']));
});

test('kubectl rolls out, undoes and scales, and sees how it went', async () => {
  await create('kubectl', { replicas: 3 });
  assert.match(await server.kubectl('rollout', 'status', 'deployment/kubectl'), /successfully rolled out/);
  await server.kubectl('set', 'image', 'deployment/kubectl', 'main=nginx:2');
  assert.match(await server.kubectl('rollout', 'status', 'deployment/kubectl'), /successfully rolled out/);
  await server.kubectl('rollout', 'undo', 'deployment/kubectl');
  assert.match(await server.kubectl('rollout', 'status', 'deployment/kubectl'), /successfully rolled out/);
  const history = await server.kubectl('rollout', 'history', 'deployment/kubectl');
  assert.match(history, /REVISION.*\n2 .*\n3 /, 'the first revision has become the third');
  await server.kubectl('scale', 'deployment/kubectl', '--replicas=5');
  await complete('kubectl');
  await server.kubectl('scale', 'deployment/kubectl', '--replicas=0');
  await server.when('none left', pods, (all) => !all.some(isOf('kubectl')));
  await server.when('told', events, (all) =>
    all.some(({ message }) => /^Scaled down .* kubectl-\S+ from 5 to 0/.test(message ?? '')),
  );
  assert.match(
    await server.kubectl('describe', 'deployment/kubectl'),
    /Scaled down replica set kubectl-\S+ from 5 to 0/,
  );
});

test('a rollout that cannot succeed keeps the old pods and says so', async () => {
  await create('stuck', { replicas: 4, progressDeadlineSeconds: 2 });
  await complete('stuck');
  await change('stuck', { template: template('stuck', 'broken') });
  const overdue = await server.when('the deadline', deployments, (all) =>
    all.find((d) => d.metadata.name === 'stuck' && reasonOf(d, 'Progressing') === 'ProgressDeadlineExceeded'),
  );
  assert.equal(overdue.status.availableReplicas, 3);
  await assert.rejects(server.kubectl('rollout', 'status', 'deployment/stuck'), /exceeded its progress deadline/);
  await change('stuck', { template: template('stuck', 'nginx:1') });
  await complete('stuck');
});

test('a paused deployment scales but does not roll', async () => {
  await create('paused', { replicas: 2 });
  await complete('paused');
  await server.kubectl('rollout', 'pause', 'deployment/paused');
  await change('paused', { replicas: 4, template: template('paused', 'nginx:2') });
  await server.when('scaled', deployments, (all) =>
    all.find(({ metadata, status }) => metadata.name === 'paused' && status.availableReplicas === 4),
  );
  const sets = (await server.list(replicaSets)).filter(isOf('paused'));
  assert.equal(sets.length, 1, 'no set of the new template');
  await server.kubectl('rollout', 'resume', 'deployment/paused');
  await complete('paused');
});

test('Recreate ends the old pods before it makes new ones', async () => {
  await create('recreate', { replicas: 3, strategy: { type: 'Recreate' } });
  await complete('recreate');
  const all = await server.informer(pods);
  let mixed = 0;
  all.onChange(() => {
    const images = new Set(
      all
        .list()
        .filter(isOf('recreate'))
        .map(({ spec }) => spec.containers[0]?.image),
    );
    if (images.size > 1) mixed += 1;
  });
  await change('recreate', { template: template('recreate', 'nginx:2') });
  await complete('recreate');
  assert.equal(mixed, 0);
});

test('old sets beyond the history limit go', async () => {
  await create('history', { replicas: 1, revisionHistoryLimit: 1 });
  await complete('history');
  for (const version of [2, 3, 4]) {
    await change('history', { template: template('history', `nginx:${version}`) });
    await complete('history');
  }
  const left = await server.when('two sets', replicaSets, (sets) => {
    const own = sets.filter(isOf('history'));
    return own.length === 2 && own;
  });
  const images = left.map(({ spec }) => spec.template.spec?.containers[0]?.image).sort();
  assert.deepEqual(images, ['nginx:3', 'nginx:4']);
});

test('a server that is killed amid a rollout leaves what the spec says', async () => {
  await create('crash', { replicas: 12 });
  await complete('crash');
  await change('crash', { template: template('crash', 'nginx:2') });
  await server.when('amid', deployments, (all) =>
    all.some(({ metadata, status }) => metadata.name === 'crash' && (status.updatedReplicas ?? 0) > 3),
  );
  await server.kill();
  await server.start();
  await complete('crash');
  await server.when('exactly twelve', pods, (all) => {
    const own = all.filter(isOf('crash'));
    return own.length === 12 && own.every((pod) => pod.spec.containers[0]?.image === 'nginx:2');
  });
});
