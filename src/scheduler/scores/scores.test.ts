import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import { clusterOf, type NodeTraits, podOf, wants } from '../cluster/cluster-for-tests.ts';
import { podDemand } from '../pods/pod-demand.ts';
import { podSelector } from '../pods/pod-terms.ts';
import { balancedAllocationScore } from './balanced-allocation.ts';
import { imageLocalityScore } from './image-locality.ts';
import { leastAllocatedScore } from './least-allocated.ts';
import { nodeAffinityScore } from './node-affinity.ts';
import { podAffinityScore } from './pod-affinity.ts';
import type { Score } from './score.ts';
import { taintsScore } from './taints.ts';
import { topologySpreadScore } from './topology-spread.ts';

const labels = { app: 'web' };
const selector = { matchLabels: labels };
const web = (count: number) => Array.from({ length: count }, () => podOf({}, { labels }));
const old = (...keys: string[]): NodeTraits => ({
  spec: { taints: keys.map((key) => ({ key, effect: 'PreferNoSchedule' as const })) },
});
const large: NodeTraits = { allocatable: { cpu: '4', memory: '10000Mi' } };
const image = (name: string, mebibytes: number): NodeTraits => ({
  images: [{ names: [name], sizeBytes: mebibytes * 2 ** 20 }],
});
const prefersNodes = (...preferred: [weight: number, label: string][]): Partial<Pod['spec']> => ({
  affinity: {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: preferred.map(([weight, key]) => ({
        weight,
        preference: { matchExpressions: [{ key, operator: 'Exists' }] },
      })),
    },
  },
});
const prefersPods = (kind: 'podAffinity' | 'podAntiAffinity', weight: number): Partial<Pod['spec']> => ({
  affinity: {
    [kind]: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight, podAffinityTerm: { topologyKey: 'zone', labelSelector: selector } },
      ],
    },
  },
});
const needsWeb: Partial<Pod['spec']> = {
  affinity: {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: selector }],
    },
  },
};
const wishes = (topologyKey: string, maxSkew = 1): Partial<Pod['spec']> => ({
  topologySpreadConstraints: [{ topologyKey, maxSkew, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: selector }],
});
const zone = (name: string, pods: readonly Pod[] = []): NodeTraits => ({ labels: { zone: name }, pods });

interface Case {
  name: string;
  score: Score;
  pod: Pod;
  nodes: Record<string, NodeTraits>;
  expected: number[] | undefined;
}

const cases: Case[] = [
  {
    name: 'a quarter and a half of what is there are taken',
    score: leastAllocatedScore,
    pod: podOf(wants({ cpu: '1', memory: '5000Mi' })),
    nodes: { a: large, b: { ...large, pods: [podOf(wants({ cpu: '3', memory: '5000Mi' }))] } },
    expected: [62, 0],
  },
  {
    name: 'who asks for nothing is taken to use a little',
    score: leastAllocatedScore,
    pod: podOf(),
    nodes: { a: large, b: { ...large, pods: [podOf(), podOf()] } },
    expected: [97, 93],
  },
  {
    name: 'cpu and memory alike',
    score: balancedAllocationScore,
    pod: podOf(wants({ cpu: '2', memory: '5000Mi' })),
    nodes: { a: large, b: { ...large, pods: [podOf(wants({ cpu: '2' }))] } },
    expected: [100, 75],
  },
  {
    name: 'who asks for nothing is balanced anywhere',
    score: balancedAllocationScore,
    pod: podOf(),
    nodes: { a: large },
    expected: undefined,
  },
  {
    name: 'fewer taints',
    score: taintsScore,
    pod: podOf(),
    nodes: { a: old('x', 'y'), b: old('x'), c: {} },
    expected: [0, 50, 100],
  },
  {
    name: 'tolerated taints are none',
    score: taintsScore,
    pod: podOf({ tolerations: [{ key: 'x', operator: 'Exists' }] }),
    nodes: { a: old('x', 'y'), b: old('x') },
    expected: [0, 100],
  },
  { name: 'no taints at all', score: taintsScore, pod: podOf(), nodes: { a: {}, b: {} }, expected: undefined },
  {
    name: 'weights of what a node matches add up',
    score: nodeAffinityScore,
    pod: podOf(prefersNodes([60, 'ssd'], [20, 'new'])),
    nodes: { a: { labels: { ssd: '', new: '' } }, b: { labels: { ssd: '' } }, c: {} },
    expected: [100, 75, 0],
  },
  {
    name: 'a large image on half of the nodes',
    score: imageLocalityScore,
    pod: podOf({ containers: [{ name: 'c', image: 'docker.io/library/nginx' }] }),
    nodes: { a: image('docker.io/library/nginx:latest', 1023), b: {} },
    expected: [50, 0],
  },
  {
    name: 'an image that nobody has',
    score: imageLocalityScore,
    pod: podOf({ containers: [{ name: 'c', image: 'x:1' }] }),
    nodes: { a: {} },
    expected: undefined,
  },
  {
    name: 'near a sort of pods, by their number in the domain',
    score: podAffinityScore,
    pod: podOf(prefersPods('podAffinity', 10)),
    nodes: { a: zone('1', web(1)), b: zone('1', web(1)), c: zone('2', web(1)), d: zone('3') },
    expected: [100, 100, 50, 0],
  },
  {
    name: 'far from a sort of pods',
    score: podAffinityScore,
    pod: podOf(prefersPods('podAntiAffinity', 10)),
    nodes: { a: zone('1', web(2)), b: zone('2', web(1)), c: zone('3') },
    expected: [0, 50, 100],
  },
  {
    name: 'as those wish who stand already',
    score: podAffinityScore,
    pod: podOf({}, { labels }),
    nodes: {
      a: zone('1', [podOf(prefersPods('podAffinity', 10))]),
      b: zone('2', [podOf(prefersPods('podAntiAffinity', 10))]),
      c: zone('3', [podOf(needsWeb)]),
    },
    expected: [100, 0, 55],
  },
  {
    name: 'nobody has a wish',
    score: podAffinityScore,
    pod: podOf(),
    nodes: { a: zone('1', web(3)), b: {} },
    expected: undefined,
  },
  {
    name: 'evenly by zone; a node without one is the worst',
    score: topologySpreadScore,
    pod: podOf(wishes('zone'), { labels }),
    nodes: { a: zone('1', web(2)), b: zone('1'), c: zone('2', web(1)), d: {} },
    expected: [33, 33, 100, 0],
  },
  {
    name: 'evenly by host',
    score: topologySpreadScore,
    pod: podOf(wishes('kubernetes.io/hostname'), { labels }),
    nodes: { a: { pods: web(2) }, b: { pods: web(1) }, c: {} },
    expected: [0, 33, 100],
  },
  {
    name: 'who says nothing and belongs to nobody',
    score: topologySpreadScore,
    pod: podOf({}, { labels }),
    nodes: { a: { pods: web(2) }, b: {} },
    expected: undefined,
  },
];

for (const { name, score, pod, nodes, expected } of cases) {
  test(`${score.name}: ${name}`, () => {
    const cluster = clusterOf(nodes);
    assert.deepEqual(score.of(podDemand(pod), cluster.rooms, cluster), expected);
  });
}

test('PodTopologySpread: who says nothing is spread with its kin', () => {
  const cluster = clusterOf({ a: { pods: web(2) }, b: { pods: web(1) }, c: {} });
  const demand = podDemand(podOf({}, { labels }), podSelector('default', selector));
  const scores = topologySpreadScore.of(demand, cluster.rooms, cluster);
  assert.ok(scores);
  const [a = 0, b = 0, c = 0] = scores;
  assert.ok(c > b && b > a, `${scores}`);
});
