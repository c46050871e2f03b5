import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControllerRevision } from '../../api/kinds/controller-revision.ts';
import { draftRevision, outlivedRevisions, planRevision, type Revised, templateOf } from './revisions.ts';

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'main', image }] },
});

const owner = (image: string, revisionHistoryLimit = 10): Revised => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'web', namespace: 'default', uid: 'owner', annotations: { 'kubernetes.io/change-cause': 'why' } },
  spec: { template: template(image), selector: { matchLabels: { app: 'web' } }, revisionHistoryLimit },
  status: {},
});

function revision(image: string, number: number): ControllerRevision {
  const draft = draftRevision(owner(image), 'hash', number, 0);
  return { apiVersion: 'apps/v1', kind: 'ControllerRevision', ...draft };
}

const cases: { name: string; image: string; known: [string, number][]; present: string | undefined; number: number }[] =
  [
    { name: 'the first template', image: 'a', known: [], present: undefined, number: 1 },
    { name: 'the same template', image: 'a', known: [['a', 1]], present: 'a', number: 1 },
    { name: 'another template', image: 'b', known: [['a', 3]], present: undefined, number: 4 },
    {
      name: 'one that comes back takes the next number',
      image: 'a',
      known: [
        ['b', 2],
        ['a', 1],
      ],
      present: 'a',
      number: 3,
    },
    {
      name: 'of two of the same number one goes ahead',
      image: 'a',
      known: [
        ['a', 1],
        ['b', 1],
      ],
      present: 'a',
      number: revision('a', 1).metadata.name < revision('b', 1).metadata.name ? 2 : 1,
    },
  ];
for (const { name, image, known, present, number } of cases) {
  test(name, () => {
    const found = planRevision(
      template(image),
      known.map(([of, at]) => revision(of, at)),
    );
    assert.equal(found.present && templateOf(found.present).spec?.containers[0]?.image, present);
    assert.equal(found.number, number);
  });
}

test('clients differ in how they write nothing', () => {
  const written = { ...template('a'), spec: { containers: [{ name: 'main', image: 'a', args: [] }] } };
  assert.equal(planRevision(written, [revision('a', 1)]).number, 1);
});

test('a revision is a patch in sorted order, is labelled as its pods are, and tells why', () => {
  const { metadata, data, revision: number } = draftRevision(owner('a'), 'controller-revision-hash', 7, 0);
  const hash = metadata.labels['controller-revision-hash'];
  assert.equal(metadata.name, `web-${hash}`);
  assert.equal(metadata.labels.app, 'web');
  assert.deepEqual(metadata.annotations, { 'kubernetes.io/change-cause': 'why' });
  assert.equal(number, 7);
  assert.equal(
    JSON.stringify(data),
    '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"image":"a","name":"main"}]}}}}',
  );
});

test('a collision gives another name', () => {
  const names = [0, 1].map((collisions) => draftRevision(owner('a'), 'hash', 1, collisions).metadata.name);
  assert.notEqual(names[0], names[1]);
});

const limits: { name: string; limit: number; live: string[]; outlived: string[] }[] = [
  { name: 'the oldest go first', limit: 1, live: ['d'], outlived: ['a', 'b'] },
  { name: 'what pods still have stays, and does not count', limit: 1, live: ['a', 'd'], outlived: ['b'] },
  { name: 'none is kept', limit: 0, live: ['d'], outlived: ['a', 'b', 'c'] },
  { name: 'a negative limit keeps all', limit: -1, live: ['d'], outlived: [] },
];
for (const { name, limit, live, outlived } of limits) {
  test(`history: ${name}`, () => {
    const all = ['c', 'a', 'd', 'b'].map((image) => revision(image, image.charCodeAt(0)));
    const imageOf = (of: ControllerRevision) => templateOf(of).spec?.containers[0]?.image ?? '';
    const found = outlivedRevisions(owner('d', limit), all, (each) => live.includes(imageOf(each)));
    assert.deepEqual(found.map(imageOf), outlived);
  });
}
