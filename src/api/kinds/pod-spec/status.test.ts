import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepObservedGenerations } from './status.ts';

const condition = (type: string, observedGeneration?: number) => ({
  type,
  status: 'True' as const,
  ...(observedGeneration && { observedGeneration }),
});

test('who knows nothing of generations takes none away', () => {
  const status = {
    conditions: [condition('Ready'), condition('Initialized'), condition('Ready', 3), condition('New')],
  };
  keepObservedGenerations(status, {
    observedGeneration: 2,
    conditions: [condition('Initialized', 1), condition('Ready', 2), condition('Ready', 1)],
  });
  assert.deepEqual(status, {
    observedGeneration: 2,
    conditions: [condition('Ready', 2), condition('Initialized', 1), condition('Ready', 3), condition('New')],
  });
});

test('who tells a newer generation is believed', () => {
  const status = { observedGeneration: 5 };
  keepObservedGenerations(status, { observedGeneration: 4, conditions: [condition('Ready', 4)] });
  assert.deepEqual(status, { observedGeneration: 5 });
});
