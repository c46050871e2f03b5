import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMaps } from '../../api/kinds/config-map.ts';
import { jobs } from '../../api/kinds/job.ts';
import type { Kind } from '../../api/kinds/kind.ts';
import { pods } from '../../api/kinds/pod.ts';
import type { KubeObject } from '../../api/meta.ts';
import type { DeleteOptions } from './delete-options.ts';
import { markDeleted } from './deletion-mark.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const inSeconds = (seconds: number) => new Date(now + seconds * 1000).toISOString().replace('.000', '');
const [orphan, foreground] = ['orphan', 'foregroundDeletion'];

type Meta = Partial<KubeObject['metadata']>;
const object = (metadata: Meta): KubeObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', ...metadata } }) as KubeObject;
const pod = (metadata: Meta): KubeObject =>
  ({
    ...object(metadata),
    kind: 'Pod',
    spec: { nodeName: 'one', containers: [] },
    status: { phase: 'Running' },
  }) as KubeObject;
const ending = (inS: number, graceS: number, finalizers?: string[]): Meta => ({
  deletionTimestamp: inSeconds(inS),
  deletionGracePeriodSeconds: graceS,
  ...(finalizers && { finalizers }),
});

const asked = (options: Partial<DeleteOptions> = {}): DeleteOptions => ({
  ...{ gracePeriodSeconds: undefined, propagationPolicy: undefined, isDryRun: false, preconditions: {} },
  ...options,
});
const mark = (kind: unknown, current: KubeObject, options: Partial<DeleteOptions> = {}) =>
  markDeleted(kind as Kind, asked(options), current, now);

const endOf = ({ metadata }: KubeObject) => [metadata.deletionTimestamp, metadata.deletionGracePeriodSeconds];

test('who deletes an object says what becomes of what it owns, else the object itself, else its kind', () => {
  const cases: [unknown, string[], DeleteOptions['propagationPolicy'], string[] | undefined][] = [
    [configMaps, [], undefined, undefined],
    [jobs, [], undefined, [orphan]],
    [jobs, [], 'Background', undefined],
    [jobs, [foreground], undefined, [foreground]],
    [configMaps, [orphan], undefined, [orphan]],
    [configMaps, [orphan, 'a/b'], 'Background', ['a/b']],
    [configMaps, [orphan], 'Foreground', [foreground]],
    [configMaps, [foreground, 'a/b'], 'Foreground', ['a/b', foreground]],
  ];
  for (const [kind, finalizers, propagationPolicy, expected] of cases) {
    const marked = mark(kind, object({ finalizers }), { propagationPolicy });
    assert.deepEqual([marked.metadata.finalizers, ...endOf(marked)], [expected, inSeconds(0), 0]);
  }
});

test('an object that waits for what it owns can still be told to go without it', () => {
  const waiting = object(ending(-10, 0, [foreground, 'a/b']));
  for (const [propagationPolicy, expected] of [
    ['Background', ['a/b']],
    ['Orphan', ['a/b', orphan]],
  ] as const) {
    const marked = mark(configMaps, waiting, { propagationPolicy });
    assert.deepEqual([marked.metadata.finalizers, ...endOf(marked)], [expected, inSeconds(-10), 0]);
  }
  assert.equal(mark(configMaps, waiting), waiting);
  assert.equal(mark(configMaps, waiting, { propagationPolicy: 'Foreground' }), waiting);
});

test('a grace that runs is only made shorter, from when it began', () => {
  const running = pod(ending(20, 30));
  assert.equal(mark(pods, running), running);
  assert.equal(mark(pods, running, { gracePeriodSeconds: 30 }), running);
  assert.deepEqual(endOf(mark(pods, running, { gracePeriodSeconds: 25 })), [inSeconds(15), 25]);
  assert.deepEqual(endOf(mark(pods, running, { gracePeriodSeconds: 0 })), [inSeconds(-10), 0]);
  const long = pod(ending(110, 120));
  assert.equal(mark(pods, long), long);
  assert.equal(mark(pods, long, { propagationPolicy: 'Foreground' }), long);
});

test('only the first deletion is a new generation', () => {
  assert.equal(mark(pods, pod({ generation: 3 })).metadata.generation, 4);
  const running = pod({ ...ending(20, 30), generation: 4 });
  assert.equal(mark(pods, running, { gracePeriodSeconds: 1 }).metadata.generation, 4);
});
