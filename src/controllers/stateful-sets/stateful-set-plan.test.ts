import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StatefulSet } from '../../api/kinds/stateful-set.ts';
import { ago, now, plan, pod, revision, set, told } from './stateful-set-for-tests.ts';
import { planStatefulSet } from './stateful-set-plan.ts';

const parallel = { podManagementPolicy: 'Parallel' } as const;
const rolling = (rollingUpdate: object) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } }) as const;

const cases: { name: string; spec?: Partial<StatefulSet['spec']>; pods: string[]; steps: string[] }[] = [
  { name: 'the first pod comes first', pods: [], steps: ['+0 new'] },
  { name: 'the next waits for one that is not ready', pods: ['0 down'], steps: [] },
  { name: 'the next comes when the one before it is ready', pods: ['0'], steps: ['+1 new'] },
  { name: 'a gap is filled before what is above it', pods: ['0', '2'], steps: ['+1 new'] },
  { name: 'nothing to do', pods: ['0', '1', '2'], steps: [] },
  { name: 'a pod is available only after a while', spec: { minReadySeconds: 90 }, pods: ['0'], steps: [] },
  { name: 'a failed pod goes, to be made anew', pods: ['0 failed', '1', '2'], steps: ['-0'] },
  { name: 'one that succeeded, too', pods: ['0', '1 succeeded', '2'], steps: ['-1'] },
  { name: 'a failed pod that is going is waited for', pods: ['0 failed ending', '1', '2'], steps: [] },
  { name: 'one that is going is waited for', pods: ['0', '1 ending', '2'], steps: [] },
  { name: 'too many: the last one first', spec: { replicas: 1 }, pods: ['0', '1', '2'], steps: ['-2'] },
  { name: 'too many: one at a time', spec: { replicas: 1 }, pods: ['0', '1', '2 ending'], steps: [] },
  { name: 'too many: none as long as one that stays is down', spec: { replicas: 1 }, pods: ['0 down', '1'], steps: [] },
  { name: 'too many: one that is down goes', spec: { replicas: 1 }, pods: ['0', '1', '2 down'], steps: ['-2'] },
  {
    name: 'too many: one that is down waits for one below it that is, too',
    spec: { replicas: 1 },
    pods: ['0', '1 down', '2 down'],
    steps: [],
  },
  { name: 'to nothing', spec: { replicas: 0 }, pods: ['0'], steps: ['-0'] },
  { name: 'scaling goes before updating', spec: { replicas: 2 }, pods: ['0 old', '1 old', '2 old'], steps: ['-2'] },
  { name: 'an update begins with the last one', pods: ['0 old', '1 old', '2 old'], steps: ['-2'] },
  { name: 'an update goes on below what is up', pods: ['0 old', '1 old', '2'], steps: ['-1'] },
  { name: 'an update waits for what is not up', pods: ['0 old', '1 old', '2 down'], steps: [] },
  { name: 'a pod amid an update is of the new template', pods: ['0 old', '1 old'], steps: ['+2 new'] },
  {
    name: 'below the partition nothing is updated',
    spec: rolling({ partition: 2 }),
    pods: ['0 old', '1 old', '2'],
    steps: [],
  },
  {
    name: 'below the partition a pod comes back as it was',
    spec: rolling({ partition: 2 }),
    pods: ['0 old', '2'],
    steps: ['+1 old'],
  },
  {
    name: 'the partition counts from the first ordinal',
    spec: { ...rolling({ partition: 1 }), ordinals: { start: 5 } },
    pods: ['5 old', '6 old', '7'],
    steps: ['-6'],
  },
  {
    name: 'a first ordinal that is raised: new ones first',
    spec: { ordinals: { start: 2 }, replicas: 2 },
    pods: ['0', '1', '2'],
    steps: ['+3 new'],
  },
  {
    name: 'a first ordinal that is raised: then those below go, the last one first',
    spec: { ordinals: { start: 2 }, replicas: 2 },
    pods: ['0', '1', '2', '3'],
    steps: ['-1'],
  },
  {
    name: 'OnDelete updates nobody',
    spec: { updateStrategy: { type: 'OnDelete' } },
    pods: ['0 old', '1 old', '2 old'],
    steps: [],
  },
  {
    name: 'OnDelete makes new ones of the new template',
    spec: { updateStrategy: { type: 'OnDelete' } },
    pods: ['0 old', '2 old'],
    steps: ['+1 new'],
  },
  { name: 'parallel: all at once', spec: parallel, pods: [], steps: ['+0 new', '+1 new', '+2 new'] },
  {
    name: 'parallel: all that are too many at once, whoever is down',
    spec: { ...parallel, replicas: 1 },
    pods: ['0 down', '1', '2', '3 ending'],
    steps: ['-2', '-1'],
  },
  {
    name: 'parallel: an update is in order all the same',
    spec: parallel,
    pods: ['0 old', '1 old', '2 old'],
    steps: ['-2'],
  },
  {
    name: 'parallel: an update waits for what is not up',
    spec: parallel,
    pods: ['0 old', '1 old', '2 down'],
    steps: [],
  },
  {
    name: 'parallel: an old pod that is down is updated',
    spec: parallel,
    pods: ['0 old', '1 old', '2 old down'],
    steps: ['-2'],
  },
  {
    name: 'two may be missing',
    spec: rolling({ partition: 0, maxUnavailable: 2 }),
    pods: ['0 old', '1 old', '2 old'],
    steps: ['-2', '-1'],
  },
  {
    name: 'a share that may be missing is rounded down, yet one may',
    spec: rolling({ partition: 0, maxUnavailable: '30%' }),
    pods: ['0 old', '1 old', '2 old'],
    steps: ['-2'],
  },
  {
    name: 'what is missing already counts',
    spec: { ...parallel, ...rolling({ partition: 0, maxUnavailable: 2 }) },
    pods: ['0 old', '1 old', '2 down'],
    steps: ['-1'],
  },
  {
    name: 'an old one that is down costs nothing',
    spec: { ...parallel, ...rolling({ partition: 0, maxUnavailable: 1 }) },
    pods: ['0 old', '1 old down', '2 old'],
    steps: ['-1'],
  },
];

describe('the steps of a stateful set', () => {
  for (const { name, spec = {}, pods, steps } of cases) {
    test(name, () => {
      assert.deepEqual(
        plan(
          spec,
          pods.map((each) => pod(each)),
        ).map(told),
        steps,
      );
    });
  }

  test('one that is being deleted has none', () => {
    const ending = set({}, { deletionTimestamp: ago(1) });
    const observed = { claimNamed: () => undefined, current: revision('old'), update: revision('new'), nowMs: now };
    assert.deepEqual(planStatefulSet({ set: ending, pods: [], ...observed }), []);
  });

  test('a pod is who its name says, whatever it was adopted as', () => {
    const { labels: _, ...metadata } = pod('0').metadata;
    const bare = { ...pod('0'), metadata: { ...metadata, labels: { app: 'web' } } };
    const [step] = plan({ replicas: 1, updateStrategy: { type: 'OnDelete' } }, [bare]);
    assert.ok(step?.do === 'name-pod');
    assert.equal(step.pod.metadata.labels?.['apps.kubernetes.io/pod-index'], '0');
  });
});
