import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Namespace } from '../../api/kinds/namespace.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { mayHelp } from '../cluster/cluster-change.ts';
import { clusterOf, nodeOf, podOf } from '../cluster/cluster-for-tests.ts';
import { podDemand } from '../pods/pod-demand.ts';
import { podAffinityFilter } from './pod-affinity.ts';

type Required = NonNullable<
  NonNullable<NonNullable<Pod['spec']['affinity']>['podAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>;
const near = (...terms: Required): Partial<Pod['spec']> => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const apart = (...terms: Required): Partial<Pod['spec']> => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const app = (name: string, topologyKey = 'zone', rest: Partial<Required[number]> = {}): Required[number] => ({
  topologyKey,
  labelSelector: { matchLabels: { app: name } },
  ...rest,
});
const web = { labels: { app: 'web' } };
const zones = { a: { labels: { zone: '1' } }, b: { labels: { zone: '1' } }, c: { labels: { zone: '2' } }, d: {} };

type Nodes = Parameters<typeof clusterOf>[0];
/** The four nodes, with pods on some of them. */
const withPods = (pods: Partial<Record<keyof typeof zones, Pod[]>>): Nodes =>
  Object.fromEntries(
    Object.entries(zones).map(([name, traits]) => [name, { ...traits, pods: pods[name as keyof typeof zones] ?? [] }]),
  );

const farFromFriends = "node(s) didn't match pod affinity rules";
const nearToFoes = "node(s) didn't match pod anti-affinity rules";
const unwelcome = "node(s) didn't satisfy existing pods anti-affinity rules";

const cases: { name: string; pod: Pod; nodes: Nodes; fits: string; refusals?: string[] }[] = [
  { name: 'a pod that says nothing', pod: podOf(), nodes: withPods({}), fits: 'a b c d' },
  {
    name: 'near a pod of a sort: its whole domain',
    pod: podOf(near(app('web'))),
    nodes: withPods({ a: [podOf({}, web)] }),
    fits: 'a b',
    refusals: [farFromFriends],
  },
  {
    name: 'all terms at once, by pods that match them all',
    pod: podOf(near(app('web'), { topologyKey: 'zone', labelSelector: { matchLabels: { tier: 'front' } } })),
    nodes: withPods({ a: [podOf({}, web)], c: [podOf({}, { labels: { app: 'web', tier: 'front' } })] }),
    fits: 'c',
    refusals: [farFromFriends],
  },
  {
    name: 'the first of its own sort stands wherever there is a domain',
    pod: podOf(near(app('web')), web),
    nodes: withPods({}),
    fits: 'a b c',
    refusals: [farFromFriends],
  },
  {
    name: 'not the first of its sort',
    pod: podOf(near(app('web')), web),
    nodes: withPods({ c: [podOf({}, web)] }),
    fits: 'c',
    refusals: [farFromFriends],
  },
  {
    name: 'nobody of another sort is there',
    pod: podOf(near(app('db')), web),
    nodes: withPods({}),
    fits: '',
    refusals: [farFromFriends],
  },
  {
    name: 'apart: nodes without the label are no domain',
    pod: podOf(apart(app('web'))),
    nodes: withPods({ a: [podOf({}, web)] }),
    fits: 'c d',
    refusals: [nearToFoes],
  },
  {
    name: 'apart by host',
    pod: podOf(apart(app('web', 'kubernetes.io/hostname'))),
    nodes: withPods({ a: [podOf({}, web)] }),
    fits: 'b c d',
    refusals: [nearToFoes],
  },
  {
    name: 'apart counts for those who stand already',
    pod: podOf({}, web),
    nodes: withPods({ c: [podOf(apart(app('web')))] }),
    fits: 'a b d',
    refusals: [unwelcome],
  },
  {
    name: 'a term is about the namespace of its pod',
    pod: podOf(apart(app('web'))),
    nodes: withPods({ a: [podOf({}, { ...web, namespace: 'other' })] }),
    fits: 'a b c d',
  },
  {
    name: 'or about those that it names',
    pod: podOf(apart(app('web', 'zone', { namespaces: ['other'] }))),
    nodes: withPods({ a: [podOf({}, { ...web, namespace: 'other' })], c: [podOf({}, web)] }),
    fits: 'c d',
    refusals: [nearToFoes],
  },
  {
    name: 'or about those whose labels it selects',
    pod: podOf(apart(app('web', 'zone', { namespaceSelector: { matchLabels: { team: 'blue' } } }))),
    nodes: withPods({ a: [podOf({}, { ...web, namespace: 'blue' })], c: [podOf({}, { ...web, namespace: 'red' })] }),
    fits: 'c d',
    refusals: [nearToFoes],
  },
  {
    name: 'or about all',
    pod: podOf(apart(app('web', 'zone', { namespaceSelector: {} }))),
    nodes: withPods({ a: [podOf({}, { ...web, namespace: 'blue' })], c: [podOf({}, { ...web, namespace: 'red' })] }),
    fits: 'd',
    refusals: [nearToFoes],
  },
  {
    name: 'a term without selector is about nobody',
    pod: podOf(apart({ topologyKey: 'zone' })),
    nodes: withPods({ a: [podOf({}, web)] }),
    fits: 'a b c d',
  },
  {
    name: 'pods on their way out still stand in the way',
    pod: podOf(apart(app('web'))),
    nodes: withPods({ a: [podOf({}, { ...web, isLeaving: true })] }),
    fits: 'c d',
    refusals: [nearToFoes],
  },
];

const namespace = (name: string, labels: Record<string, string>): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
  spec: {},
  status: {},
});

for (const { name, pod, nodes, fits, refusals = [] } of cases) {
  test(`pod affinity: ${name}`, () => {
    const cluster = clusterOf(nodes);
    cluster.setNamespace(namespace('blue', { team: 'blue' }));
    cluster.setNamespace(namespace('red', { team: 'red' }));
    const prepared = podAffinityFilter.prepare(podDemand(pod), cluster);
    assert.ok(!prepared || 'check' in prepared);
    const found = cluster.rooms.map((room) => ({ room: room.name, refusal: prepared?.check(room) }));
    assert.equal(
      found
        .filter(({ refusal }) => !refusal)
        .map(({ room }) => room)
        .join(' '),
      fits,
    );
    assert.deepEqual([...new Set(found.flatMap(({ refusal }) => refusal?.reasons ?? []))], refusals);
  });
}

test('pods that come, go and change their labels are counted at once', () => {
  const cluster = clusterOf(withPods({}));
  const demand = podDemand(podOf(apart(app('web'))));
  const fits = () => {
    const prepared = podAffinityFilter.prepare(demand, cluster);
    assert.ok(prepared && 'check' in prepared);
    return cluster.rooms
      .filter((room) => !prepared.check(room))
      .map(({ name }) => name)
      .join(' ');
  };
  assert.equal(fits(), 'a b c d');
  const pod = podOf({}, web);
  cluster.place(podDemand(pod), 'a');
  assert.equal(fits(), 'c d');
  cluster.place(podDemand(pod), 'c');
  assert.equal(fits(), 'a b d');
  cluster.place(podDemand({ ...pod, metadata: { ...pod.metadata, labels: {} } }), 'c');
  assert.equal(fits(), 'a b c d');
  cluster.place(podDemand(pod), 'c');
  cluster.remove(pod.metadata.uid ?? '');
  assert.equal(fits(), 'a b c d');
  cluster.place(podDemand(pod), 'unknown yet');
  assert.equal(fits(), 'a b c d');
  cluster.setNode(nodeOf('unknown yet', { labels: { zone: '2' } }));
  assert.equal(fits(), 'a b d');
});

test('a selector of namespaces follows their labels', () => {
  const cluster = clusterOf(withPods({ a: [podOf({}, { ...web, namespace: 'team' })] }));
  const demand = podDemand(podOf(apart(app('web', 'zone', { namespaceSelector: { matchLabels: { team: 'blue' } } }))));
  const fits = () => {
    const prepared = podAffinityFilter.prepare(demand, cluster);
    assert.ok(prepared && 'check' in prepared);
    return cluster.rooms.filter((room) => !prepared.check(room)).length;
  };
  assert.equal(fits(), 4);
  cluster.setNamespace(namespace('team', { team: 'blue' }));
  assert.equal(fits(), 2);
  cluster.setNamespace(namespace('team', {}));
  assert.equal(fits(), 4);
});

test('what may help a pod that must stand apart, or near', () => {
  const [foe, stranger] = [podDemand(podOf({}, web)), podDemand(podOf())];
  const lonely = podDemand(podOf(apart(app('web'))));
  const social = podDemand(podOf(near(app('web'))));
  const hints = podAffinityFilter.hints;
  const helps = (change: Parameters<typeof mayHelp>[1]) => [lonely, social].map((pod) => mayHelp(hints, change, pod));
  assert.deepEqual(helps({ type: 'pod-gone', pod: foe }), [true, true]);
  assert.deepEqual(helps({ type: 'pod-gone', pod: stranger }), [false, false]);
  assert.deepEqual(helps({ type: 'pod-placed', pod: foe }), [false, true]);
  assert.deepEqual(helps({ type: 'pod-changed', pod: stranger, previous: foe }), [true, false]);
  assert.deepEqual(helps({ type: 'pod-placed', pod: stranger }), [false, false]);
  assert.deepEqual(helps({ type: 'node', object: nodeOf('n'), previous: undefined }), [true, true]);
  assert.deepEqual(helps({ type: 'volume', object: undefined, previous: undefined }), [false, false]);
});
