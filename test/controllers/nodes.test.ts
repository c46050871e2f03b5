// Nodes that come, fall silent, come back and go, on a real server with a short grace period.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { deployments } from '../../src/api/kinds/deployment.ts';
import { type Node, nodeReadiness, nodes } from '../../src/api/kinds/node.ts';
import { isPodReady, type Pod, pods } from '../../src/api/kinds/pod.ts';
import { isPodActive } from '../../src/api/pod-availability.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

const graceMs = 2000;
let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open(['--node-grace-period', `${graceMs / 1000}s`]);
  agents = new StandInAgent(server, { leaseEveryMs: 300 });
  await agents.start('one', 'two', 'three');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

const podsOn = (node: string) => (all: Pod[]) => all.filter(({ spec }) => spec.nodeName === node);
const taintsOf = ({ spec }: Node) => (spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort();
const find = (name: string, test: (node: Node) => boolean) => (all: Node[]) =>
  all.find((node) => node.metadata.name === name && test(node));

test('a silent node is lost, its pods move, and it comes back without a taint', async () => {
  const tolerations = ['node.kubernetes.io/unreachable', 'node.kubernetes.io/not-ready'].map((key) => ({
    key,
    operator: 'Exists' as const,
    effect: 'NoExecute' as const,
    tolerationSeconds: 1,
  }));
  await server.client.create(deployments, {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 6,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'main', image: 'nginx' }], tolerations },
      },
    },
  });
  await server.when('two on every node', pods, (all) => podsOn('one')(all).length === 2 && all.every(isPodReady));
  agents.silence('one');
  const lost = await server.when(
    'lost',
    nodes,
    find('one', (node) => nodeReadiness(node)?.status === 'Unknown'),
  );
  assert.equal(nodeReadiness(lost)?.reason, 'NodeStatusUnknown');
  assert.equal(nodeReadiness(lost)?.message, 'Kubelet stopped posting node status.');
  await server.when(
    'tainted',
    nodes,
    find('one', (node) => {
      const keys = taintsOf(node).join();
      return keys === 'node.kubernetes.io/unreachable:NoExecute,node.kubernetes.io/unreachable:NoSchedule';
    }),
  );
  await server.when('not ready', pods, (all) => podsOn('one')(all).every((pod) => !isPodReady(pod)));
  const [late] = podsOn('one')(await server.list(pods));
  assert.ok(late);
  const conditions = late.status.conditions?.map((each) => ({ ...each, status: 'True' }));
  const patch = { status: { conditions } };
  const ready = await server.client.patch<Pod>(pods, late.metadata, patch, { subresource: 'status' });
  assert.ok(isPodReady(ready), 'its last words are heard late');
  await server.when('not ready again', pods, (all) => podsOn('one')(all).every((pod) => !isPodReady(pod)));
  await server.when('six others', pods, (all) => {
    const active = all.filter(isPodActive);
    return active.length === 6 && active.every((pod) => pod.spec.nodeName !== 'one' && isPodReady(pod));
  });
  const left = podsOn('one')(await server.list(pods));
  assert.equal(left.length, 2, 'nobody says that they have ended');
  for (const { metadata, status } of left) {
    assert.ok(metadata.deletionTimestamp);
    assert.equal(status.conditions?.find(({ type }) => type === 'DisruptionTarget')?.reason, 'DeletionByTaintManager');
  }
  // A person who knows that the machine is off says so.
  await server.kubectl('taint', 'node', 'one', 'node.kubernetes.io/out-of-service=nodeshutdown:NoExecute');
  await server.when('nothing of it is left', pods, (all) => podsOn('one')(all).length === 0);
  await server.kubectl('taint', 'node', 'one', 'node.kubernetes.io/out-of-service-');
  await agents.reportReady('one');
  await server.when(
    'back',
    nodes,
    find('one', (node) => taintsOf(node).length === 0),
  );
});

test('a server that was down for longer than the grace period takes no living node for lost', async () => {
  await server.kill();
  await delay(graceMs + 500);
  const broken: string[] = [];
  await server.start();
  (await server.informer(nodes)).onChange(({ object }) => {
    if (object && nodeReadiness(object)?.status !== 'True') broken.push(object.metadata.name);
  });
  await delay(graceMs * 2);
  const current = await server.client.list(nodes);
  assert.deepEqual(
    current.items.map((node) => nodeReadiness(node)?.status),
    ['True', 'True', 'True'],
  );
  assert.deepEqual(broken, []);
});

test('the pods of a node that is deleted go with it', async () => {
  agents.silence('two');
  await server.kubectl('delete', 'node', 'two');
  await server.when('no pods there', pods, (all) => podsOn('two')(all).length === 0);
  await agents.join('four');
});

test('a server that stands still for longer than the grace period takes no living node for lost', async () => {
  const broken: string[] = [];
  (await server.informer(nodes)).onChange(({ object }) => {
    if (object && nodeReadiness(object)?.status === 'Unknown' && object.metadata.name !== 'two')
      broken.push(object.metadata.name);
  });
  process.kill(server.pid, 'SIGSTOP');
  await delay(graceMs * 2);
  process.kill(server.pid, 'SIGCONT');
  await delay(graceMs * 2);
  assert.deepEqual(broken, []);
});

test('where most nodes vanish at once pods stay where they are, and where all do none is given up', async () => {
  for (const name of ['five', 'six', 'seven']) await agents.join(name);
  const isDriving = ({ effect }: { effect?: string }) => effect === 'NoExecute';
  const driven = new Set<string>();
  (await server.informer(nodes)).onChange(({ object }) => {
    if (object?.spec.taints?.some(isDriving)) driven.add(object.metadata.name);
  });
  const gone = ['one', 'three', 'five', 'six'];
  for (const name of gone) agents.silence(name);
  await server.when('all four lost', nodes, (all) =>
    gone.every((name) => find(name, (node) => taintsOf(node).join().includes('unreachable:NoSchedule'))(all)),
  );
  // The first may have been alone when its time was over.
  assert.ok(driven.size <= 1, `pods are driven off ${[...driven]}`);
  for (const name of ['four', 'seven']) agents.silence(name);
  const all = await server.when('all lost, none given up', nodes, (present) => {
    const isLost = present.every((node) => taintsOf(node).join().includes('unreachable:NoSchedule'));
    return isLost && present.every(({ spec }) => !spec.taints?.some(isDriving)) && present;
  });
  assert.equal(all.length, 6);
  for (const { metadata } of all) await agents.reportReady(metadata.name);
  await server.when('all are back', nodes, (present) => present.every((node) => taintsOf(node).length === 0));
  assert.ok(driven.size <= 1, `pods were driven off ${[...driven]}`);
});
