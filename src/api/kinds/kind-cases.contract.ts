// Tables of cases over a kind: a good object, changed by a merge patch, and the faults that it then has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KubeObject, mutableCopy } from '../meta.ts';
import { mergePatch } from '../patch/merge.ts';
import { apiVersionOf, type Kind } from './kind.ts';

/** What is done to the good object, and how each fault begins: "spec.replicas: Invalid value: -1". */
export type KindCase = readonly [patch: Record<string, unknown>, ...faults: string[]];

/** A good object is one that has no faults. */
export function createCases(kind: Kind, good: object, cases: readonly KindCase[]): void {
  for (const [patch, ...faults] of [[{}] as KindCase, ...cases]) {
    test(`a ${kind.kind} made with ${JSON.stringify(patch)}`, () => {
      const made = created(kind, good, patch);
      assertFaults([...(kind.validate?.(made) ?? [])], faults);
    });
  }
}

export function updateCases(kind: Kind, good: object, cases: readonly KindCase[]): void {
  const previous = created(kind, good, {});
  for (const [patch, ...faults] of [[{}] as KindCase, ...cases]) {
    test(`a ${kind.kind} changed by ${JSON.stringify(patch)}`, () => {
      const draft = patched(previous, patch);
      kind.setDefaults?.(draft);
      kind.prepareUpdate?.(draft, previous, 'main');
      const validated = kind.validate?.(draft, previous) ?? [];
      assertFaults([...validated, ...(kind.validateUpdate?.(draft, previous) ?? [])], faults);
    });
  }
}

/** Patches are of the status. */
export function statusCases(kind: Kind, good: object, cases: readonly KindCase[]): void {
  const previous = created(kind, good, {});
  for (const [status, ...faults] of [[{}] as KindCase, ...cases]) {
    test(`a ${kind.kind} whose status gets ${JSON.stringify(status)}`, () => {
      const draft = patched(previous, { status });
      assertFaults([...(kind.validateStatusUpdate?.(draft, previous) ?? [])], faults);
    });
  }
}

/** The good object, patched, as the server completes it. */
export function created(kind: Kind, good: object, patch: Record<string, unknown>): KubeObject {
  const metadata = { name: 'x', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z', generation: 1 };
  const identity = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata };
  const parts = kind.hasStatus ? { spec: {}, status: {} } : {};
  const draft = patched({ ...identity, ...parts, ...good } as KubeObject, patch);
  kind.setDefaults?.(draft);
  kind.prepareCreate?.(draft);
  return draft;
}

function patched(object: KubeObject, patch: Record<string, unknown>): KubeObject {
  return mutableCopy(mergePatch(object as unknown as Record<string, unknown>, patch)) as unknown as KubeObject;
}

function assertFaults(causes: readonly { field: string; message: string }[], faults: readonly string[]): void {
  const found = causes.map(({ field, message }) => `${field}: ${message}`);
  const cut = found.map((text, index) => (text.startsWith(faults[index] ?? '\0') ? faults[index] : text));
  assert.deepEqual(cut, faults);
}
