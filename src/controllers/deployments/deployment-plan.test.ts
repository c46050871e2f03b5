import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Deployment } from '../../api/kinds/deployment.ts';
import type { ReplicaSet } from '../../api/kinds/replica-set.ts';
import { deployment, numbered, paused, scaledTo, set, template } from './deployment-for-tests.ts';
import { readHistory } from './deployment-history.ts';
import { type DeploymentStep, planDeployment } from './deployment-plan.ts';
import { boundsOf, sizeOf, total } from './deployment-sizes.ts';

const plan = (of: Deployment, sets: ReplicaSet[], hasOldPods = false) =>
  planDeployment({ deployment: of, history: readHistory(of, sets), hasOldPods }).map(inWords);

function inWords(step: DeploymentStep): string {
  switch (step.do) {
    case 'create-set':
      return `make set of ${step.draft.spec.replicas}`;
    case 'update-set':
      return `${step.set.metadata.name} ${step.fromReplicas} to ${step.set.spec.replicas}`;
    case 'delete-set':
      return `forget ${step.set.metadata.name}`;
    case 'note-revision':
      return `revision ${step.revision}`;
  }
}

const v1 = numbered(deployment(), 1);
const v2 = numbered(deployment({ template: template('v2') }), 2);
const recreate = numbered(deployment({ template: template('v2'), strategy: { type: 'Recreate' } }), 2);
const cases: { name: string; of: Deployment; sets: ReplicaSet[]; oldPods?: boolean; expected: string[] }[] = [
  { name: 'a new deployment', of: deployment(), sets: [], expected: ['make set of 4', 'revision 1'] },
  { name: 'nothing to do', of: v1, sets: [set(v1, 'v1', 4)], expected: [] },
  {
    name: 'a new template begins with as many as the surge allows',
    of: numbered(v2, 1),
    sets: [set(v2, 'v1', 4)],
    expected: ['make set of 1', 'revision 2'],
  },
  {
    name: 'as soon as the new set stands, the old one gives what may be unavailable',
    of: v2,
    sets: [set(v2, 'v1', 4), set(v2, 'v2', 1, 0, 2)],
    expected: ['web-v1 4 to 3'],
  },
  {
    name: 'the new set grows into the room',
    of: v2,
    sets: [set(v2, 'v1', 3), set(v2, 'v2', 1, 0, 2)],
    expected: ['web-v2 1 to 2'],
  },
  {
    name: 'nothing moves while too few are available',
    of: v2,
    sets: [set(v2, 'v1', 3), set(v2, 'v2', 2, 0, 2)],
    expected: [],
  },
  {
    name: 'pods that are about to go count no more, though the status of their set has them yet',
    of: v2,
    sets: [set(v2, 'v1', 2, 4), set(v2, 'v2', 3, 2, 2)],
    expected: ['web-v1 2 to 1'],
  },
  {
    name: 'pods of the old set that serve nobody go first',
    of: v2,
    sets: [set(v2, 'v0', 2, 0), set(v2, 'v1', 3), set(v2, 'v2', 0, 0, 2)],
    expected: ['web-v0 2 to 0'],
  },
  {
    name: 'the old template again is a new revision of the old set',
    of: numbered(v1, 2),
    sets: [set(v1, 'v1', 0, 0, 1), set(v1, 'v2', 4, 4, 2)],
    expected: ['web-v1 0 to 1', 'revision 3'],
  },
  { name: 'scaled up', of: scaledTo(v1, 7), sets: [set(v1, 'v1', 4)], expected: ['web-v1 4 to 7'] },
  { name: 'scaled to nothing', of: scaledTo(v1, 0), sets: [set(v1, 'v1', 4)], expected: ['web-v1 4 to 0'] },
  {
    name: 'scaled amid a rollout: in proportion, the rest to the largest',
    of: scaledTo(numbered(deployment({ replicas: 10, template: template('v2') }), 2), 15),
    sets: [set(deployment({ replicas: 10 }), 'v1', 8), set(deployment({ replicas: 10 }), 'v2', 3, 3, 2)],
    expected: ['web-v2 3 to 4', 'web-v1 8 to 12'],
  },
  {
    name: 'a paused one makes no set',
    of: paused(v2),
    sets: [set(v2, 'v1', 4)],
    expected: [],
  },
  {
    name: 'a paused one is scaled',
    of: scaledTo(paused(v2), 6),
    sets: [set(v2, 'v1', 4)],
    expected: ['web-v1 4 to 6'],
  },
  {
    name: 'Recreate: the old ones to nothing',
    of: recreate,
    sets: [set(recreate, 'v1', 4)],
    oldPods: true,
    expected: ['web-v1 4 to 0'],
  },
  {
    name: 'Recreate: wait for the last pod',
    of: recreate,
    sets: [set(recreate, 'v1', 0)],
    oldPods: true,
    expected: [],
  },
  {
    name: 'Recreate: then all of the new ones',
    of: numbered(recreate, 1),
    sets: [set(recreate, 'v1', 0)],
    expected: ['make set of 4', 'revision 2'],
  },
];

for (const { name, of, sets, oldPods, expected } of cases) {
  test(`deployment plan: ${name}`, () => assert.deepEqual(plan(of, sets, oldPods), expected));
}

test('sets beyond the limit are forgotten when the rollout is complete', () => {
  const done = { updatedReplicas: 4, replicas: 4, availableReplicas: 4, observedGeneration: 1 };
  const of = numbered(deployment({ revisionHistoryLimit: 1, template: template('v4') }, done), 4);
  const sets = [1, 2, 3].map((version) => set(of, `v${version}`, 0, 0, version));
  assert.deepEqual(plan(of, [...sets, set(of, 'v4', 4, 4, 4)]), ['forget web-v1', 'forget web-v2']);
});

test('nothing is forgotten before the rollout is complete, nor of a deployment that is being deleted', () => {
  const of = numbered(deployment({ revisionHistoryLimit: 0, template: template('v2') }), 2);
  const sets = [set(of, 'v1', 0, 0, 1), set(of, 'v2', 4, 4, 2)];
  assert.deepEqual(plan(of, sets), [], 'the status does not say so yet');
  const ending = { ...of, metadata: { ...of.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  assert.deepEqual(plan(ending, []), []);
});

test('a set without pods keeps for what it was sized, one that gets some learns it', () => {
  const of = numbered(deployment({ replicas: 6, template: template('v2') }), 2);
  const empty = set(v1, 'v1', 0, 0, 1);
  const steps = planDeployment({
    deployment: of,
    history: readHistory(of, [empty, set(of, 'v2', 3, 3, 2)]),
    hasOldPods: false,
  });
  assert.deepEqual(
    steps.flatMap((step) => (step.do === 'update-set' ? [step.set.metadata.name] : [])),
    ['web-v2'],
  );
  const [step] = steps;
  assert.ok(step?.do === 'update-set');
  assert.deepEqual(
    ['desired-replicas', 'max-replicas'].map(
      (each) => step.set.metadata.annotations?.[`deployment.kubernetes.io/${each}`],
    ),
    ['6', '7'],
  );
});

const amount = fc.oneof(
  fc.nat(4),
  fc.nat(100).map((percent) => `${percent}%`),
);

test('however pods come and go, a rollout ends and never leaves its bounds', () => {
  fc.assert(
    fc.property(
      fc.record({
        replicas: fc.nat(12),
        maxSurge: amount,
        maxUnavailable: amount,
        ready: fc.infiniteStream(fc.boolean()),
      }),
      ({ replicas, maxSurge, maxUnavailable, ready }) => {
        const of = deployment({
          replicas,
          template: template('v3'),
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
        });
        const bounds = boundsOf(of);
        let sets = [set(of, 'v1', Math.floor(replicas / 2)), set(of, 'v2', Math.ceil(replicas / 2), undefined, 2)];
        for (let round = 0; round < 150; round++) {
          const steps = planDeployment({
            deployment: numbered(of, 3),
            history: readHistory(of, sets),
            hasOldPods: false,
          });
          sets = steps.reduce(applyStep, sets);
          const size = total(sets, sizeOf);
          const available = total(sets, ({ status }) => status.availableReplicas ?? 0);
          assert.ok(size <= Math.max(replicas + bounds.maxSurge, replicas), `${size} pods`);
          assert.ok(available >= replicas - bounds.maxUnavailable, `${available} available`);
          sets = sets.map((each) => (ready.next().value ? advance(each) : each));
        }
        sets = sets.map(advance);
        const sizes = sets.filter((each) => sizeOf(each) > 0).map((each) => [each.metadata.name, sizeOf(each)]);
        assert.deepEqual(sizes, replicas === 0 ? [] : [['web-v3', replicas]]);
      },
    ),
    { numRuns: 100 },
  );
});

test('the present set follows the deployment in how long its pods have to be ready, also back to not at all', () => {
  for (const [minReadySeconds, expected] of [
    [7, 7],
    [0, undefined],
    [undefined, undefined],
  ] as const) {
    const of = numbered(deployment(minReadySeconds === undefined ? {} : { minReadySeconds }), 1);
    const before = set(numbered(deployment({ minReadySeconds: 5 }), 1), 'v1', 4);
    const [step] = planDeployment({ deployment: of, history: readHistory(of, [before]), hasOldPods: false });
    assert.equal(step?.do, 'update-set');
    assert.equal(step.set.spec.minReadySeconds, expected);
  }
});

function applyStep(sets: ReplicaSet[], step: DeploymentStep): ReplicaSet[] {
  if (step.do === 'create-set') {
    const made = set(deployment(), 'v3', step.draft.spec.replicas ?? 0, 0, 3);
    return [...sets, { ...made, metadata: { ...made.metadata, ...step.draft.metadata, name: 'web-v3' } }];
  }
  if (step.do !== 'update-set') return sets;
  const available = Math.min(step.set.status.availableReplicas ?? 0, sizeOf(step.set));
  const changed = { ...step.set, status: { ...step.set.status, availableReplicas: available } };
  return sets.map((each) => (each.metadata.name === changed.metadata.name ? changed : each));
}

/** One more pod becomes available. */
function advance(each: ReplicaSet): ReplicaSet {
  const availableReplicas = Math.min(sizeOf(each), (each.status.availableReplicas ?? 0) + 1);
  return { ...each, status: { replicas: sizeOf(each), availableReplicas, readyReplicas: availableReplicas } };
}
