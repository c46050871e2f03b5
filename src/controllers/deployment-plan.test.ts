import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Deployment } from '../api/kinds/deployment.ts';
import type { ReplicaSet } from '../api/kinds/replica-set.ts';
import { draftReplicaSet, readHistory } from './deployment-history.ts';
import { type DeploymentStep, planDeployment } from './deployment-plan.ts';
import { boundsOf, sizeOf, total } from './deployment-sizes.ts';
import { deploymentStatus } from './deployment-status.ts';

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image }] },
});

function deployment(spec: Partial<Deployment['spec']> = {}, status: Deployment['status'] = {}): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default', uid: 'd', generation: 1 },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'web' } },
      template: template('v1'),
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
      ...spec,
    },
    status,
  };
}

let serial = 0;
/** A set of the image as the controller makes it, sized for the deployment. */
function set(of: Deployment, image: string, replicas: number, available = replicas, revision = 1): ReplicaSet {
  serial += 1;
  const draft = draftReplicaSet({ ...of, spec: { ...of.spec, template: template(image) } }, revision);
  const { replicas: wanted, maxSurge } = boundsOf(of);
  const annotations = {
    ...draft.metadata.annotations,
    'deployment.kubernetes.io/desired-replicas': String(wanted),
    'deployment.kubernetes.io/max-replicas': String(wanted + maxSurge),
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      ...draft.metadata,
      name: `web-${image}`,
      annotations,
      creationTimestamp: new Date(serial * 1000).toISOString(),
    },
    spec: { ...draft.spec, replicas },
    status: { replicas, availableReplicas: available, readyReplicas: available },
  };
}

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

const numbered = (of: Deployment, revision: number): Deployment => ({
  ...of,
  metadata: { ...of.metadata, annotations: { 'deployment.kubernetes.io/revision': String(revision) } },
});
const v1 = numbered(deployment(), 1);
const v2 = numbered(deployment({ template: template('v2') }), 2);
const recreate = numbered(deployment({ template: template('v2'), strategy: { type: 'Recreate' } }), 2);
const scaledTo = (of: Deployment, replicas: number): Deployment => ({ ...of, spec: { ...of.spec, replicas } });
const paused = (of: Deployment): Deployment => ({ ...of, spec: { ...of.spec, paused: true } });

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

const now = Date.parse('2026-01-01T12:00:00Z');
const statusOf = (of: Deployment, sets: ReplicaSet[], more: object = {}) =>
  deploymentStatus({ deployment: of, history: readHistory(of, sets), nowMs: now, ...more });
const conditionOf = (status: Deployment['status'], type: string) => {
  const condition = status.conditions?.find((each) => each.type === type);
  return condition && `${condition.status} ${condition.reason}: ${condition.message}`;
};

test('status through a rollout: made, progressing, done', () => {
  const of = deployment();
  const made = statusOf(of, [], { creation: { created: 'web-v1' } });
  assert.equal(conditionOf(made, 'Progressing'), 'True NewReplicaSetCreated: Created new replica set "web-v1"');
  assert.equal(
    conditionOf(made, 'Available'),
    'False MinimumReplicasUnavailable: Deployment does not have minimum availability.',
  );
  const half = statusOf({ ...of, status: made }, [set(of, 'v1', 4, 2)]);
  assert.equal(conditionOf(half, 'Progressing'), 'True ReplicaSetUpdated: ReplicaSet "web-v1" is progressing.');
  assert.equal(half.unavailableReplicas, 2);
  const done = statusOf({ ...of, status: half }, [set(of, 'v1', 4)]);
  assert.equal(
    conditionOf(done, 'Progressing'),
    'True NewReplicaSetAvailable: ReplicaSet "web-v1" has successfully progressed.',
  );
  assert.equal(conditionOf(done, 'Available'), 'True MinimumReplicasAvailable: Deployment has minimum availability.');
  assert.deepEqual(statusOf({ ...of, status: done }, [set(of, 'v1', 4)]), done, 'nothing new, nothing written');
});

test('a rollout without progress is overdue after its deadline, unless it is paused', () => {
  const condition = { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message: '' };
  const stuckSince = (iso: string) =>
    deployment(
      {},
      { updatedReplicas: 4, replicas: 4, observedGeneration: 1, conditions: [{ ...condition, lastUpdateTime: iso }] },
    );
  const sets = [set(deployment(), 'v1', 4, 0)];
  const reason = (of: Deployment) => statusOf(of, sets).conditions?.find(({ type }) => type === 'Progressing')?.reason;
  assert.equal(reason(stuckSince('2026-01-01T11:49:00Z')), 'ProgressDeadlineExceeded');
  assert.equal(reason(stuckSince('2026-01-01T11:51:00Z')), 'ReplicaSetUpdated');
  assert.equal(reason(paused(stuckSince('2026-01-01T11:49:00Z'))), 'DeploymentPaused');
});

test('a set that cannot make pods, and one that cannot be made, stand in the status', () => {
  const failing = set(v1, 'v1', 4, 0);
  const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota' };
  const status = statusOf(v1, [{ ...failing, status: { ...failing.status, conditions: [failure] } }]);
  assert.equal(conditionOf(status, 'ReplicaFailure'), 'True FailedCreate: quota');
  const refused = statusOf(v1, [], { creation: { failed: 'web-v1', error: 'no' } });
  assert.equal(
    conditionOf(refused, 'Progressing'),
    'False ReplicaSetCreateError: Failed to create new replica set "web-v1": no',
  );
});
