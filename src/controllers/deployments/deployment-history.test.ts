import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplicaSet } from '../../api/kinds/replica-set.ts';
import { deployment, numbered, set, template } from './deployment-for-tests.ts';
import { currentAnnotations, draftReplicaSet, isSameTemplate, outlived, readHistory } from './deployment-history.ts';

const revision = 'deployment.kubernetes.io/revision';
const former = 'deployment.kubernetes.io/revision-history';

const histories: {
  name: string;
  images: [string, revision: number][];
  expected: [string | undefined, string, number];
}[] = [
  { name: 'no set yet', images: [], expected: [undefined, '', 1] },
  { name: 'the first', images: [['v1', 1]], expected: ['web-v1', '', 1] },
  {
    name: 'a template that is new',
    images: [
      ['v2', 1],
      ['v3', 2],
    ],
    expected: [undefined, 'web-v2 web-v3', 3],
  },
  {
    name: 'one that was there before',
    images: [
      ['v1', 1],
      ['v2', 2],
    ],
    expected: ['web-v1', 'web-v2', 3],
  },
  {
    name: 'a number never goes back',
    images: [
      ['v2', 3],
      ['v1', 7],
    ],
    expected: ['web-v1', 'web-v2', 7],
  },
];
for (const { name, images, expected } of histories) {
  test(`history: ${name}`, () => {
    const of = deployment();
    const sets = images.map(([image, number]) => set(of, image, 1, 1, number));
    const history = readHistory(of, sets.toReversed());
    const old = history.old.map(({ metadata }) => metadata.name).join(' ');
    assert.deepEqual([history.current?.metadata.name, old, history.revision], expected);
  });
}

test('of two sets with the present template the older one is it', () => {
  const of = deployment();
  const [first, second] = [set(of, 'v1', 1), set(of, 'v1', 1)];
  assert.equal(readHistory(of, [second, first]).current, first);
});

test('templates are the same but for the label of their hash, whatever the order of their fields', () => {
  const labels = { app: 'web', 'pod-template-hash': 'abc' };
  const { spec } = template('v1');
  assert.ok(isSameTemplate(template('v1'), { spec, metadata: { labels } }));
  assert.ok(!isSameTemplate(template('v1'), template('v2')));
  assert.ok(!isSameTemplate(template('v1'), { spec, metadata: { labels: { ...labels, more: '1' } } }));
});

test('a set is drafted with the hash everywhere, and what the deployment hands down', () => {
  const of = deployment({ minReadySeconds: 5 });
  const annotations = {
    note: 'x',
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
    [revision]: '9',
    'deployment.kubernetes.io/desired-replicas': '1',
  };
  const draft = draftReplicaSet({ ...of, metadata: { ...of.metadata, annotations } }, 3);
  const hash = draft.metadata.labels?.['pod-template-hash'];
  assert.equal(draft.metadata.name, `web-${hash}`);
  assert.deepEqual(draft.metadata.annotations, { note: 'x', [revision]: '3' });
  assert.deepEqual(draft.metadata.labels, { app: 'web', 'pod-template-hash': hash });
  assert.deepEqual(draft.spec.selector, { matchLabels: { app: 'web', 'pod-template-hash': hash } });
  assert.deepEqual(draft.spec.template?.metadata?.labels, { app: 'web', 'pod-template-hash': hash });
  assert.equal(draft.spec.minReadySeconds, 5);
  assert.equal(draft.metadata.ownerReferences?.[0]?.uid, 'd');
  const collided = draftReplicaSet({ ...of, status: { collisionCount: 1 } }, 3);
  assert.notEqual(collided.metadata.name, draft.metadata.name, 'after a collision another name');
});

const notes: { name: string; before: Record<string, string>; to: number; expected: Record<string, string> }[] = [
  { name: 'the first number', before: {}, to: 1, expected: { [revision]: '1' } },
  { name: 'the same one', before: { [revision]: '2' }, to: 2, expected: { [revision]: '2' } },
  {
    name: 'a later one keeps the former',
    before: { [revision]: '1' },
    to: 3,
    expected: { [revision]: '3', [former]: '1' },
  },
  {
    name: 'all the former ones',
    before: { [revision]: '3', [former]: '1' },
    to: 5,
    expected: { [revision]: '5', [former]: '1,3' },
  },
  { name: 'never a lesser one', before: { [revision]: '5' }, to: 3, expected: { [revision]: '5' } },
];
for (const { name, before, to, expected } of notes) {
  test(`what is noted on the present set: ${name}`, () => {
    const of = numbered(deployment(), 1);
    const current = set(of, 'v1', 4);
    const noted = { ...current, metadata: { ...current.metadata, annotations: before } };
    assert.deepEqual(currentAnnotations(of, noted, to), expected);
  });
}

test('only sets that have nothing left to do are forgotten, those of the lowest numbers', () => {
  const of = deployment({ revisionHistoryLimit: 1 });
  const old = (number: number, change: Partial<ReplicaSet> = {}, size = 0) => ({
    ...set(of, `v${number}`, size, size, number),
    ...change,
  });
  const names = (...sets: ReplicaSet[]) => outlived(of, sets).map(({ metadata }) => metadata.name);
  assert.deepEqual(names(old(2), old(1)), ['web-v1']);
  assert.deepEqual(names(old(1)), []);
  assert.deepEqual(names(old(1, {}, 1), old(2)), [], 'it has pods');
  assert.deepEqual(names(old(1, { status: { replicas: 1 } }), old(2)), [], 'its last pods are not gone');
  const unseen = old(1);
  const unobserved = { ...unseen, metadata: { ...unseen.metadata, generation: 2 } };
  assert.deepEqual(names(unobserved, old(2)), [], 'its status is of an earlier size');
  const going = old(1);
  const deleted = { ...going, metadata: { ...going.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  assert.deepEqual(names(deleted, old(2)), [], 'one that goes anyway is not counted');
  const all = deployment({ revisionHistoryLimit: 0 });
  assert.equal(outlived(all, [old(1), old(2)]).length, 2);
});
