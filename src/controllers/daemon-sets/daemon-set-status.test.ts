import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DaemonSet } from '../../api/kinds/daemon-set.ts';
import { observe, type Scene } from './daemon-set-for-tests.ts';
import { daemonSetStatus } from './daemon-set-status.ts';

test('the status of a daemon set', () => {
  const scene = {
    spec: { minReadySeconds: 30 },
    nodes: ['a', 'b', 'c', 'd', 'e other'],
    pods: ['a new', 'b old fresh', 'b new young', 'c old down', 'e old'],
  };
  assert.deepEqual(daemonSetStatus(observe(scene), 0), {
    desiredNumberScheduled: 4,
    currentNumberScheduled: 3,
    numberMisscheduled: 1,
    numberReady: 2,
    numberAvailable: 1,
    numberUnavailable: 3,
    updatedNumberScheduled: 1,
    observedGeneration: 4,
  });
});

const cases: { name: string; says: Partial<DaemonSet['status']>; scene: Scene }[] = [
  {
    name: 'no node for it',
    scene: { nodes: ['a other'], pods: [] },
    says: { desiredNumberScheduled: 0, currentNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 },
  },
  {
    name: 'nodes without a pod are not available',
    scene: { nodes: ['a', 'b'], pods: ['a new'] },
    says: { desiredNumberScheduled: 2, currentNumberScheduled: 1, numberAvailable: 1, numberUnavailable: 1 },
  },
  {
    name: 'a pod that may stay on a node with a new taint is where it should not be',
    scene: { nodes: ['a tainted'], pods: ['a new'] },
    says: { desiredNumberScheduled: 0, numberMisscheduled: 1, numberReady: 0 },
  },
  {
    name: 'of two pods on a node the older one counts',
    scene: { nodes: ['a'], pods: ['a new young', 'a old down'] },
    says: { currentNumberScheduled: 1, numberReady: 0, numberUnavailable: 1 },
  },
  {
    name: 'an update that is through',
    scene: { nodes: ['a', 'b'], pods: ['a new', 'b new'] },
    says: { updatedNumberScheduled: 2, numberAvailable: 2, numberReady: 2 },
  },
];
for (const { name, scene, says } of cases) {
  test(`status: ${name}`, () => {
    const status = daemonSetStatus(observe(scene), 0);
    const named = Object.keys(says).map((key) => [key, status[key as keyof typeof status]]);
    assert.deepEqual(Object.fromEntries(named), says);
  });
}

test('counts of zero are left out but for the four that always stand there; collisions are told', () => {
  const { observedGeneration, ...status } = daemonSetStatus(observe({ nodes: [], pods: [] }), 2);
  assert.equal(observedGeneration, 4);
  assert.deepEqual(status, {
    desiredNumberScheduled: 0,
    currentNumberScheduled: 0,
    numberMisscheduled: 0,
    numberReady: 0,
    collisionCount: 2,
  });
});
