import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { observe, type Scene } from './daemon-set-for-tests.ts';
import { type DaemonPlan, planDaemonSet } from './daemon-set-plan.ts';

/** As "+a" for a new pod on a node and "-a-old" for one that goes. */
const told = (plan: DaemonPlan) => [
  ...plan.create.map((nodeName) => `+${nodeName}`),
  ...plan.delete.map(({ metadata }) => `-${metadata.name}`),
  ...plan.ended.map(({ metadata }) => `ended ${metadata.name}`),
];

const rolling = (maxUnavailable: number | string, maxSurge: number | string = 0) =>
  ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable, maxSurge } } }) as const;
const surging = (maxSurge: number | string) => rolling(0, maxSurge);
const onDelete = { updateStrategy: { type: 'OnDelete' } } as const;
const abc = ['a', 'b', 'c'];

const cases: ({ name: string; steps: string[] } & Scene)[] = [
  { name: 'a pod for every node', nodes: abc, pods: [], steps: ['+a', '+b', '+c'] },
  { name: 'none where there is one', nodes: abc, pods: ['a new', 'c new unbound'], steps: ['+b'] },
  { name: 'none on nodes that are not selected', nodes: ['a', 'b other'], pods: [], steps: ['+a'] },
  { name: 'none on nodes with a foreign taint', nodes: ['a tainted', 'b lost'], pods: [], steps: [] },
  { name: 'cordoned nodes and sick ones get one', nodes: ['a cordoned', 'b unready'], pods: [], steps: ['+a', '+b'] },
  { name: 'a new NoSchedule taint lets a pod stay', nodes: ['a tainted'], pods: ['a new'], steps: [] },
  { name: 'a new NoExecute taint does not', nodes: ['a lost'], pods: ['a new'], steps: ['-a-new'] },
  { name: 'a node that is not selected any more', nodes: ['a other'], pods: ['a new'], steps: ['-a-new'] },
  { name: 'a pod on its way out is waited for', nodes: ['a'], pods: ['a new ending'], steps: [] },
  { name: 'of two the younger one goes', nodes: ['a'], pods: ['a new young', 'a new'], steps: ['-a-new-young'] },
  {
    name: 'of two the one that has its node stays',
    nodes: ['a'],
    pods: ['a new unbound', 'a new young'],
    steps: ['-a-new-unbound'],
  },
  { name: 'a failed pod goes', nodes: ['a'], pods: ['a new failed'], steps: ['ended a-new-failed'] },
  { name: 'one that succeeded, too', nodes: ['a'], pods: ['a new succeeded'], steps: ['ended a-new-succeeded'] },
  { name: 'a failed pod is left for a while', nodes: ['a'], pods: ['a new failed held'], steps: [] },
  { name: 'what ended and is going is nobody any more', nodes: ['a'], pods: ['a new failed ending'], steps: ['+a'] },
  { name: 'a pod for a node that is gone', nodes: ['a'], pods: ['a new', 'b new unbound'], steps: ['-b-new-unbound'] },
  { name: 'a pod on a node that is gone is not ours to remove', nodes: ['a'], pods: ['a new', 'b new'], steps: [] },

  { name: 'an update takes one at a time', nodes: abc, pods: ['a old', 'b old', 'c old'], steps: ['-a-old'] },
  {
    name: 'an update waits while one comes and another goes',
    nodes: ['a', 'b', 'c other'],
    pods: ['b old', 'c new'],
    steps: ['+a', '-c-new'],
  },
  {
    name: 'a node without a pod that takes none counts as no failure',
    nodes: ['a tainted', 'b'],
    pods: ['b old'],
    steps: ['-b-old'],
  },
  { name: 'an update waits for one that is going', nodes: abc, pods: ['a old ending', 'b old', 'c old'], steps: [] },
  { name: 'an update makes the new one first of all', nodes: abc, pods: ['b old', 'c old'], steps: ['+a'] },
  { name: 'an update waits for the new one', nodes: abc, pods: ['a new down', 'b old', 'c old'], steps: [] },
  { name: 'an update goes on', nodes: abc, pods: ['a new', 'b old', 'c old'], steps: ['-b-old'] },
  {
    name: 'an update waits until the new one has been up for long enough',
    spec: { minReadySeconds: 30 },
    nodes: abc,
    pods: ['a new fresh', 'b old', 'c old'],
    steps: [],
  },
  {
    name: 'an old one that is down goes in any case, and counts',
    nodes: abc,
    pods: ['a old', 'b old down', 'c old down'],
    steps: ['-b-old-down', '-c-old-down'],
  },
  {
    name: 'so many may be unavailable',
    spec: rolling(2),
    nodes: abc,
    pods: ['a old', 'b old', 'c old'],
    steps: ['-a-old', '-b-old'],
  },
  {
    name: 'a share that may be unavailable is rounded up',
    spec: rolling('34%'),
    nodes: abc,
    pods: ['a old', 'b old', 'c old'],
    steps: ['-a-old', '-b-old'],
  },
  { name: 'OnDelete updates nobody', spec: onDelete, nodes: abc, pods: ['a old', 'b old'], steps: ['+c'] },
  {
    name: 'a failed pod that is held back holds up no update',
    nodes: abc,
    pods: ['a new', 'b old failed held', 'c old'],
    steps: ['-b-old-failed-held'],
  },

  {
    name: 'surge: a new one beside the old one',
    spec: surging(1),
    nodes: abc,
    pods: ['a old', 'b old', 'c old'],
    steps: ['+a'],
  },
  {
    name: 'surge: a share, rounded up',
    spec: surging('50%'),
    nodes: abc,
    pods: ['a old', 'b old', 'c old'],
    steps: ['+a', '+b'],
  },
  {
    name: 'surge: the old one stays until the new one serves',
    spec: surging(1),
    nodes: abc,
    pods: ['a old', 'a new down', 'b old', 'c old'],
    steps: [],
  },
  {
    name: 'surge: and has for long enough',
    spec: { ...surging(1), minReadySeconds: 30 },
    nodes: ['a'],
    pods: ['a old', 'a new fresh'],
    steps: [],
  },
  {
    name: 'surge: then the old one goes',
    spec: surging(1),
    nodes: abc,
    pods: ['a old', 'a new', 'b old', 'c old'],
    steps: ['-a-old'],
  },
  {
    name: 'surge: an old one that is no longer ready goes at once',
    spec: surging(1),
    nodes: ['a'],
    pods: ['a old down', 'a new down'],
    steps: ['-a-old-down'],
  },
  {
    name: 'surge: one that is going keeps nobody from coming',
    spec: surging(1),
    nodes: ['a'],
    pods: ['a old ending'],
    steps: ['+a'],
  },
  {
    name: 'surge: an old one that is down is replaced beyond the limit',
    spec: surging(1),
    nodes: abc,
    pods: ['a old', 'b old down', 'c old down'],
    steps: ['+b', '+c', '+a'],
  },
  {
    name: 'surge: a failed pod that is held back is not replaced',
    spec: surging(1),
    nodes: ['a'],
    pods: ['a new failed held'],
    steps: [],
  },
  {
    name: 'surge: on a node that takes no new pods the old one stays as long as it is needed',
    spec: surging(1),
    nodes: ['a tainted', 'b'],
    pods: ['a old', 'b new down'],
    steps: [],
  },
  {
    name: 'surge: and goes when others serve',
    spec: surging(1),
    nodes: ['a tainted', 'b'],
    pods: ['a old', 'b new'],
    steps: ['-a-old'],
  },
];

describe('the steps of a daemon set', () => {
  for (const { name, steps, ...scene } of cases) {
    test(name, () => {
      assert.deepEqual(told(planDaemonSet(observe(scene))), steps);
    });
  }
});
