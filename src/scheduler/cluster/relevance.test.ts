import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '../../api/kinds/node.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { nodeOf, podOf, wants } from './cluster-for-tests.ts';
import { isGated, isWaiting, offersTheSame, takesTheSame, wishesTheSame } from './relevance.ts';

const plain = podOf(wants({ cpu: '1' }), { labels: { app: 'a' } });
const changed = (change: Partial<Pod>): Pod => ({ ...plain, ...change });
const gates = [{ name: 'example.com/gate' }];

const waits: [name: string, pod: Pod, waiting: boolean, gated: boolean][] = [
  ['a pod without node', podOf(), true, false],
  ['one of ours by name', podOf({ schedulerName: 'default-scheduler' }), true, false],
  ['one of another scheduler', podOf({ schedulerName: 'mine' }), false, false],
  ['one that is bound', podOf({ nodeName: 'n' }), false, false],
  ['one with a gate', podOf({ schedulingGates: gates }), false, true],
  ['one that is being deleted', podOf({ schedulingGates: gates }, { isLeaving: true }), false, false],
  ['one that has ended', podOf({}, { status: { phase: 'Failed' } }), false, false],
];
for (const [name, pod, waiting, gated] of waits) {
  test(`${name}: ${waiting ? 'is to be placed' : gated ? 'waits at its gates' : 'is no matter of ours'}`, () => {
    assert.deepEqual([isWaiting(pod), isGated(pod)], [waiting, gated]);
  });
}

const told = { name: 'c', allocatedResources: { cpu: '1' }, resources: { requests: { cpu: '1' } } };
const status = (containerStatus: object) =>
  changed({ status: { containerStatuses: [containerStatus] } as Pod['status'] });
const changes: [name: string, pod: Pod, wishes: boolean, takes: boolean][] = [
  ['nothing', changed({}), true, true],
  ['a new phase', changed({ status: { phase: 'Running' } }), true, true],
  ['other labels', changed({ metadata: { ...plain.metadata, labels: {} } }), false, false],
  ['a toleration', changed({ spec: { ...plain.spec, tolerations: [{ operator: 'Exists' }] } }), false, true],
  ['other resources', changed({ spec: { ...plain.spec, ...wants({ cpu: '2' }) } }), false, false],
  ['its end has begun', changed({ metadata: { ...plain.metadata, deletionTimestamp: 'now' } }), true, false],
  ['the node gave it resources', status(told), true, false],
];
for (const [name, pod, wishes, takes] of changes) {
  test(`a pod with ${name} ${wishes ? 'wishes the same' : 'wishes another thing'}, ${takes ? 'takes the same' : 'takes another thing'}`, () => {
    assert.deepEqual([wishesTheSame(plain, pod), takesTheSame(plain, pod)], [wishes, takes]);
  });
}

const node = nodeOf('n');
const heard = (change: Partial<Node['status']>): Node => ({ ...node, status: { ...node.status, ...change } });
const nodes: [name: string, node: Node, same: boolean][] = [
  ['a heartbeat', heard({ conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: 'now' }] }), true],
  ['other allocatable', heard({ allocatable: { cpu: '1' } }), false],
  ['no word of being ready', heard({ conditions: [] }), false],
  ['a label', nodeOf('n', { labels: { a: 'b' } }), false],
  ['a taint', nodeOf('n', { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }), false],
  ['a cordon', nodeOf('n', { spec: { unschedulable: true } }), false],
];
for (const [name, other, same] of nodes) {
  test(`a node with ${name} is ${same ? 'no news' : 'news'}`, () => assert.equal(offersTheSame(node, other), same));
}
