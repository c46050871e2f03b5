import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node, NodeCondition, Taint } from '../../api/kinds/node.ts';
import { isDrivenOff, plannedTaints, silentConditions } from './node-lifecycle-plan.ts';

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

test('each taint keeps its own time, whichever other has the same key', () => {
  const driving: Taint = { ...ours, effect: 'NoExecute', timeAdded: '2026-01-01T06:00:00Z' };
  const lost = node([ready('Unknown')], { taints: [driving, ours] });
  assert.deepEqual(plannedTaints(lost, { mayDrive: true, nowMs: now }), [driving, ours]);
  const told = (taints: Taint[]) => isDrivenOff(node([], { taints }));
  assert.deepEqual([told([driving]), told([ours]), told([theirs]), isDrivenOff(node([]))], [true, false, false, false]);
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
