// Daemon sets on a real server, pods played: a pod for every node that is eligible, at every moment and over a crash.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { controllerRevisions } from '../../src/api/kinds/controller-revision.ts';
import { type DaemonSet, daemonSets } from '../../src/api/kinds/daemon-set.ts';
import { events } from '../../src/api/kinds/event.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { isPodReady, type Pod, pods } from '../../src/api/kinds/pod.ts';
import { isBeingDeleted } from '../../src/api/meta.ts';
import { auditPods } from './pod-audit.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server, {
    isBroken: ({ spec }) => spec.containers.some(({ image }) => image === 'broken'),
  });
  await agents.start('n1', 'n2', 'n3', 'n4');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

const namespace = 'default';
const template = (name: string, image: string, spec: object = {}) => ({
  metadata: { labels: { app: name } },
  spec: { containers: [{ name: 'main', image }], ...spec },
});

function create(name: string, spec: Partial<DaemonSet['spec']> = {}): Promise<DaemonSet> {
  return server.client.create(daemonSets, {
    metadata: { name, namespace },
    spec: { selector: { matchLabels: { app: name } }, template: template(name, 'agent:1'), ...spec },
  });
}

const change = (name: string, spec: object) => server.client.patch(daemonSets, { name, namespace }, { spec });
const remove = (name: string) => server.client.delete(daemonSets, { name, namespace });

const isOf = (name: string) => (object: { metadata: Pod['metadata'] }) => object.metadata.labels?.app === name;
const isUp = (pod: Pod) => isPodReady(pod) && !isBeingDeleted(pod);
const imageOf = ({ spec }: Pod) => spec.containers[0]?.image;
const nodesOf = (all: readonly Pod[], name: string) =>
  all
    .filter(isOf(name))
    .filter(isUp)
    .map(({ spec }) => spec.nodeName)
    .sort()
    .join();

/** On so many nodes there is a pod of the present template that is available. */
function complete(name: string, wanted = 4): Promise<DaemonSet> {
  return server.when(`${name} complete`, daemonSets, (all) =>
    all.find(
      ({ metadata, status }) =>
        metadata.name === name &&
        status.observedGeneration === metadata.generation &&
        status.desiredNumberScheduled === wanted &&
        (status.updatedNumberScheduled ?? 0) === wanted &&
        (status.numberAvailable ?? 0) === wanted,
    ),
  );
}

const audit = (name: string, judge: (own: Pod[]) => string | undefined) => auditPods(server, isOf(name), judge);

test('every node gets its pod, bound there by the scheduler', async () => {
  const never = await audit('logs', (own) => {
    const perNode = Object.values(Object.groupBy(own, ({ spec }) => spec.nodeName ?? ''));
    return perNode.some((on) => on?.[0]?.spec.nodeName && on.length > 1) ? 'two on a node' : undefined;
  });
  await create('logs');
  const { status } = await complete('logs');
  const { currentNumberScheduled, numberReady, numberMisscheduled, numberUnavailable } = status;
  assert.deepEqual(
    { currentNumberScheduled, numberReady, numberMisscheduled, numberUnavailable },
    { currentNumberScheduled: 4, numberReady: 4, numberMisscheduled: 0, numberUnavailable: undefined },
  );
  assert.equal(nodesOf(await server.list(pods), 'logs'), 'n1,n2,n3,n4');
  await server.when('events', events, (all) => {
    const own = all.filter(({ involvedObject }) => involvedObject.name === 'logs');
    return (
      own.filter(({ reason, message }) => reason === 'SuccessfulCreate' && /^Created pod: logs-/.test(message ?? ''))
        .length === 4
    );
  });
  await agents.join('n5');
  await complete('logs', 5);
  assert.deepEqual(never(), []);
  agents.silence('n5');
  await server.client.delete(nodes, { name: 'n5' });
  await complete('logs', 4);
  await remove('logs');
  await server.when('none', pods, (all) => !all.some((pod) => isOf('logs')(pod) && pod.spec.nodeName !== 'n5'));
});

test('labels and taints of nodes decide', async () => {
  await create('gpu', { template: template('gpu', 'agent:1', { nodeSelector: { gpu: 'yes' } }) });
  await complete('gpu', 0);
  await server.kubectl('label', 'node', 'n1', 'n2', 'gpu=yes');
  await complete('gpu', 2);
  await server.kubectl('taint', 'node', 'n2', 'dirty=yes:NoSchedule');
  const tainted = await complete('gpu', 1);
  assert.equal(tainted.status.numberMisscheduled, 1, 'it stays all the same');
  await server.kubectl('taint', 'node', 'n2', 'dirty=yes:NoExecute');
  await server.when('only one', pods, (all) => all.filter(isOf('gpu')).length === 1);
  await server.kubectl('taint', 'node', 'n2', 'dirty-');
  await complete('gpu', 2);
  await server.kubectl('cordon', 'n1');
  await server.kubectl('delete', 'pod', '-l', 'app=gpu');
  await complete('gpu', 2);
  await server.kubectl('uncordon', 'n1');
  await server.kubectl('label', 'node', 'n1', 'n2', 'gpu-');
  await server.when('none', pods, (all) => !all.some(isOf('gpu')));
  await remove('gpu');
});

test('a rolling update takes down no more nodes at a time than it may', async () => {
  await create('rolling', { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '50%' } } });
  await complete('rolling');
  let lowest = 4;
  const faults = await audit('rolling', (own) => {
    const up = own.filter(isUp).length;
    lowest = Math.min(lowest, up);
    return up < 2 || own.length > 4 ? `${up} up of ${own.length}` : undefined;
  });
  await change('rolling', { template: template('rolling', 'agent:2') });
  await complete('rolling');
  assert.deepEqual(faults(), []);
  assert.equal(lowest, 2, 'two at a time');
  await remove('rolling');
});

test('with a surge a node is never without a pod that serves', async () => {
  await create('surge', {
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 2 } },
  });
  await complete('surge');
  const faults = await audit('surge', (own) => {
    const served = new Set(own.filter(isUp).map(({ spec }) => spec.nodeName));
    const isCrowded = own.filter((pod) => !isBeingDeleted(pod)).length > 6;
    return served.size < 4 || isCrowded ? `${served.size} nodes served by ${own.length}` : undefined;
  });
  await change('surge', { template: template('surge', 'agent:2') });
  await complete('surge');
  assert.deepEqual(faults(), []);
  await server.when('four', pods, (all) => {
    const own = all.filter(isOf('surge'));
    return own.length === 4 && own.every((pod) => imageOf(pod) === 'agent:2');
  });
  await remove('surge');
});

test('a template that does not work stops at the first nodes, and undoing it brings the old one back', async () => {
  await create('broken');
  await complete('broken');
  await change('broken', { template: template('broken', 'broken') });
  await server.when('one of four', daemonSets, (all) =>
    all.some(
      ({ metadata, status }) =>
        metadata.name === 'broken' && status.updatedNumberScheduled === 1 && status.numberAvailable === 3,
    ),
  );
  await server.kubectl('rollout', 'undo', 'ds/broken');
  await complete('broken');
  const own = (await server.list(pods)).filter(isOf('broken'));
  assert.deepEqual([...new Set(own.map(imageOf))], ['agent:1']);
  const numbers = (await server.list(controllerRevisions)).filter(isOf('broken')).map(({ revision }) => revision);
  assert.deepEqual(numbers.sort(), [2, 3], 'the first revision has become the third');
  await remove('broken');
});

test('OnDelete leaves updates to whoever deletes pods', async () => {
  await create('manual', { updateStrategy: { type: 'OnDelete' } });
  await complete('manual');
  await change('manual', { template: template('manual', 'agent:2') });
  await server.when('seen', daemonSets, (all) =>
    all.some(
      ({ metadata, status }) =>
        metadata.name === 'manual' && status.observedGeneration === 2 && !status.updatedNumberScheduled,
    ),
  );
  const [first] = (await server.list(pods)).filter(isOf('manual'));
  await server.client.delete(pods, first?.metadata ?? { name: '' });
  await server.when('one is new', daemonSets, (all) =>
    all.some(
      ({ metadata, status }) =>
        metadata.name === 'manual' && status.updatedNumberScheduled === 1 && status.numberAvailable === 4,
    ),
  );
  await remove('manual');
});

test('a pod that failed goes at once, the next one after a while', async () => {
  await create('failing', {
    template: template('failing', 'agent:1', { nodeSelector: { 'kubernetes.io/hostname': 'n1' } }),
  });
  const fail = async (known: readonly (string | undefined)[]) => {
    const pod = await server.when('another', pods, (all) =>
      all.find((each) => isOf('failing')(each) && isUp(each) && !known.includes(each.metadata.uid)),
    );
    await server.client.patch(pods, pod.metadata, { status: { phase: 'Failed' } }, { subresource: 'status' });
    return pod.metadata.uid;
  };
  const first = await fail([]);
  const second = await fail([first]);
  await fail([first, second]);
  const told = await server.when('told', events, (all) =>
    all.find(({ reason, involvedObject }) => reason === 'FailedDaemonPod' && involvedObject.name === 'failing'),
  );
  assert.match(told.message ?? '', /^Found failed daemon pod default\/failing-\S+ on node n1, will try to kill it$/);
  await remove('failing');
});

test('a server that is killed amid a rollout leaves what the spec says', async () => {
  await create('crash');
  await complete('crash');
  const faults = await audit('crash', (own) => {
    const up = own.filter(isUp).length;
    return up < 3 || own.length > 4 ? `${up} up of ${own.length}` : undefined;
  });
  await change('crash', { template: template('crash', 'agent:2') });
  for (const updated of [1, 3]) {
    await server.when('amid', daemonSets, (all) =>
      all.some(({ metadata, status }) => metadata.name === 'crash' && (status.updatedNumberScheduled ?? 0) >= updated),
    );
    await server.kill();
    await server.start();
  }
  await complete('crash');
  assert.deepEqual(faults(), []);
  const own = (await server.list(pods)).filter(isOf('crash'));
  assert.deepEqual(own.map(imageOf), Array(4).fill('agent:2'));
});
