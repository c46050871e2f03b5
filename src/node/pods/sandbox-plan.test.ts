import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planPod } from './pod-plan.ts';
import { nowMs, samplePod, sampleView } from './pod-samples.ts';

test('a sandbox that could not be had is made again when its time has come, and not before', () => {
  const planned = (retryAtMs: number) =>
    planPod(sampleView(samplePod(), [], { attached: undefined, sandboxProblem: { count: 3, retryAtMs } }), nowMs);
  const kinds = (retryAtMs: number) => planned(retryAtMs).steps.map(({ kind }) => kind);
  assert.ok(kinds(nowMs).includes('createPause'));
  assert.ok(!kinds(nowMs + 400).includes('createPause'));
  assert.equal(planned(nowMs + 400).wakeAtMs, nowMs + 400);
});
