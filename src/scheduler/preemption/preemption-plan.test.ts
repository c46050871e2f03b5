import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import type { PodDisruptionBudget } from '../../api/kinds/pod-disruption-budget.ts';
import { clusterOf, type NodeTraits, podOf, wants } from '../cluster/cluster-for-tests.ts';
import { allFilters } from '../filters/all.ts';
import { planPlacement } from '../placement/placement.ts';
import { type PodDemand, podDemand } from '../pods/pod-demand.ts';
import { planPreemption } from './preemption-plan.ts';

const filters = allFilters();
const nowMs = Date.parse('2026-01-01T12:00:00Z');

/** A pod that runs, since so many minutes. */
function running(name: string, cpu: string, priority: number, minutes = 10, labels: Record<string, string> = {}): Pod {
  const startTime = new Date(nowMs - minutes * 60_000).toISOString();
  return podOf({ ...wants({ cpu }), priority }, { name, labels, status: { startTime } });
}

const important = (cpu: string, spec: Partial<Pod['spec']> = {}) =>
  podOf({ ...wants({ cpu }), priority: 100, ...spec });

function budget(app: string, disruptionsAllowed: number, disrupted: string[] = []): PodDisruptionBudget {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: app, namespace: 'default' },
    spec: { selector: { matchLabels: { app } } },
    status: {
      disruptionsAllowed,
      currentHealthy: 1,
      desiredHealthy: 1,
      expectedPods: 1,
      disruptedPods: Object.fromEntries(disrupted.map((name) => [name, '2026-01-01T11:59:00Z'])),
    },
  };
}

interface Case {
  name: string;
  pod: Pod;
  nodes: Record<string, NodeTraits>;
  budgets?: PodDisruptionBudget[];
  promised?: string;
  promisedPods?: PodDemand[];
  expected: string;
}

const zoneApart: Partial<Pod['spec']> = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'loud' } } },
      ],
    },
  },
};

const evenly: Partial<Pod['spec']> = {
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'web' } },
    },
  ],
};

const cases: Case[] = [
  {
    name: 'nobody is less important',
    pod: important('3'),
    nodes: { a: { pods: [running('one', '3', 100)] }, b: { spec: { unschedulable: true } } },
    expected:
      '0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.',
  },
  {
    name: 'even without all lesser ones it would not fit',
    pod: important('3'),
    nodes: { a: { pods: [running('one', '3', 100), running('two', '1', 0)] } },
    expected: '0/1 nodes are available: 1 Insufficient cpu.',
  },
  {
    name: 'a node that is too small is not looked at',
    pod: important('9'),
    nodes: { a: { pods: [running('one', '3', 0)] } },
    expected: '0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
  },
  {
    name: 'whoever may not preempt',
    pod: important('3', { preemptionPolicy: 'Never' }),
    nodes: { a: { pods: [running('one', '3', 0)] } },
    expected: 'not eligible due to preemptionPolicy=Never.',
  },
  {
    name: 'only as many as need to go, the least important ones',
    pod: important('2'),
    nodes: { a: { pods: [running('low', '2', 0), running('mid', '1', 10), running('high', '1', 20)] } },
    expected: 'a: low',
  },
  {
    name: 'of equals the youngest goes',
    pod: important('1'),
    nodes: { a: { pods: [running('old', '2', 0, 60), running('young', '2', 0, 5)] } },
    expected: 'a: young',
  },
  {
    name: 'the node where no budget is violated',
    pod: important('3'),
    nodes: { a: { pods: [running('kept', '3', 0, 10, { app: 'web' })] }, b: { pods: [running('free', '3', 50)] } },
    budgets: [budget('web', 0)],
    expected: 'b: free',
  },
  {
    name: 'a budget is violated where there is no other way, and by as few as can be',
    pod: important('2'),
    nodes: { a: { pods: [running('kept', '2', 0, 10, { app: 'web' }), running('free', '2', 5)] } },
    budgets: [budget('web', 0)],
    expected: 'a: free',
  },
  {
    name: 'what a budget allows is taken, and who is disrupted already is not counted twice',
    pod: important('3'),
    nodes: {
      a: { pods: [running('one', '2', 0, 10, { app: 'web' }), running('two', '2', 0, 5, { app: 'web' })] },
      b: { pods: [running('dear', '4', 60)] },
    },
    budgets: [budget('web', 1, ['one'])],
    expected: 'a: one two',
  },
  {
    name: 'the node with the least important victim',
    pod: important('3'),
    nodes: { a: { pods: [running('mid', '3', 10)] }, b: { pods: [running('low', '3', 5)] } },
    expected: 'b: low',
  },
  {
    name: 'then the smallest sum of importance',
    pod: important('3'),
    nodes: {
      a: { pods: [running('a1', '2', 10), running('a2', '2', 9)] },
      b: { pods: [running('b1', '2', 10), running('b2', '2', 1)] },
    },
    expected: 'b: b1 b2',
  },
  {
    name: 'fewer pods weigh less than many, even of negative priority',
    pod: important('3'),
    nodes: {
      a: { pods: [running('a1', '2', -10), running('a2', '2', -10)] },
      b: { pods: [running('b1', '4', -10)] },
    },
    expected: 'b: b1',
  },
  {
    name: 'then the node whose most important victims started last',
    pod: important('3'),
    nodes: { a: { pods: [running('old', '3', 0, 60)] }, b: { pods: [running('young', '3', 0, 5)] } },
    expected: 'b: young',
  },
  {
    name: 'who must not be near',
    pod: important('1', zoneApart),
    nodes: {
      a: { labels: { zone: 'z' }, pods: [running('loud', '1', 0, 10, { app: 'loud' }), running('calm', '1', 0)] },
    },
    expected: 'a: loud',
  },
  {
    name: 'who does not want it near',
    pod: podOf({ ...wants({ cpu: '1' }), priority: 100 }, { labels: { app: 'loud' } }),
    nodes: {
      a: {
        labels: { zone: 'z' },
        pods: [podOf({ ...wants({ cpu: '1' }), ...zoneApart }, { name: 'shy' }), running('calm', '1', 0)],
      },
    },
    expected: 'a: shy',
  },
  {
    name: 'nobody is sent away who is not on the node itself',
    pod: important('1', zoneApart),
    nodes: {
      a: { labels: { zone: 'z' }, pods: [running('calm', '1', 0)] },
      b: { labels: { zone: 'z' }, spec: { unschedulable: true }, pods: [running('loud', '1', 0, 1, { app: 'loud' })] },
    },
    expected:
      "0/2 nodes are available: 1 Preemption is not helpful for scheduling, 1 node(s) didn't match pod anti-affinity rules.",
  },
  {
    name: 'what was thought away on one node is there again for the next',
    pod: important('1', zoneApart),
    nodes: {
      a: { labels: { zone: 'z' }, pods: [running('loud-a', '1', 0, 1, { app: 'loud' })] },
      b: { labels: { zone: 'z' }, pods: [running('loud-b', '1', 0, 1, { app: 'loud' })] },
    },
    expected: "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.",
  },
  {
    name: 'who is let back is counted where pods are to be spread',
    pod: podOf({ ...wants({ cpu: '3' }), priority: 100, ...evenly }, { labels: { app: 'web' } }),
    nodes: {
      a: { labels: { zone: '1' }, pods: [running('web', '1', 5, 10, { app: 'web' }), running('filler', '3', 0)] },
      b: { labels: { zone: '2' }, pods: [running('other', '4', 100, 10, { app: 'web' })] },
    },
    expected: 'a: filler',
  },
  {
    name: 'room that was promised to others is not found anew',
    pod: important('3'),
    nodes: { a: { pods: [running('one', '1', 0)] } },
    promisedPods: [podDemand(podOf({ ...wants({ cpu: '2' }), priority: 100 }))],
    expected: '0/1 nodes are available: 1 Insufficient cpu.',
  },
];

for (const { name, pod, nodes, budgets = [], promised, promisedPods = [], expected } of cases) {
  test(`preemption: ${name}`, () => {
    const cluster = clusterOf(nodes);
    const demand = podDemand(pod);
    const promisedOn = () => promisedPods;
    const misfit = planPlacement(demand, cluster, { filters, promisedOn });
    assert.ok(misfit.nodeName === undefined);
    const options = { filters, budgets, promisedOn, promised, nowMs };
    const plan = planPreemption(demand, misfit, cluster, options);
    const text =
      plan.nodeName === undefined
        ? plan.message
        : `${plan.nodeName}: ${plan.pods.map((victim) => victim.pod.metadata.name).join(' ')}`;
    assert.equal(text, expected);
    const again = planPlacement(demand, cluster, { filters, promisedOn });
    assert.deepEqual(again, misfit, 'nothing is left of what was thought');
  });
}

test('while those go who had to, nobody else has to', () => {
  const victim = running('one', '3', 0);
  const cluster = clusterOf({ a: { pods: [victim] }, b: { pods: [running('two', '3', 0)] } });
  const demand = podDemand(important('3'));
  const misfit = planPlacement(demand, cluster, { filters });
  assert.ok(misfit.nodeName === undefined);
  const options = { filters, budgets: [], promisedOn: () => [], promised: 'a', nowMs };
  const doomed = cluster.demandOf(victim.metadata.uid ?? '');
  assert.ok(doomed);
  assert.equal(planPreemption(demand, misfit, cluster, options).nodeName, 'a');
  doomed.isDoomed = true;
  const plan = planPreemption(demand, misfit, cluster, options);
  assert.ok(plan.nodeName === undefined);
  assert.equal(plan.message, 'not eligible due to a terminating pod on the nominated node.');
  assert.equal(plan.keepsPromise, true);
});
