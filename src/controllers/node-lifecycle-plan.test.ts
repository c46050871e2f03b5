import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node, NodeCondition, Taint } from '../api/kinds/node.ts';
import { plannedTaints, silentConditions } from './node-lifecycle-plan.ts';
import { planPodNetwork } from './pod-networks.ts';

const now = Date.parse('2026-01-01T12:00:00Z');

function node(conditions: NodeCondition[], spec: Node['spec'] = {}): Node {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: 'one' }, spec, status: { conditions } };
}

const ready = (status: string): NodeCondition => ({ type: 'Ready', status });
const ours: Taint = { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule', timeAdded: '2026-01-01T00:00:00Z' };
const theirs: Taint = { key: 'dedicated', value: 'gpu', effect: 'NoExecute' };

const cases: { name: string; node: Node; taints: string[] }[] = [
  { name: 'ready', node: node([ready('True')]), taints: [] },
  { name: 'never heard of', node: node([]), taints: ['not-ready:NoSchedule'] },
  { name: 'not ready', node: node([ready('False')]), taints: ['not-ready:NoSchedule', 'not-ready:NoExecute'] },
  { name: 'lost', node: node([ready('Unknown')]), taints: ['unreachable:NoSchedule', 'unreachable:NoExecute'] },
  { name: 'back', node: node([ready('True')], { taints: [ours] }), taints: [] },
  { name: 'tainted by others', node: node([ready('True')], { taints: [theirs] }), taints: ['dedicated:NoExecute'] },
  {
    name: 'cordoned and short of memory',
    node: node([ready('True'), { type: 'MemoryPressure', status: 'True' }], { unschedulable: true }),
    taints: ['memory-pressure:NoSchedule', 'unschedulable:NoSchedule'],
  },
];

test('a node whose turn has not come gets nothing new, and its pods stay', () => {
  const planned = plannedTaints(node([ready('Unknown')]), { mayDrive: false, nowMs: now });
  assert.deepEqual(
    planned.map(({ key, effect }) => `${key}:${effect}`),
    ['node.kubernetes.io/unreachable:NoSchedule'],
  );
});

for (const { name, node: one, taints } of cases) {
  test(`taints of a node that is ${name}`, () => {
    const planned = plannedTaints(one, { mayDrive: true, nowMs: now });
    assert.deepEqual(
      planned.map(({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`),
      taints,
    );
  });
}

test('a taint that stays keeps the time since when it is there', () => {
  const [first] = plannedTaints(node([ready('Unknown')], { taints: [ours] }), { mayDrive: true, nowMs: now });
  assert.equal(first, ours);
});

test('what the agent of a silent node said is unknown, what others said stays', () => {
  const before = [
    { ...ready('True'), lastHeartbeatTime: 'then' },
    { type: 'NetworkUnavailable', status: 'False' },
  ];
  const conditions = silentConditions(node(before), now);
  assert.deepEqual(conditions[0], {
    type: 'Ready',
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
    lastHeartbeatTime: 'then',
    lastTransitionTime: '2026-01-01T12:00:00Z',
  });
  assert.deepEqual(conditions[1], before[1]);
  assert.deepEqual(
    conditions.slice(2).map(({ type, reason }) => `${type} ${reason}`),
    ['MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => `${type} NodeStatusNeverUpdated`),
  );
  assert.deepEqual(silentConditions(node(conditions), now + 60_000), conditions, 'said once');
});

const networks: { name: string; cidr: string; taken: string[]; expected: string | undefined }[] = [
  { name: 'the first', cidr: '10.42.0.0/16', taken: [], expected: '10.42.0.0/24' },
  { name: 'a gap', cidr: '10.42.0.0/16', taken: ['10.42.0.0/24', '10.42.2.0/24'], expected: '10.42.1.0/24' },
  { name: 'none left', cidr: '10.42.0.0/23', taken: ['10.42.0.0/24', '10.42.1.0/24'], expected: undefined },
  { name: 'a range smaller than a network', cidr: '10.42.0.0/26', taken: [], expected: '10.42.0.0/26' },
];

for (const { name, cidr, taken, expected } of networks) {
  test(`pod network: ${name}`, () => assert.equal(planPodNetwork(cidr, new Set(taken)), expected));
}
