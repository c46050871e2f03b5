import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deployment } from '../../api/kinds/deployment.ts';
import { deployment, numbered, scaledTo, set, template } from './deployment-for-tests.ts';
import { readHistory } from './deployment-history.ts';
import { type Bounds, boundsOf, grownSize, isScaled, rollingSizes, scaledSizes } from './deployment-sizes.ts';

type Amount = number | string;
const bounds: {
  replicas: number;
  surge?: Amount;
  unavailable?: Amount;
  expected: [surge: number, unavailable: number];
}[] = [
  { replicas: 10, expected: [3, 2] },
  { replicas: 10, surge: '10%', unavailable: '19%', expected: [1, 1] },
  { replicas: 10, surge: '11%', unavailable: '9%', expected: [2, 0] },
  { replicas: 3, surge: 0, unavailable: 0, expected: [0, 1] },
  { replicas: 3, surge: '0%', unavailable: '10%', expected: [0, 1] },
  { replicas: 1, surge: 5, unavailable: 5, expected: [5, 1] },
  { replicas: 0, expected: [0, 0] },
];
for (const { replicas, surge, unavailable, expected } of bounds) {
  test(`bounds of ${replicas} with ${surge ?? 'default'} and ${unavailable ?? 'default'}`, () => {
    const rollingUpdate = {
      ...(surge !== undefined && { maxSurge: surge }),
      ...(unavailable !== undefined && { maxUnavailable: unavailable }),
    };
    const { maxSurge, maxUnavailable } = boundsOf(
      deployment({ replicas, strategy: { type: 'RollingUpdate', rollingUpdate } }),
    );
    assert.deepEqual([maxSurge, maxUnavailable], expected);
  });
}

test('a deployment that is recreated has no room and no slack', () => {
  const of = deployment({ strategy: { type: 'Recreate' } });
  assert.deepEqual(boundsOf(of), { replicas: 4, maxSurge: 0, maxUnavailable: 0 });
});

/** Sizes as "v1=3/2": three replicas, two of which are available. */
function setsOf(of: Deployment, told: string) {
  return told
    .split(' ')
    .filter(Boolean)
    .map((each, index) => {
      const [, image = '', size, available] = /^(\w+)=(\d+)(?:\/(\d+))?$/.exec(each) ?? [];
      return set(of, image, Number(size), available === undefined ? undefined : Number(available), index + 1);
    });
}
const inWords = (sizes: ReadonlyMap<string, number>) =>
  [...sizes].map(([name, size]) => `${name.slice(4)}=${size}`).join(' ');

const fourOf: Bounds = { replicas: 4, maxSurge: 1, maxUnavailable: 1 };
const grown: { name: string; sets: string; current: number; bounds?: Partial<Bounds>; expected: number }[] = [
  { name: 'the surge at first', sets: 'old=4', current: 0, expected: 1 },
  { name: 'what the old ones have given up', sets: 'old=2 new=1', current: 1, expected: 3 },
  { name: 'nothing where all is full', sets: 'old=4 new=1', current: 1, expected: 1 },
  { name: 'nothing where there are too many', sets: 'old=9', current: 0, expected: 0 },
  { name: 'no more than are wanted', sets: 'new=3', current: 3, bounds: { maxSurge: 9 }, expected: 4 },
];
for (const { name, sets, current, bounds: more, expected } of grown) {
  test(`the new set grows by ${name}`, () =>
    assert.equal(grownSize({ ...fourOf, ...more }, current, setsOf(deployment(), sets)), expected));
}

const rolling: { name: string; sets: string; bounds?: Partial<Bounds>; expected: string }[] = [
  { name: 'the new set first', sets: 'old=3 new=1', expected: 'new=2' },
  { name: 'a new set that is too large shrinks', sets: 'old=1 new=6', expected: 'new=4' },
  { name: 'then old pods, as far as enough serve', sets: 'old=4 new=1', expected: 'old=2' },
  { name: 'a new pod that does not serve yet is no help', sets: 'old=4 new=1/0', expected: 'old=3' },
  { name: 'no pod goes that is needed', sets: 'old=3 new=2/0', expected: '' },
  { name: 'old pods that do not serve go first', sets: 'old=4/2 new=1', expected: 'old=2' },
  {
    name: 'of several old sets those that do not serve, whichever is older',
    sets: 'one=2 two=2/0 new=1',
    expected: 'two=0',
  },
  { name: 'the oldest first', sets: 'one=2 two=2 new=1', expected: 'one=0' },
  { name: 'over several old sets', sets: 'one=1 two=3 new=1', bounds: { maxUnavailable: 2 }, expected: 'one=0 two=1' },
  { name: 'all is done', sets: 'old=0 new=4', expected: '' },
  { name: 'everything may be away', sets: 'old=4 new=1/0', bounds: { maxUnavailable: 4 }, expected: 'old=0' },
];
for (const { name, sets, bounds: more, expected } of rolling) {
  test(`a move of a rollout: ${name}`, () => {
    const all = setsOf(deployment(), sets);
    const current = all.at(-1);
    assert.ok(current);
    assert.equal(inWords(rollingSizes({ ...fourOf, ...more }, current, all.slice(0, -1))), expected);
  });
}

test('it was scaled when a set that has pods was sized for another number', () => {
  const of = deployment();
  assert.equal(isScaled(of, setsOf(of, 'v1=4')), false);
  assert.equal(isScaled(scaledTo(of, 5), setsOf(of, 'v1=4')), true);
  assert.equal(isScaled(scaledTo(of, 5), setsOf(of, 'v1=0')), false, 'one without pods tells nothing');
  const [{ metadata, ...rest }] = setsOf(of, 'v1=4') as [ReturnType<typeof set>];
  const unsized = { ...rest, metadata: { ...metadata, annotations: {} } };
  assert.equal(isScaled(scaledTo(of, 5), [unsized]), false, 'nor does one that was never sized');
});

const scaled: {
  name: string;
  from: number;
  to: number;
  sets: string;
  spec?: Partial<Deployment['spec']>;
  expected: string;
}[] = [
  { name: 'the only one with pods', from: 4, to: 9, sets: 'v1=4 v2=0', expected: 'v1=9' },
  { name: 'none has pods: the present one', from: 4, to: 9, sets: 'v1=0 v2=0', expected: 'v2=9' },
  { name: 'up in proportion, the rest to the largest', from: 10, to: 15, sets: 'v1=8 v2=3', expected: 'v1=12 v2=4' },
  { name: 'down in proportion', from: 10, to: 5, sets: 'v1=8 v2=3', expected: 'v1=4 v2=2' },
  { name: 'up: of equal ones the newer gets the rest', from: 10, to: 12, sets: 'v1=5 v2=5', expected: 'v2=7 v1=6' },
  { name: 'to nothing', from: 10, to: 0, sets: 'v1=8 v2=3', expected: 'v1=0 v2=0' },
  {
    name: 'the new one is full: the old ones have nothing left to do',
    from: 4,
    to: 4,
    sets: 'v1=2 v2=4',
    expected: 'v1=0',
  },
  {
    name: 'one that is recreated has no proportions',
    from: 10,
    to: 15,
    sets: 'v1=8 v2=3',
    spec: { strategy: { type: 'Recreate' } },
    expected: '',
  },
];
for (const { name, from, to, sets, spec, expected } of scaled) {
  test(`scaled: ${name}`, () => {
    const before = numbered(deployment({ replicas: from, template: template('v2'), ...spec }), 2);
    const after = scaledTo(before, to);
    assert.equal(inWords(scaledSizes(after, readHistory(after, setsOf(before, sets)))), expected);
  });
}

test('a set grows into the room of pods that have been told to go, not of those that soon will be', () => {
  const of = deployment();
  const shrunk = (replicas: number, pods: number) => {
    const old = set(of, 'old', replicas);
    return { ...old, status: { ...old.status, replicas: pods } };
  };
  const current = set(of, 'new', 1);
  assert.equal(grownSize(fourOf, 1, [current, shrunk(3, 4)]), 1);
  assert.equal(grownSize(fourOf, 1, [current, shrunk(3, 3)]), 2);
});
