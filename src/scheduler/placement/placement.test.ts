import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import { clusterOf, type NodeTraits, nodeOf, podOf, wants } from '../cluster/cluster-for-tests.ts';
import { allFilters } from '../filters/all.ts';
import type { Filter } from '../filters/filter.ts';
import { podDemand } from '../pods/pod-demand.ts';
import { enoughOf, planPlacement } from './placement.ts';

const options = { filters: allFilters() };
const wantsPort = (hostPort: number, hostIP?: string): Partial<Pod['spec']> => ({
  containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort, ...(hostIP && { hostIP }) }] }],
});
const meantFor = (...values: string[]): Partial<Pod['spec']> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values }] }],
      },
    },
  },
});
const gpuTaint = { key: 'gpu', value: 'yes', effect: 'NoSchedule' } as const;
const cordoned: NodeTraits = { spec: { unschedulable: true } };
const sideBySide = podOf({
  containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }],
  initContainers: [
    { name: 'side', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } },
    { name: 'init', resources: { requests: { cpu: '2' } } },
  ],
  overhead: { cpu: '500m' },
});
const overheadTellsApart = { a: { allocatable: { cpu: '3400m' } }, b: { allocatable: { cpu: '3500m' } } };

const cases: { name: string; pod?: Pod; nodes: Record<string, NodeTraits>; expected: string }[] = [
  { name: 'no node', nodes: {}, expected: 'no nodes available to schedule pods' },
  { name: 'the only node', nodes: { a: {} }, expected: 'a' },
  {
    name: 'the one node that it is meant for',
    pod: podOf(meantFor('b')),
    nodes: { a: {}, b: {}, c: {} },
    expected: 'b',
  },
  {
    name: 'no other than those that it is meant for',
    pod: podOf(meantFor('b', 'x')),
    nodes: { a: {}, b: { spec: { taints: [gpuTaint] } } },
    expected:
      "0/2 nodes are available: 1 node(s) didn't satisfy plugin(s) [NodeAffinity], 1 node(s) had untolerated taint {gpu: yes}.",
  },
  {
    name: 'counted reasons, each node by its first one',
    pod: podOf(wants({ cpu: '2' })),
    nodes: { a: { allocatable: { cpu: '1' } }, b: { allocatable: { cpu: '1' } }, c: { spec: { taints: [gpuTaint] } } },
    expected: '0/3 nodes are available: 1 node(s) had untolerated taint {gpu: yes}, 2 Insufficient cpu.',
  },
  {
    name: 'several resources are named together',
    pod: podOf(wants({ cpu: '9', memory: '9Gi', 'ephemeral-storage': '1Gi', 'example.com/gpu': '1' })),
    nodes: { a: {} },
    expected:
      '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient ephemeral-storage, 1 Insufficient example.com/gpu, 1 Insufficient memory.',
  },
  { name: 'sidecars, init containers and overhead', pod: sideBySide, nodes: overheadTellsApart, expected: 'b' },
  {
    name: 'what the pod states as a whole',
    pod: podOf({ ...wants({ cpu: '1' }), resources: { requests: { cpu: '3' } } }),
    nodes: { a: { allocatable: { cpu: '2' } }, b: {} },
    expected: 'b',
  },
  {
    name: 'what other pods took',
    pod: podOf(wants({ cpu: '2' })),
    nodes: { a: { pods: [podOf(wants({ cpu: '3' }))] }, b: { pods: [podOf(wants({ cpu: '2' }))] } },
    expected: 'b',
  },
  {
    name: 'every place for a pod is taken',
    nodes: { a: { allocatable: { pods: '1' }, pods: [podOf()] } },
    expected: '0/1 nodes are available: 1 Too many pods.',
  },
  {
    name: 'a cordoned node',
    nodes: { a: cordoned },
    expected: '0/1 nodes are available: 1 node(s) were unschedulable.',
  },
  {
    name: 'a cordon that is tolerated',
    pod: podOf({ tolerations: [{ operator: 'Exists' }] }),
    nodes: { a: cordoned },
    expected: 'a',
  },
  {
    name: 'a node whose agent has not yet reported',
    nodes: { a: { isSilent: true } },
    expected: '0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.',
  },
  {
    name: 'a node selector',
    pod: podOf({ nodeSelector: { disk: 'ssd' } }),
    nodes: { a: {}, b: { labels: { disk: 'ssd' } } },
    expected: 'b',
  },
  {
    name: 'a node label greater than a number',
    pod: podOf({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              {
                matchExpressions: [
                  { key: 'cores', operator: 'Gt', values: ['8'] },
                  { key: 'age', operator: 'Lt', values: ['3'] },
                ],
              },
            ],
          },
        },
      },
    }),
    nodes: { a: { labels: { cores: '8', age: '1' } }, b: { labels: { cores: '16', age: '2' } }, c: {} },
    expected: 'b',
  },
  {
    name: 'a host port on all addresses collides with the same one on a single address',
    pod: podOf(wantsPort(8080)),
    nodes: { a: { pods: [podOf(wantsPort(8080, '127.0.0.1'))] } },
    expected: "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
  },
  {
    name: 'host ports on different addresses do not collide',
    pod: podOf(wantsPort(8080, '10.0.0.1')),
    nodes: { a: { pods: [podOf(wantsPort(8080, '127.0.0.1'))] } },
    expected: 'a',
  },
  {
    name: 'the emptier node',
    pod: podOf(wants({ cpu: '1' })),
    nodes: { a: { pods: [podOf(wants({ cpu: '2' }))] }, b: {} },
    expected: 'b',
  },
];

for (const { name, pod = podOf(), nodes, expected } of cases) {
  test(`placement: ${name}`, () => {
    const placement = planPlacement(podDemand(pod), clusterOf(nodes), options);
    assert.equal(placement.nodeName ?? placement.message, expected);
  });
}

test('who refused is told, and whether pods that leave would help', () => {
  const full = { a: { pods: [podOf(wants({ cpu: '3' }))] }, b: { allocatable: { cpu: '1' } }, c: cordoned };
  const misfit = planPlacement(podDemand(podOf(wants({ cpu: '2' }))), clusterOf(full), options);
  assert.ok(misfit.nodeName === undefined);
  assert.deepEqual([...misfit.refusedBy].map(({ name }) => name).sort(), ['NodeResourcesFit', 'NodeUnschedulable']);
  const curable = [...misfit.refusals].map(([name, { isCurable }]) => `${name} ${isCurable}`);
  assert.deepEqual(curable, ['a true', 'b false', 'c false']);
});

test('filters that mean different nodes by their names are at odds', () => {
  const meaning = (name: string, ...nodes: string[]): Filter => ({
    name,
    hints: {},
    prepare: () => ({ only: new Set(nodes), check: () => undefined }),
  });
  const place = (...filters: Filter[]) => {
    const placement = planPlacement(podDemand(podOf()), clusterOf({ a: {}, b: {}, c: {} }), { filters });
    return placement.nodeName ?? placement.message;
  };
  assert.equal(place(meaning('X', 'a', 'b'), meaning('Y', 'b', 'c')), 'b');
  const atOdds = "0/3 nodes are available: node(s) didn't satisfy plugin(s) [X Y] simultaneously.";
  assert.equal(place(meaning('Y', 'a'), meaning('X', 'b')), atOdds);
  assert.equal(place(meaning('X')), "0/3 nodes are available: node(s) didn't satisfy plugin X.");
  const gone = "0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [X].";
  assert.equal(place(meaning('X', 'gone')), gone);
});

test('a filter that finds no hope at all speaks for every node', () => {
  const hopeless = { name: 'X', hints: {}, prepare: () => ({ hopeless: 'persistentvolumeclaim "data" not found' }) };
  const misfit = planPlacement(podDemand(podOf()), clusterOf({ a: {}, b: {} }), { filters: [hopeless] });
  assert.ok(misfit.nodeName === undefined);
  assert.equal(misfit.message, '0/2 nodes are available: persistentvolumeclaim "data" not found.');
});

test('of many nodes some are compared, and the next search begins behind them', () => {
  assert.deepEqual([50, 100, 150, 400, 1000, 5000, 10_000].map(enoughOf), [50, 100, 100, 188, 420, 500, 500]);
  const many = clusterOf(Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`n${index}`, {}])));
  const first = planPlacement(podDemand(podOf()), many, options);
  assert.equal(first.looked, enoughOf(300));
  const second = planPlacement(podDemand(podOf()), many, { ...options, begin: first.looked });
  const next = ['n144', 'n145'];
  assert.ok(Number(second.nodeName?.slice(1)) >= Number(next[0]?.slice(1)), `${second.nodeName}`);
});

test('room that was promised is kept from who is not more important, and from nobody else', () => {
  const cluster = clusterOf({ a: {} });
  const promised = podDemand(podOf({ ...wants({ cpu: '3' }), priority: 5 }));
  const promisedOn = () => [promised];
  const place = (priority: number) =>
    planPlacement(podDemand(podOf({ ...wants({ cpu: '2' }), priority })), cluster, { ...options, promisedOn });
  assert.equal(place(5).nodeName, undefined);
  assert.equal(place(6).nodeName, 'a');
  assert.equal(planPlacement(promised, cluster, { ...options, promisedOn, promised: 'a' }).nodeName, 'a');
});

test('who was promised a node gets it, though another one is emptier', () => {
  const cluster = clusterOf({ a: { pods: [podOf(wants({ cpu: '2' }))] }, b: {} });
  const demand = podDemand(podOf(wants({ cpu: '1' })));
  assert.equal(planPlacement(demand, cluster, options).nodeName, 'b');
  assert.equal(planPlacement(demand, cluster, { ...options, promised: 'a' }).nodeName, 'a');
  assert.equal(planPlacement(demand, cluster, { ...options, promised: 'gone' }).nodeName, 'b');
});

test('pods are counted on a node that is heard of after them, and again when it comes back', () => {
  const cluster = clusterOf({});
  const early = podDemand(podOf(wants({ cpu: '3' })));
  cluster.place(early, 'late');
  const fits = () => planPlacement(podDemand(podOf(wants({ cpu: '2' }))), cluster, options).nodeName;
  cluster.setNode(nodeOf('late'));
  assert.equal(fits(), undefined);
  cluster.removeNode('late');
  cluster.setNode(nodeOf('late'));
  assert.equal(fits(), undefined);
  cluster.removeNode('late');
  cluster.remove(early.uid);
  cluster.setNode(nodeOf('late'));
  assert.equal(fits(), 'late');
});
