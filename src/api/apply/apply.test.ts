import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../meta.ts';
import { typeOfKind } from '../openapi/schema.ts';
import { type Applied, apply } from './apply.ts';
import { blankOf } from './blank.ts';
import { ApplyConflict } from './conflicts.ts';
import type { FieldSet } from './field-set.ts';
import { type Owner, ownersOf, tidied } from './owners.ts';
import { structureOf } from './structure.ts';
import { trackUpdate } from './track.ts';

const structure = structureOf(typeOfKind({ group: 'apps', version: 'v1', kind: 'Deployment' }), 'main');
const now = '2026-01-01T00:00:00Z';
const nothing: KubeObject = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: '' } };

interface Deployment extends KubeObject {
  spec: { replicas?: number; template: { spec: Record<string, { name: string; image?: string }[]> } };
}

/** An object that some have written, one after another. */
class Story {
  object: KubeObject = nothing;

  applies(manager: string, spec: object, options: { force?: boolean; metadata?: object } = {}): this {
    const metadata = { name: 'web', ...options.metadata };
    const config = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec };
    const writer = { manager, operation: 'Apply', apiVersion: 'apps/v1' } as const;
    const { object, owners }: Applied = apply({
      structure,
      live: this.object,
      owners: ownersOf(this.object),
      config,
      decode: (draft) => draft,
      writer,
      force: options.force ?? false,
      now,
    });
    return this.#is(object, owners);
  }

  updates(manager: string, spec: object, subresource?: string): this {
    const after = { ...this.object, metadata: { name: 'web', uid: 'u' }, spec };
    const writer = { manager, operation: 'Update', apiVersion: 'apps/v1', subresource } as const;
    const isNew = this.object === nothing;
    const before = isNew ? blankOf(structure) : this.object;
    return this.#is(after, trackUpdate(ownersOf(this.object), { structure, before, after, writer, now }));
  }

  #is(object: object, owners: readonly Owner[]): this {
    const { metadata } = object as KubeObject;
    this.object = { ...object, metadata: { ...metadata, uid: 'u', managedFields: owners } } as unknown as KubeObject;
    return this;
  }

  get spec(): Deployment['spec'] {
    return (this.object as Deployment).spec;
  }

  owned(): Record<string, FieldSet> {
    return Object.fromEntries(
      ownersOf(this.object).map(({ manager, operation, fieldsV1 }) => [`${operation} ${manager}`, fieldsV1]),
    );
  }
}

const pod = (...containers: object[]) => ({ template: { spec: { containers } } });
const conflictOf = (act: () => unknown): ApplyConflict => {
  try {
    act();
  } catch (error) {
    if (error instanceof ApplyConflict) return error;
    throw error;
  }
  return assert.fail('no conflict');
};

test('who applies owns what it says, items of lists by their keys, and no defaults', () => {
  const story = new Story().applies('a', {
    replicas: 1,
    selector: { matchLabels: { app: 'x' } },
    ...pod({ name: 'c', image: 'i', args: ['x'], ports: [{ containerPort: 80 }], env: [{ name: 'E' }] }),
  });
  assert.deepEqual(story.owned(), {
    'Apply a': {
      'f:spec': {
        'f:replicas': {},
        'f:selector': {},
        'f:template': {
          'f:spec': {
            'f:containers': {
              'k:{"name":"c"}': {
                '.': {},
                'f:args': {},
                'f:env': { 'k:{"name":"E"}': { '.': {}, 'f:name': {} } },
                'f:image': {},
                'f:name': {},
                'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
              },
            },
          },
        },
      },
    },
  });
});

test('what its applier no longer says goes, unless somebody else owns it', () => {
  const both = new Story()
    .applies('a', { replicas: 2, ...pod({ name: 'c', image: 'i' }, { name: 'd', image: 'j' }) })
    .applies('b', pod({ name: 'c', image: 'i' }));
  both.applies('a', pod({ name: 'c' }));
  assert.equal(both.spec.replicas, undefined);
  assert.deepEqual(both.spec.template.spec.containers, [{ name: 'c', image: 'i' }]);
  both.applies('b', {});
  assert.deepEqual(both.spec.template.spec.containers, [{ name: 'c' }]);
  both.applies('a', {});
  assert.deepEqual(both.owned(), { 'Apply a': { 'f:spec': {} }, 'Apply b': { 'f:spec': {} } });
});

test('an object whose labels go keeps its name, and all else that the server says of it', () => {
  const story = new Story()
    .applies('a', {}, { metadata: { labels: { x: '1' }, finalizers: ['a/b'] } })
    .applies('a', {});
  assert.deepEqual({ ...story.object.metadata, managedFields: [] }, { name: 'web', uid: 'u', managedFields: [] });
});

test('fields that nobody owns stay where they are, and go with the item that holds them', () => {
  const story = new Story().applies('a', pod({ name: 'c', image: 'i' }, { name: 'd', image: 'j' }));
  for (const container of story.spec.template.spec.containers ?? []) Object.assign(container, { stdin: false });
  story.applies('a', pod({ name: 'c' }));
  assert.deepEqual(story.spec.template.spec.containers, [{ name: 'c', stdin: false }]);
});

test('another value for what others own is a conflict that names them all', () => {
  const story = new Story().updates('u', { replicas: 1 }).applies('a', { paused: true });
  assert.equal(
    conflictOf(() => story.applies('b', { replicas: 2 })).message,
    'Apply failed with 1 conflict: conflict with "u" using apps/v1: .spec.replicas',
  );
  const { message, details, code, reason } = conflictOf(() => story.applies('b', { replicas: 2, paused: false }));
  assert.equal(
    message,
    'Apply failed with 2 conflicts: conflicts with "a":\n- .spec.paused\nconflicts with "u" using apps/v1:\n- .spec.replicas',
  );
  assert.deepEqual([code, reason], [409, 'Conflict']);
  assert.deepEqual(details?.causes?.[0], {
    reason: 'FieldManagerConflict',
    message: 'conflict with "a"',
    field: '.spec.paused',
  });
  story.applies('b', { replicas: 2, paused: false }, { force: true });
  assert.deepEqual(story.owned(), { 'Apply b': { 'f:spec': { 'f:paused': {}, 'f:replicas': {} } } });
});

test('paths of conflicts name items by their keys', () => {
  const story = new Story().applies('a', pod({ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 1 }] }));
  const paths = conflictOf(() =>
    story.applies('b', pod({ name: 'c', image: 'j', ports: [{ containerPort: 80, hostPort: 2 }] })),
  ).details?.causes?.map(({ field }) => field);
  assert.deepEqual(paths, [
    '.spec.template.spec.containers[name="c"].image',
    '.spec.template.spec.containers[name="c"].ports[containerPort=80,protocol="TCP"].hostPort',
  ]);
});

test('an update takes what it changes, and under another subresource it is another owner', () => {
  const story = new Story().applies('a', { replicas: 1, paused: true }).updates('a', { replicas: 2, paused: true });
  assert.deepEqual(story.owned(), {
    'Apply a': { 'f:spec': { 'f:paused': {} } },
    'Update a': { 'f:spec': { 'f:replicas': {} } },
  });
  story.updates('a', { replicas: 3, paused: true }, 'scale');
  assert.deepEqual(
    ownersOf(story.object).map(({ operation, subresource }) => [operation, subresource]),
    [
      ['Apply', undefined],
      ['Update', 'scale'],
    ],
  );
});

test('the first apply to what nobody owns meets who was there before', () => {
  const story = new Story().updates('u', { replicas: 1 });
  delete story.object.metadata.managedFields;
  assert.match(conflictOf(() => story.applies('a', { replicas: 2 })).message, /"before-first-apply" using apps\/v1/);
});

test('kubectl takes over what its annotation says it applied, and keeps the annotation up', () => {
  const key = 'kubectl.kubernetes.io/last-applied-configuration';
  const story = new Story().updates('kubectl-client-side-apply', { replicas: 1, paused: true });
  story.object.metadata.annotations = { [key]: JSON.stringify({ spec: { replicas: 1 } }) };
  assert.match(
    conflictOf(() => story.applies('kubectl', { replicas: 2, paused: false })).message,
    /1 conflict.*paused/,
  );
  assert.match(conflictOf(() => story.applies('other', { replicas: 2 })).message, /replicas/);
  story.applies('kubectl', { replicas: 2 });
  assert.equal(
    story.object.metadata.annotations?.[key],
    '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":2}}\n',
  );
});

test('items stand as the configuration has them, others keep their neighbour', () => {
  const story = new Story()
    .updates('u', pod({ name: 'a' }, { name: 'b' }, { name: 'c' }))
    .applies('m', pod({ name: 'new' }, { name: 'c' }, { name: 'a' }));
  assert.deepEqual(
    story.spec.template.spec.containers?.map(({ name }) => name),
    ['new', 'c', 'a', 'b'],
  );
});

test(`of too many updaters the oldest become one`, () => {
  const story = new Story();
  const data: Record<string, number> = {};
  for (let n = 0; n < 12; n++) {
    data[`k${String(n).padStart(2, '0')}`] = n;
    story.updates(`u${String(n).padStart(2, '0')}`, { unknown: 1, template: { metadata: { labels: { ...data } } } });
  }
  const managers = ownersOf(story.object).map(({ manager }) => manager);
  assert.equal(managers.length, 10);
  assert.ok(managers.includes('ancient-changes') && managers.includes('u11') && !managers.includes('u00'));
});

test('of very many updaters, too, the oldest become one, in no time', { timeout: 5_000 }, () => {
  const owners = Array.from({ length: 10_000 }, (_, index): Owner => {
    const fieldsV1 = { 'f:metadata': { 'f:labels': { [`f:l${index}`]: {} } } };
    return {
      manager: `u${index}`,
      operation: 'Update',
      apiVersion: 'apps/v1',
      time: now,
      fieldsType: 'FieldsV1',
      fieldsV1,
    };
  });
  const begun = process.cpuUsage();
  const left = tidied(owners);
  const { user } = process.cpuUsage(begun);
  assert.ok(user / 1000 < 2_000, `${user / 1000} ms of processor time`);
  assert.equal(left.length, 10);
  const owned = left.flatMap(({ fieldsV1 }) =>
    Object.keys((fieldsV1['f:metadata'] as FieldSet)['f:labels'] as FieldSet),
  );
  assert.equal(new Set(owned).size, 10_000);
});
