import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import { type ClusterChange, mayHelp } from '../cluster/cluster-change.ts';
import { type NodeTraits, nodeOf, podOf, wants } from '../cluster/cluster-for-tests.ts';
import { podDemand } from '../pods/pod-demand.ts';
import type { Filter } from './filter.ts';
import { hostPortsFilter } from './host-ports.ts';
import { nodeAffinityFilter } from './node-affinity.ts';
import { resourcesFilter } from './resources.ts';
import { taintsFilter } from './taints.ts';
import { unschedulableFilter } from './unschedulable.ts';

const gpu = [{ key: 'gpu', effect: 'NoSchedule' as const }];
const port = (hostPort: number): Partial<Pod['spec']> => ({
  containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort }] }],
});
const node = (traits: NodeTraits = {}, previous?: NodeTraits): ClusterChange => ({
  type: 'node',
  object: nodeOf('n', traits),
  previous: previous && nodeOf('n', previous),
});
const gone = (spec: Partial<Pod['spec']> = {}): ClusterChange => ({ type: 'pod-gone', pod: podDemand(podOf(spec)) });
const resized = (from: string, to: string): ClusterChange => ({
  type: 'pod-changed',
  pod: podDemand(podOf(wants({ cpu: to }))),
  previous: podDemand(podOf(wants({ cpu: from }))),
});

const cases: [name: string, filter: Filter, spec: Partial<Pod['spec']>, change: ClusterChange, helps: boolean][] = [
  ['a node that is large enough', resourcesFilter, wants({ cpu: '2' }), node(), true],
  ['a node that is too small', resourcesFilter, wants({ cpu: '5' }), node(), false],
  ['a node without the resource', resourcesFilter, wants({ 'example.com/gpu': '1' }), node(), false],
  ['a pod that goes', resourcesFilter, wants({ cpu: '2' }), gone(), true],
  ['a pod that asks for less', resourcesFilter, wants({ cpu: '2' }), resized('2', '1'), true],
  ['a pod that asks for the same', resourcesFilter, wants({ cpu: '2' }), resized('2', '2'), false],
  ['a pod that asks for more', resourcesFilter, wants({ cpu: '2' }), resized('1', '2'), false],
  ['a node without the taint', taintsFilter, {}, node({}, { spec: { taints: gpu } }), true],
  ['a node with the taint', taintsFilter, {}, node({ spec: { taints: gpu } }), false],
  ['a pod that goes from a tainted node', taintsFilter, {}, gone(), false],
  ['a node that is selected', nodeAffinityFilter, { nodeSelector: { a: 'b' } }, node({ labels: { a: 'b' } }), true],
  ['a node that is not selected', nodeAffinityFilter, { nodeSelector: { a: 'b' } }, node(), false],
  ['a node that is uncordoned', unschedulableFilter, {}, node({}, { spec: { unschedulable: true } }), true],
  ['a node that is cordoned', unschedulableFilter, {}, node({ spec: { unschedulable: true } }), false],
  ['a pod that frees the port', hostPortsFilter, port(80), gone(port(80)), true],
  ['a pod that frees another port', hostPortsFilter, port(80), gone(port(81)), false],
  ['a new node has all ports', hostPortsFilter, port(80), node(), true],
  ['a changed node has no other ports', hostPortsFilter, port(80), node({}, { labels: { a: 'b' } }), false],
];

for (const [name, filter, spec, change, helps] of cases) {
  test(`${name} ${helps ? 'may help' : 'does not help'} who was refused by ${filter.name}`, () => {
    assert.equal(mayHelp(filter.hints, change, podDemand(podOf(spec))), helps);
  });
}
