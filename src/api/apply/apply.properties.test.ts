// What holds for whatever is applied, by whomever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { equalJson } from '../equal-json.ts';
import type { KubeObject } from '../meta.ts';
import { decode } from '../openapi/decode.ts';
import { typeOfKind } from '../openapi/schema.ts';
import type { ObjectType } from '../openapi/type.ts';
import { apply } from './apply.ts';
import { blankOf } from './blank.ts';
import { compare, isSame } from './compare.ts';
import { difference, type FieldSet, intersection, isEmpty, pathsOf, sameSet, union } from './field-set.ts';
import { fieldsOf } from './fields-of.ts';
import { merge } from './merge.ts';
import { type Owner, ownersOf } from './owners.ts';
import { structureOf } from './structure.ts';
import { trackUpdate } from './track.ts';

const structure = structureOf(typeOfKind({ group: 'apps', version: 'v1', kind: 'Deployment' }), 'main');
const now = '2026-01-01T00:00:00Z';

const word = fc.constantFrom('a', 'b', 'c');
const some = <T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(shape, { requiredKeys: [] });
const labels = fc.dictionary(word, word, { maxKeys: 3 });
/** Nobody owns an empty list, so none is said. */
const items = <T extends object>(key: keyof T, item: fc.Arbitrary<T>) =>
  fc.uniqueArray(item, { selector: (each) => each[key], minLength: 1, maxLength: 3 });

const container = fc.record(
  {
    name: word,
    image: word,
    args: fc.array(word, { maxLength: 2 }),
    env: items('name', fc.record({ name: word, value: word })),
    ports: items('containerPort', fc.record({ containerPort: fc.constantFrom(1, 2) })),
  },
  { requiredKeys: ['name'] },
);

const spec = some({
  replicas: fc.constantFrom(0, 1, 2),
  paused: fc.boolean(),
  selector: fc.record({ matchLabels: labels }),
  template: some({
    metadata: some({ labels, finalizers: fc.uniqueArray(word, { minLength: 1 }) }),
    spec: some({
      containers: items('name', container),
      nodeSelector: labels,
      securityContext: some({ runAsUser: fc.constantFrom(1, 2) }),
    }),
  }),
});
const metadata = some({ labels, finalizers: fc.uniqueArray(word, { minLength: 1 }) });
const config = fc.record({ metadata, spec }).map((content) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  spec: content.spec,
  metadata: { name: 'x', ...content.metadata },
}));

const nothing: KubeObject = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: '' } };

const type = typeOfKind({ group: 'apps', version: 'v1', kind: 'Deployment' }) as ObjectType;
const decoded = (object: unknown) => decode(type, object as Record<string, unknown>).value;

function applied(live: KubeObject, manager: string, said: object): KubeObject {
  const { object, owners } = apply({
    structure,
    live,
    owners: ownersOf(live),
    config: said as Record<string, unknown>,
    decode: decoded,
    writer: { manager, operation: 'Apply', apiVersion: 'apps/v1' },
    force: true,
    now,
  });
  const { metadata, ...content } = object as unknown as KubeObject;
  return { ...content, metadata: { ...metadata, uid: 'u', managedFields: owners } } as unknown as KubeObject;
}

const ownOf = (object: KubeObject, manager: string): FieldSet =>
  ownersOf(object).find((owner: Owner) => owner.manager === manager)?.fieldsV1 ?? {};

test('applying the same again changes nothing', () => {
  fc.assert(
    fc.property(config, config, config, (a, b, again) => {
      const before = applied(applied(applied(nothing, 'm', a), 'n', b), 'm', again);
      assert.ok(equalJson(applied(before, 'm', again), before));
    }),
  );
});

test('the object says what its last applier said, and its applier owns just that', () => {
  fc.assert(
    fc.property(config, config, config, (a, b, last) => {
      const object = applied(applied(applied(nothing, 'm', a), 'n', b), 'm', last);
      assert.equal(object.metadata.name, 'x');
      assert.ok(isSame(compare(structure, object, decoded(merge(structure, object, last)))));
      assert.ok(sameSet(ownOf(object, 'm'), fieldsOf(structure, last)));
    }),
  );
});

test('with its last owner the whole object goes, and with one of two what only that one owned', () => {
  fc.assert(
    fc.property(config, config, (a, b) => {
      const empty = { apiVersion: a.apiVersion, kind: a.kind, metadata: { name: 'x' } };
      const alone = applied(applied(nothing, 'm', a), 'm', empty);
      assert.deepEqual(fieldsOf(structure, alone), {});
      const both = applied(applied(nothing, 'm', a), 'n', b);
      const left = applied(both, 'm', empty);
      assert.ok(isSame(compare(structure, left, decoded(merge(structure, left, b)))));
      assert.ok(isEmpty(difference(ownOf(left, 'n'), ownOf(both, 'n'))));
    }),
  );
});

test('after an update nobody but its writer owns what it changed, and nobody what is gone', () => {
  fc.assert(
    fc.property(config, config, (a, b) => {
      const before = applied(nothing, 'm', a);
      const after = { ...before, spec: b.spec };
      const writer = { manager: 'u', operation: 'Update', apiVersion: 'apps/v1' } as const;
      const { changed, removed } = compare(structure, before, after);
      const owners = trackUpdate(ownersOf(before), { structure, before, after, writer, now });
      for (const { manager, fieldsV1 } of owners) {
        assert.ok(isEmpty(intersection(fieldsV1, removed)));
        if (manager !== 'u') assert.ok(isEmpty(intersection(fieldsV1, changed)));
        else assert.ok(sameSet(intersection(fieldsV1, changed), changed));
      }
    }),
  );
});

test('who creates an object owns all of it', () => {
  fc.assert(
    fc.property(config, (a) => {
      const writer = { manager: 'u', operation: 'Update', apiVersion: 'apps/v1' } as const;
      const [owner] = trackUpdate([], { structure, before: blankOf(structure), after: a, writer, now });
      const own = owner?.fieldsV1 ?? {};
      // Spec, template, and the metadata and spec of that are always there.
      const leaves = [...pathsOf(fieldsOf(structure, a))].filter((path) => path.length > 3);
      for (const path of leaves) assert.ok(hasPath(own, path), path.join(' '));
    }),
  );
});

const hasPath = (set: FieldSet, path: readonly string[]) =>
  path.reduce<FieldSet | undefined>((node, element) => node?.[element], set) !== undefined;

test('sets of fields are sets', () => {
  const sets = config.map((said) => fieldsOf(structure, said));
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      assert.ok(sameSet(union(a, b), union(b, a)));
      assert.ok(sameSet(intersection(a, b), intersection(b, a)));
      assert.ok(isEmpty(intersection(difference(a, b), b)));
      assert.ok(sameSet(union(difference(a, b), intersection(a, b)), a));
      assert.ok(sameSet(difference(union(a, b), b), difference(a, b)));
    }),
  );
});
