// Random clusters: wherever a pod is placed, every rule of its own and of the others holds; where it is refused, there is no
// node on which they would. What is counted by increments must be what is there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nodeOf, podOf } from '../cluster/cluster-for-tests.ts';
import { randomNode, randomPod } from '../cluster/random-cluster-for-tests.ts';
import { Snapshot } from '../cluster/snapshot.ts';
import { allFilters } from '../filters/all.ts';
import { podDemand } from '../pods/pod-demand.ts';
import { planPreemption } from '../preemption/preemption-plan.ts';
import { placementFaults, type Standing } from './audit-for-tests.ts';
import { planPlacement } from './placement.ts';

const filters = allFilters();
const step = fc.oneof(
  { weight: 6, arbitrary: randomPod.map((pod) => ({ pod })) },
  { weight: 1, arbitrary: fc.nat(30).map((leaves) => ({ leaves })) },
);

test('placements of random pods on random nodes break no rule, refusals are justified, preemption makes room', () => {
  let [placed, refused, preempted] = [0, 0, 0];
  const property = fc.property(
    fc.array(randomNode, { minLength: 1, maxLength: 6 }),
    fc.array(step, { minLength: 5, maxLength: 40 }),
    (traits, steps) => {
      const nodes = traits.map((each, index) => nodeOf(`n${index}`, each));
      const cluster = new Snapshot();
      for (const node of nodes) cluster.setNode(node);
      const standing: Standing[] = [];
      for (const each of steps) {
        if ('leaves' in each) {
          const [gone] = standing.splice(each.leaves, 1);
          if (gone) cluster.remove(gone.pod.metadata.uid ?? '');
          continue;
        }
        const { app, namespace, spec } = each.pod;
        const pod = podOf(spec, { labels: { app }, namespace });
        const demand = podDemand(pod);
        const placement = planPlacement(demand, cluster, { filters });
        const faultsOn = (nodeName: string | undefined, others: readonly Standing[]) => {
          const node = nodes.find(({ metadata }) => metadata.name === nodeName);
          assert.ok(node);
          return placementFaults({ pod, node }, others, nodes);
        };
        if (placement.nodeName !== undefined) {
          assert.deepEqual(faultsOn(placement.nodeName, standing), []);
          const node = nodes.find(({ metadata }) => metadata.name === placement.nodeName);
          assert.ok(node);
          standing.push({ pod, node });
          cluster.place(demand, placement.nodeName);
          placed += 1;
          continue;
        }
        refused += 1;
        for (const { metadata } of nodes) assert.notDeepEqual(faultsOn(metadata.name, standing), [], metadata.name);
        const options = { filters, budgets: [], promisedOn: () => [], promised: undefined, nowMs: 0 };
        const plan = planPreemption(demand, placement, cluster, options);
        if (plan.nodeName === undefined) {
          for (const { metadata } of nodes) {
            const isLesser = (other: Standing) =>
              other.node.metadata.name === metadata.name && (other.pod.spec.priority ?? 0) < demand.priority;
            const left = standing.filter((other) => !isLesser(other));
            assert.notDeepEqual(faultsOn(metadata.name, left), [], `${metadata.name} could have been emptied`);
          }
          continue;
        }
        preempted += 1;
        const victims = new Set(plan.pods.map(({ uid }) => uid));
        const without = standing.filter((other) => !victims.has(other.pod.metadata.uid ?? ''));
        assert.deepEqual(faultsOn(plan.nodeName, without), []);
        assert.ok(plan.pods.every(({ priority }) => priority < demand.priority));
        for (const { uid } of plan.pods) {
          const spared = standing.filter(
            (other) => !victims.has(other.pod.metadata.uid ?? '') || other.pod.metadata.uid === uid,
          );
          assert.notDeepEqual(faultsOn(plan.nodeName, spared), [], 'a victim that need not have gone');
        }
      }
    },
  );
  fc.assert(property, { numRuns: 300 });
  assert.ok(
    placed > 500 && refused > 500 && preempted > 50,
    `${placed} placed, ${refused} refused, ${preempted} preempted`,
  );
});
