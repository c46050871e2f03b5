// Taints that drive pods off their node, put there by hand on a real server: who goes at once, who later, who stays.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { events } from '../../src/api/kinds/event.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import type { Toleration } from '../../src/api/taints.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

const namespace = 'default';
let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  // Whoever has to go says good-bye for so long that it can be looked at.
  agents = new StandInAgent(server, { endAfterMs: 300 });
  await agents.start('one', 'two');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

/** Runs on `one`. */
async function run(name: string, tolerations: Toleration[] = []): Promise<Pod> {
  await server.client.create(pods, {
    metadata: { name, namespace },
    spec: { nodeName: 'one', containers: [{ name: 'main', image: 'nginx' }], tolerations },
  });
  return server.when(`${name} runs`, pods, (all) => all.find((pod) => isNamed(pod, name) && isRunning(pod)));
}

const taint = (words: string) => server.kubectl('taint', 'node', 'one', words);
const isNamed = ({ metadata }: Pod, name: string) => metadata.name === name;
const isRunning = ({ status }: Pod) => status.phase === 'Running';
const isGone = (name: string) =>
  server.when(
    `${name} is gone`,
    pods,
    (all) => !all.some((pod) => isNamed(pod, name) && !pod.metadata.deletionTimestamp),
  );
const isLeftAlone = async (name: string) => {
  const pod = await server.client.get(pods, { namespace, name });
  assert.equal(pod.metadata.deletionTimestamp, undefined, `${name} stays`);
  assert.ok(!pod.status.conditions?.some(({ type }) => type === 'DisruptionTarget'), `${name} is told nothing`);
};
const isTold = (name: string, message: string) =>
  server.when(`${name}: ${message}`, events, (all) =>
    all.find(
      (event) =>
        event.involvedObject?.name === name && event.reason === 'TaintManagerEviction' && event.message === message,
    ),
  );
const tolerated = (key: string, tolerationSeconds?: number): Toleration => ({
  key,
  operator: 'Exists',
  effect: 'NoExecute',
  ...(tolerationSeconds !== undefined && { tolerationSeconds }),
});

test('who does not tolerate the taint goes at once and is told why, who does stays, who has ended is left', async () => {
  await run('plain', [{ key: 'repair', operator: 'Exists', effect: 'NoSchedule' }]);
  await run('other-value', [{ key: 'repair', operator: 'Equal', value: 'small', effect: 'NoExecute' }]);
  await run('tolerant', [tolerated('repair')]);
  await agents.end(await run('ended'), 0);
  await server.when('ended', pods, (all) =>
    all.some((pod) => isNamed(pod, 'ended') && pod.status.phase === 'Succeeded'),
  );
  await taint('repair=large:NoExecute');
  const going = await server.when('plain goes', pods, (all) =>
    all.find((pod) => isNamed(pod, 'plain') && pod.metadata.deletionTimestamp),
  );
  const { lastTransitionTime, ...told } =
    going.status.conditions?.find(({ type }) => type === 'DisruptionTarget') ?? ({} as never);
  assert.deepEqual(told, {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    observedGeneration: 1,
  });
  assert.match(lastTransitionTime ?? '', /^\d{4}-/);
  await isGone('other-value');
  const event = await isTold('plain', 'Marking for deletion Pod default/plain');
  assert.equal(event.type, 'Normal');
  assert.equal(event.source?.component, 'taint-eviction-controller');
  for (const name of ['tolerant', 'ended']) await isLeftAlone(name);
});

test('a pod that is bound to a node with a taint goes, too', async () => {
  await server.client.create(pods, {
    metadata: { name: 'late', namespace },
    spec: { nodeName: 'one', containers: [{ name: 'main', image: 'nginx' }] },
  });
  await isTold('late', 'Marking for deletion Pod default/late');
  await taint('repair-');
});

test('who tolerates it for a while goes after that; the first of two tolerations of a taint counts', async () => {
  await run('for-ever', [tolerated('slow'), tolerated('slow', 1)]);
  await run('for-a-while', [tolerated('slow', 1)]);
  const begunMs = performance.now();
  await taint('slow:NoExecute');
  await isTold('for-a-while', 'Marking for deletion Pod default/for-a-while');
  assert.ok(performance.now() - begunMs >= 1000, 'not before its time');
  await isLeftAlone('for-ever');
  await taint('slow-');
});

test('a taint that goes in time is forgotten, and of two the shorter toleration counts', async () => {
  await run('patient', [tolerated('first', 1000), tolerated('second', 1)]);
  await taint('first:NoExecute');
  await server.when('tainted', nodes, (all) => all.some(({ spec }) => spec.taints?.some(({ key }) => key === 'first')));
  await taint('first-');
  await isTold('patient', 'Cancelling deletion of Pod default/patient');
  await isLeftAlone('patient');
  await taint('first:NoExecute');
  await taint('second:NoExecute');
  await isTold('patient', 'Marking for deletion Pod default/patient');
  await taint('first-');
  await taint('second-');
});

test('a server that is killed in between counts anew and forgets nobody', async () => {
  await run('waiting', [tolerated('long', 2)]);
  await taint('long:NoExecute');
  await server.kill();
  await server.start();
  await isTold('waiting', 'Marking for deletion Pod default/waiting');
  await taint('long-');
});

test('nobody on another node is touched', async () => {
  await server.kubectl('taint', 'node', 'two', 'elsewhere:NoExecute');
  await run('neighbour');
  await server.client.create(pods, {
    metadata: { name: 'there', namespace },
    spec: { nodeName: 'two', containers: [{ name: 'main', image: 'nginx' }] },
  });
  await isTold('there', 'Marking for deletion Pod default/there');
  await isLeftAlone('neighbour');
});
