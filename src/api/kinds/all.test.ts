import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KubeObject } from '../meta.ts';
import { decode } from '../openapi/decode.ts';
import { typeOfKind } from '../openapi/schema.ts';
import type { Type } from '../openapi/type.ts';
import { storedKinds } from './all.ts';
import { apiVersionOf, type Kind } from './kind.ts';

const texts = [
  '',
  'a',
  'a.b',
  'Bad_',
  '*',
  '/a',
  '10.0.0.0/8',
  '10.0.0.1',
  '5%',
  '1Gi',
  'True',
  'RollingUpdate',
  'e30=',
];
const numbers = [-1, 0, 1, 2, 70_000];
const deepest = 9;

/** Anything of the type: what is said and what is not, in sense and nonsense. */
function anyOf(type: Type, pick: (most: number) => number, depth = 0): unknown {
  const oneOf = <T>(values: readonly T[]): T => values[pick(values.length - 1)] as T;
  const some = depth < deepest ? pick(2) : 0;
  switch (type.is) {
    case 'list':
      return Array.from({ length: some }, () => anyOf(type.of, pick, depth + 1));
    case 'map':
      return Object.fromEntries(Array.from({ length: some }, () => [oneOf(texts), anyOf(type.of, pick, depth + 1)]));
    case 'object': {
      const said = [...type.fields].filter(() => pick(2) < (depth < 3 ? 2 : 1));
      const fields = depth < deepest ? said : [];
      return Object.fromEntries(fields.map(([name, field]) => [name, anyOf(field.type, pick, depth + 1)]));
    }
    case 'boolean':
      return pick(1) === 1;
    case 'int32':
    case 'int64':
    case 'double':
      return oneOf(numbers);
    case 'intOrString':
      return pick(1) === 1 ? oneOf(numbers) : oneOf(texts);
    case 'quantity':
      return oneOf(['0', '1', '-1', '500m', '1Gi']);
    case 'time':
    case 'microTime':
      return '2026-01-01T00:00:00Z';
    case 'bytes':
      return oneOf(['', 'e30=']);
    case 'any':
      return oneOf([{}, 1, 'a', [1]]);
    default:
      return oneOf(texts);
  }
}

/** The object as the server has it after its types were checked. */
function decoded(kind: Kind, object: object): KubeObject {
  const type = typeOfKind(kind);
  assert.ok(type, `there is a type for ${kind.kind}`);
  const metadata = { name: 'x', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z', generation: 1 };
  const { value } = decode(type, { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata });
  const parts = kind.hasStatus ? { spec: {}, status: {} } : {};
  return { ...parts, ...value } as unknown as KubeObject;
}

function isJudged(kind: Kind, object: object): void {
  const [draft, previous] = [decoded(kind, object), decoded(kind, object)];
  for (const each of [draft, previous]) {
    kind.setDefaults?.(each);
    kind.prepareCreate?.(each);
  }
  const faults = [...(kind.validate?.(draft) ?? [])];
  if (faults.length === 0) {
    for (const column of kind.columns) column.value(draft, 0);
    for (const read of Object.values(kind.selectableFields ?? {})) read(draft);
    assert.ok([...(kind.warningsFor?.(draft) ?? [])]);
  }
  kind.prepareUpdate?.(draft, previous, 'main');
  const ofUpdate = [...(kind.validate?.(draft, previous) ?? []), ...(kind.validateUpdate?.(draft, previous) ?? [])];
  const ofStatus = [...(kind.validateStatusUpdate?.(draft, previous) ?? [])];
  for (const { field, message, reason } of [...faults, ...ofUpdate, ...ofStatus]) {
    assert.ok(typeof field === 'string' && !field.includes('undefined'), field);
    assert.ok(message && reason);
  }
}

for (const kind of storedKinds) {
  test(`a ${kind.kind} that says nothing is judged`, () => isJudged(kind, {}));

  test(`a ${kind.kind} that says anything is judged`, () => {
    const type = typeOfKind(kind) as Type;
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (stream) => {
        const pick = (most: number) => (stream.next().value as number) % (most + 1);
        isJudged(kind, anyOf(type, pick) as object);
      }),
      { numRuns: 100, endOnFailure: true },
    );
  });
}
