// Random pods with rules on random nodes while the server is killed again and again: in the end every pod stands where the
// rules of all let it, no node is overfilled, and those that wait do so for a reason.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type Node, nodes } from '../../src/api/kinds/node.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { isBeingDeleted } from '../../src/api/meta.ts';
import { nodeOf } from '../../src/scheduler/cluster/cluster-for-tests.ts';
import { randomNode, randomPod } from '../../src/scheduler/cluster/random-cluster-for-tests.ts';
import { lastingFaults, placementFaults } from '../../src/scheduler/placement/audit-for-tests.ts';
import { seedFrom } from '../bench/random.ts';
import { TestServer } from './test-server.ts';

const seed = seedFrom('WHERRY_RANDOM_SEED');
const kills = 3;
const nodeCount = 12;
const podCount = 120;

let server: TestServer;
before(async () => {
  server = await TestServer.open(['--node-grace-period', '1h']);
});
after(async () => {
  await server?.close();
});

/** Tries until the server is there to do it; what was done already is done. */
async function insist(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code === 409) return;
      if (typeof code === 'number' && code < 500 && code !== 429) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function makeNodes(): Promise<void> {
  const traits = fc.sample(randomNode, { seed, numRuns: nodeCount });
  for (const [index, each] of traits.entries()) {
    const { metadata, spec, status } = nodeOf(`n${index}`, each);
    await server.client.create(nodes, { metadata, spec: { ...spec, taints: [] } });
    await server.client.patch(nodes, { name: metadata.name }, { status }, { subresource: 'status' });
    await server.client.patch(nodes, { name: metadata.name }, { spec: { ...spec, taints: spec.taints ?? null } });
  }
  await server.when('nodes as they shall be', nodes, (all) =>
    all.every(({ spec }) => !spec.taints?.some(({ key }) => key.endsWith('/not-ready'))),
  );
}

test(`no rule is broken by kills in between (seed ${seed})`, { timeout: 300_000 }, async () => {
  await makeNodes();
  const random = fc.sample(randomPod, { seed, numRuns: podCount });
  let made = 0;
  const making = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (made < podCount) {
        const index = made++;
        const each = random[index];
        if (!each) return;
        const { priority: _, ...spec } = each.spec;
        const metadata = { name: `p${index}`, namespace: each.namespace, labels: { app: each.app } };
        await insist(() =>
          server.client.create(pods, { metadata, spec: { ...spec, containers: spec.containers ?? [] } }),
        );
      }
    }),
  );
  for (let kill = 1; kill <= kills; kill++) {
    await server.when('some more are bound', pods, (all) => all.length >= (podCount * kill) / (kills + 1), 60_000);
    await server.kill();
    await server.start();
  }
  await making;
  const isDecided = ({ spec, status }: Pod) =>
    spec.nodeName || status.conditions?.some(({ type, status: holds }) => type === 'PodScheduled' && holds === 'False');
  const all = await server.when(
    'every pod bound or refused',
    pods,
    (present) => present.length === podCount && present.every(isDecided) && present,
    60_000,
  );
  const allNodes = (await server.client.list(nodes)).items as Node[];
  const nodeNamed = (name: string | undefined) => {
    const node = allNodes.find(({ metadata }) => metadata.name === name);
    assert.ok(node, name);
    return node;
  };
  const standing = all.filter(({ spec }) => spec.nodeName).map((pod) => ({ pod, node: nodeNamed(pod.spec.nodeName) }));
  for (const one of standing) {
    assert.ok(!isBeingDeleted(one.pod));
    const others = standing.filter((other) => other !== one);
    assert.deepEqual(lastingFaults(one, others), [], `${one.pod.metadata.name} on ${one.node.metadata.name}`);
  }
  const waiting = all.filter(({ spec }) => !spec.nodeName);
  assert.ok(standing.length > 15 && waiting.length > 5, `${standing.length} stand, ${waiting.length} wait`);
  // What came later may have made a place for one of them: then it is about to be tried again.
  await server.when('nobody waits for a place that is there', pods, (present) => {
    const now = present.filter(({ spec }) => spec.nodeName).map((pod) => ({ pod, node: nodeNamed(pod.spec.nodeName) }));
    return present
      .filter(({ spec }) => !spec.nodeName)
      .every((pod) => allNodes.every((node) => placementFaults({ pod, node }, now, allNodes).length > 0));
  });
});
