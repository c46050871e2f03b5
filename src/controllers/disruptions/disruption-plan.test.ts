import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import type { PodDisruptionBudget } from '../../api/kinds/pod-disruption-budget.ts';
import { needsScale, planDisruption, planFailure } from './disruption-plan.ts';

const nowMs = Date.parse('2030-01-01T00:10:00Z');

function pod(name: string, state: 'ready' | 'unready' | 'deleted' = 'ready'): Pod {
  const status = { conditions: [{ type: 'Ready', status: state === 'unready' ? 'False' : 'True' }] };
  const deletion = state === 'deleted' ? { deletionTimestamp: '2030-01-01T00:09:59Z' } : {};
  return { metadata: { name, ...deletion }, spec: { containers: [] }, status } as unknown as Pod;
}

function budget(spec: PodDisruptionBudget['spec'], status: object = {}): PodDisruptionBudget {
  return { metadata: { name: 'budget', generation: 3 }, spec, status } as unknown as PodDisruptionBudget;
}

const three = [pod('a'), pod('b'), pod('c')];

test('how many pods may go', () => {
  type Case = [spec: PodDisruptionBudget['spec'], pods: Pod[], scale: number, desired: number, allowed: number];
  const cases: Case[] = [
    [{ minAvailable: 2 }, three, 0, 2, 1],
    [{ minAvailable: 4 }, three, 0, 4, 0],
    [{ minAvailable: '50%' }, three, 3, 2, 1],
    [{ maxUnavailable: 1 }, three, 3, 2, 1],
    [{ maxUnavailable: '34%' }, three, 3, 1, 2],
    [{ maxUnavailable: 5 }, three, 3, 0, 3],
    [{ minAvailable: 1 }, [pod('a'), pod('b', 'unready')], 0, 1, 0],
    [{ minAvailable: 1 }, [pod('a'), pod('b', 'deleted')], 0, 1, 0],
    [{ maxUnavailable: 1 }, [], 0, 0, 0],
    [{}, three, 0, 0, 3],
  ];
  for (const [spec, pods, scale, desiredHealthy, disruptionsAllowed] of cases) {
    const { status } = planDisruption({ budget: budget(spec), pods, scale, nowMs });
    assert.deepEqual(
      [status.desiredHealthy, status.disruptionsAllowed],
      [desiredHealthy, disruptionsAllowed],
      JSON.stringify(spec),
    );
    assert.equal(status.observedGeneration, 3);
    const [condition] = status.conditions ?? [];
    assert.equal(condition?.reason, disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods');
  }
});

test('what was evicted counts as gone for two minutes, and is told of when it is still there', () => {
  const status = {
    disruptedPods: { a: '2030-01-01T00:09:00Z', b: '2030-01-01T00:07:00Z', gone: '2030-01-01T00:09:00Z' },
  };
  const plan = planDisruption({ budget: budget({ minAvailable: 1 }, status), pods: three, scale: 0, nowMs });
  assert.deepEqual(plan.status.disruptedPods, { a: '2030-01-01T00:09:00Z' });
  assert.equal(plan.status.currentHealthy, 2);
  assert.deepEqual(
    plan.notDeleted.map(({ metadata }) => metadata.name),
    ['b'],
  );
  assert.equal(plan.recheckInMs, 60_000);
});

test('a condition keeps the time of its last change', () => {
  const first = planDisruption({ budget: budget({ minAvailable: 1 }), pods: three, scale: 0, nowMs }).status;
  const again = (pods: Pod[]) =>
    planDisruption({ budget: budget({ minAvailable: 1 }, first), pods, scale: 0, nowMs: nowMs + 60_000 }).status;
  assert.equal(again(three).conditions?.[0]?.lastTransitionTime, '2030-01-01T00:10:00Z');
  assert.equal(again([]).conditions?.[0]?.lastTransitionTime, '2030-01-01T00:11:00Z');
});

test('pods that cannot be counted may not go', () => {
  const failed = planFailure(budget({ maxUnavailable: 1 }, { disruptionsAllowed: 2 }), 'no controllers', nowMs);
  assert.equal(failed.disruptionsAllowed, 0);
  assert.deepEqual([failed.conditions?.[0]?.reason, failed.conditions?.[0]?.message], ['SyncFailed', 'no controllers']);
});

test('only a share, or a number of absent ones, needs to know how many there would be', () => {
  assert.deepEqual(
    [{ minAvailable: 1 }, { minAvailable: '1%' }, { maxUnavailable: 1 }].map((spec) => needsScale(budget(spec))),
    [false, true, true],
  );
});
