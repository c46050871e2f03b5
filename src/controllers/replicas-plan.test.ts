import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../api/kinds/pod.ts';
import type { ReplicaSet } from '../api/kinds/replica-set.ts';
import { nextAvailableInMs } from '../api/pod-availability.ts';
import { inDeletionOrder } from './pod-deletion-order.ts';
import { planReplicas, replicasStatus } from './replicas-plan.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString();

interface Traits {
  node?: string;
  phase?: 'Pending' | 'Running';
  readyFor?: number;
  age?: number;
  cost?: string;
  restarts?: number;
  labels?: Record<string, string>;
}

function pod(name: string, traits: Traits = {}): Pod {
  const { node, phase = 'Running', readyFor, age = 3600, cost, restarts = 0, labels = { app: 'web' } } = traits;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      uid: name,
      labels,
      creationTimestamp: ago(age),
      ...(cost && { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
    },
    spec: { containers: [], ...(node && { nodeName: node }) },
    status: {
      phase,
      conditions: readyFor === undefined ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: ago(readyFor) }],
      containerStatuses: [{ name: 'c', image: '', imageID: '', ready: true, restartCount: restarts }],
    },
  };
}

function set(replicas: number, spec: Partial<ReplicaSet['spec']> = {}): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'web', generation: 3 },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } } },
      ...spec,
    },
    status: { replicas: 0 },
  };
}

const orders: { name: string; first: Pod; second: Pod }[] = [
  { name: 'without a node', first: pod('z'), second: pod('a', { node: 'n' }) },
  {
    name: 'pending before running',
    first: pod('z', { node: 'n', phase: 'Pending' }),
    second: pod('a', { node: 'n' }),
  },
  { name: 'not ready before ready', first: pod('z', { node: 'n' }), second: pod('a', { node: 'n', readyFor: 9 }) },
  {
    name: 'the cheaper one',
    first: pod('z', { node: 'n', cost: '-5' }),
    second: pod('a', { node: 'n', cost: '10' }),
  },
  {
    name: 'ready for a shorter time',
    first: pod('z', { node: 'n', readyFor: 10 }),
    second: pod('a', { node: 'n', readyFor: 1000 }),
  },
  {
    name: 'restarted more often',
    first: pod('z', { node: 'n', readyFor: 100, restarts: 3 }),
    second: pod('a', { node: 'n', readyFor: 101 }),
  },
  {
    name: 'the younger one',
    first: pod('z', { node: 'n', readyFor: 100, age: 200 }),
    second: pod('a', { node: 'n', readyFor: 100, age: 9000 }),
  },
  {
    name: 'ages that are about the same do not matter',
    first: pod('a', { node: 'n', readyFor: 100, age: 210 }),
    second: pod('z', { node: 'n', readyFor: 100, age: 200 }),
  },
];

for (const { name, first, second } of orders) {
  test(`goes first: ${name}`, () => {
    for (const pods of [
      [first, second],
      [second, first],
    ]) {
      assert.equal(inDeletionOrder(pods, [], now)[0]?.metadata.name, first.metadata.name);
    }
  });
}

test('goes first: the one whose node has more pods of the workload', () => {
  const [a, b, other] = [pod('a', { node: 'one' }), pod('b', { node: 'two' }), pod('other', { node: 'two' })];
  assert.equal(inDeletionOrder([a, b], [a, b, other], now)[0]?.metadata.name, 'b');
});

test('missing pods are made, at most 500 in one go; pods too many are deleted in order', () => {
  const active = [pod('a', { node: 'n', readyFor: 5 }), pod('b', { node: 'n' })];
  const observed = (replicas: number) => ({ set: set(replicas), active, related: active });
  assert.deepEqual(planReplicas(observed(5), now), { do: 'create', count: 3 });
  assert.deepEqual(planReplicas(observed(9999), now), { do: 'create', count: 500 });
  assert.deepEqual(planReplicas(observed(2), now), { do: 'nothing' });
  assert.deepEqual(planReplicas(observed(1), now), { do: 'delete', pods: [active[1]] });
});

test('status counts ready, available and fully labelled pods', () => {
  const active = [pod('a', { readyFor: 5 }), pod('b', { readyFor: 60 }), pod('c', { labels: { app: 'other' } })];
  const waiting = set(3, { minReadySeconds: 10 });
  assert.deepEqual(replicasStatus(waiting, active, undefined, now), {
    replicas: 3,
    fullyLabeledReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 1,
    observedGeneration: 3,
  });
  assert.equal(nextAvailableInMs(active, waiting.spec.minReadySeconds ?? 0, now), 5000);
  assert.equal(nextAvailableInMs(active.slice(1), waiting.spec.minReadySeconds ?? 0, now), undefined);
});

test('a failure stands in the status until it is over', () => {
  const failure = { reason: 'FailedCreate', message: 'quota' } as const;
  const status = replicasStatus(set(1), [], failure, now);
  const condition = { type: 'ReplicaFailure', status: 'True', ...failure, lastTransitionTime: '2026-01-01T12:00:00Z' };
  assert.deepEqual(status.conditions, [condition]);
  const failed = { ...set(1), status };
  assert.deepEqual(replicasStatus(failed, [], failure, now + 99_000), status);
  assert.equal(replicasStatus(failed, [], undefined, now).conditions, undefined);
});
