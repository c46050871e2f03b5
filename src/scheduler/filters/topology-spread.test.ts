import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import { mayHelp } from '../cluster/cluster-change.ts';
import { clusterOf, podOf } from '../cluster/cluster-for-tests.ts';
import { podDemand } from '../pods/pod-demand.ts';
import { topologySpreadFilter } from './topology-spread.ts';

type Constraint = NonNullable<Pod['spec']['topologySpreadConstraints']>[number];
type Nodes = Parameters<typeof clusterOf>[0];

const labels = { app: 'web' };
const selector = { matchLabels: labels };
const by = (topologyKey: string, rest: Partial<Constraint> = {}): Constraint => ({
  topologyKey,
  maxSkew: 1,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: selector,
  ...rest,
});
const spread = (constraints: Constraint[], spec: Partial<Pod['spec']> = {}) =>
  podOf({ topologySpreadConstraints: constraints, ...spec }, { labels });
const web = (count: number, isLeaving = false) => Array.from({ length: count }, () => podOf({}, { labels, isLeaving }));
const zone = (name: string, count = 0) => ({ labels: { zone: name }, pods: web(count) });
const gpu = { taints: [{ key: 'gpu', effect: 'NoSchedule' as const }] };

const uneven = "node(s) didn't match pod topology spread constraints";
const noDomain = "node(s) didn't match pod topology spread constraints (missing required label)";

const cases: { name: string; pod: Pod; nodes: Nodes; fits: string; refusals?: string[] }[] = [
  {
    name: 'the domain with the fewest, whichever of its nodes',
    pod: spread([by('zone')]),
    nodes: { a: zone('1', 2), b: zone('1'), c: zone('2', 1), d: zone('2') },
    fits: 'c d',
    refusals: [uneven],
  },
  {
    name: 'a node without the label',
    pod: spread([by('zone')]),
    nodes: { a: zone('1'), b: { pods: web(0) } },
    fits: 'a',
    refusals: [noDomain],
  },
  {
    name: 'nodes that lack one of the labels count for none of the constraints',
    pod: spread([by('zone'), by('rack')]),
    nodes: {
      a: { labels: { zone: '1', rack: 'x' }, pods: web(1) },
      b: { labels: { zone: '2', rack: 'x' } },
      c: { labels: { zone: '3' } },
    },
    fits: 'b',
    refusals: [uneven, noDomain],
  },
  {
    name: 'a larger skew',
    pod: spread([by('zone', { maxSkew: 2 })]),
    nodes: { a: zone('1', 1), b: zone('2', 2), c: zone('3') },
    fits: 'a c',
    refusals: [uneven],
  },
  {
    name: 'fewer domains than there shall be count as an empty one',
    pod: spread([by('zone', { minDomains: 3 })]),
    nodes: { a: zone('1', 1), b: zone('2', 1) },
    fits: '',
    refusals: [uneven],
  },
  {
    name: 'as many domains as there shall be',
    pod: spread([by('zone', { minDomains: 2 })]),
    nodes: { a: zone('1', 1), b: zone('2', 1) },
    fits: 'a b',
  },
  {
    name: 'who does not count itself may be one more',
    pod: podOf({ topologySpreadConstraints: [by('zone')] }, { labels: { app: 'other' } }),
    nodes: { a: zone('1', 1), b: zone('2') },
    fits: 'a b',
  },
  {
    name: 'pods on their way out and pods of other namespaces do not count',
    pod: spread([by('zone')]),
    nodes: {
      a: { labels: { zone: '1' }, pods: [...web(2, true), podOf({}, { labels, namespace: 'other' })] },
      b: zone('2'),
    },
    fits: 'a b',
  },
  {
    name: 'nodes that the pod may not go to are no domains',
    pod: spread([by('zone')], { nodeSelector: { disk: 'ssd' } }),
    nodes: {
      a: { labels: { zone: '1', disk: 'ssd' }, pods: web(1) },
      b: { labels: { zone: '2', disk: 'ssd' }, pods: web(1) },
      c: zone('3'),
    },
    fits: 'a b c',
  },
  {
    name: 'unless it says that they are',
    pod: spread([by('zone', { nodeAffinityPolicy: 'Ignore' })], { nodeSelector: { disk: 'ssd' } }),
    nodes: {
      a: { labels: { zone: '1', disk: 'ssd' }, pods: web(1) },
      b: { labels: { zone: '2', disk: 'ssd' }, pods: web(1) },
      c: zone('3'),
    },
    fits: 'c',
    refusals: [uneven],
  },
  {
    name: 'tainted nodes are domains',
    pod: spread([by('zone')]),
    nodes: { a: zone('1', 1), b: { ...zone('2'), spec: gpu } },
    fits: 'b',
    refusals: [uneven],
  },
  {
    name: 'unless the pod says that they are not',
    pod: spread([by('zone', { nodeTaintsPolicy: 'Honor' })]),
    nodes: { a: zone('1', 1), b: { ...zone('2'), spec: gpu } },
    fits: 'a b',
  },
  {
    name: 'a wish is no rule',
    pod: spread([by('zone', { whenUnsatisfiable: 'ScheduleAnyway' })]),
    nodes: { a: zone('1', 5), b: zone('2'), c: {} },
    fits: 'a b c',
  },
];

for (const { name, pod, nodes, fits, refusals = [] } of cases) {
  test(`topology spread: ${name}`, () => {
    const cluster = clusterOf(nodes);
    const prepared = topologySpreadFilter.prepare(podDemand(pod), cluster);
    assert.ok(!prepared || 'check' in prepared);
    const found = cluster.rooms.map((room) => ({ room: room.name, refusal: prepared?.check(room) }));
    const fitting = found.filter(({ refusal }) => !refusal).map(({ room }) => room);
    assert.equal(fitting.join(' '), fits);
    assert.deepEqual([...new Set(found.flatMap(({ refusal }) => refusal?.reasons ?? []))], refusals);
  });
}

test('what may help a pod that would stand unevenly', () => {
  const demand = podDemand(spread([by('zone')]));
  const [same, stranger] = [podDemand(podOf({}, { labels })), podDemand(podOf())];
  const helps = (change: Parameters<typeof mayHelp>[1]) => mayHelp(topologySpreadFilter.hints, change, demand);
  assert.equal(helps({ type: 'pod-gone', pod: same }), true);
  assert.equal(helps({ type: 'pod-gone', pod: stranger }), false);
  assert.equal(helps({ type: 'pod-placed', pod: same }), true);
  assert.equal(helps({ type: 'pod-placed', pod: stranger }), false);
  assert.equal(helps({ type: 'pod-changed', pod: stranger, previous: same }), true);
});
