import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import { inDeletionOrder } from './pod-deletion-order.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString();

interface Traits {
  node?: string;
  phase?: 'Pending' | 'Unknown' | 'Running';
  readyFor?: number;
  age?: number;
  cost?: string;
  restarts?: number;
  sidecarRestarts?: number;
  initRestarts?: number;
}

function pod(name: string, traits: Traits = {}): Pod {
  const { node, phase = 'Running', readyFor, age = 3600, cost, restarts = 0 } = traits;
  const { sidecarRestarts = 0, initRestarts = 0 } = traits;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      uid: name,
      creationTimestamp: ago(age),
      ...(cost && { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
    },
    spec: {
      containers: [],
      initContainers: [{ name: 'side', restartPolicy: 'Always' }, { name: 'init' }],
      ...(node && { nodeName: node }),
    },
    status: {
      phase,
      conditions: readyFor === undefined ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: ago(readyFor) }],
      containerStatuses: [{ name: 'c', image: '', imageID: '', ready: true, restartCount: restarts }],
      initContainerStatuses: [
        { name: 'side', image: '', imageID: '', ready: true, restartCount: sidecarRestarts },
        { name: 'init', image: '', imageID: '', ready: true, restartCount: initRestarts },
      ],
    },
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
    name: 'a sidecar restarted more often; what ran once before does not matter',
    first: pod('z', { node: 'n', readyFor: 100, sidecarRestarts: 1 }),
    second: pod('a', { node: 'n', readyFor: 100, initRestarts: 5 }),
  },
  {
    name: 'containers matter more than sidecars',
    first: pod('z', { node: 'n', readyFor: 100, restarts: 1 }),
    second: pod('a', { node: 'n', readyFor: 100, sidecarRestarts: 5 }),
  },
  {
    name: 'an unreadable cost is none',
    first: pod('a', { node: 'n', cost: 'much' }),
    second: pod('z', { node: 'n', cost: '0' }),
  },
  {
    name: 'cost before crowd and age',
    first: pod('z', { node: 'n', readyFor: 9000, cost: '1' }),
    second: pod('a', { node: 'n', readyFor: 10, cost: '2' }),
  },
  {
    name: 'an unknown phase before one that runs',
    first: pod('z', { node: 'n', phase: 'Unknown' }),
    second: pod('a', { node: 'n' }),
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

test('pods that end do not crowd their node', () => {
  const [a, b, other] = [pod('a', { node: 'one' }), pod('b', { node: 'two' }), pod('other', { node: 'two' })];
  const ending = { ...other, metadata: { ...other.metadata, deletionTimestamp: ago(1) } };
  assert.equal(inDeletionOrder([b, a], [a, b, ending], now)[0]?.metadata.name, 'a');
});
