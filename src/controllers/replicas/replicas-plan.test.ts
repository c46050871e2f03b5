import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import type { ReplicaSet } from '../../api/kinds/replica-set.ts';
import { nextAvailableInMs } from '../../api/pod-availability.ts';
import { planReplicas, replicasStatus } from './replicas-plan.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString();

interface Traits {
  node?: string;
  readyFor?: number;
  labels?: Record<string, string>;
}

function pod(name: string, { node, readyFor, labels = { app: 'web' } }: Traits = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, uid: name, labels, creationTimestamp: ago(3600) },
    spec: { containers: [], ...(node && { nodeName: node }) },
    status: {
      phase: 'Running',
      conditions: readyFor === undefined ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: ago(readyFor) }],
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
