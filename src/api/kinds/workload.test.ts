import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controllerRevisions } from './controller-revision.ts';
import { daemonSets } from './daemon-set.ts';
import { deployments } from './deployment.ts';
import { createCases, created, type KindCase, statusCases, updateCases } from './kind-cases.contract.ts';
import { replicaSets } from './replica-set.ts';
import { statefulSets } from './stateful-set.ts';

const labels = { app: 'a' };
const selector = { matchLabels: labels };
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'busybox:1.36' }] } };
const good = { spec: { selector, template } };

const spec = (patch: object, ...faults: string[]): KindCase => [{ spec: patch }, ...faults];
const strategy = (patch: object, ...faults: string[]) => spec({ strategy: patch }, ...faults);
const updateStrategy = (patch: object, ...faults: string[]) => spec({ updateStrategy: patch }, ...faults);

const mismatch = 'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match';

createCases(deployments, good, [
  spec({ replicas: -1 }, 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'),
  spec({ selector: null }, 'spec.selector: Required value', mismatch),
  spec(
    { selector: { matchLabels: null } },
    'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
  ),
  spec({ selector: { matchLabels: { app: 'b' } } }, mismatch),
  spec(
    { selector: { matchExpressions: [{ key: 'app', operator: 'In' }] } },
    'spec.selector.matchExpressions[0].values: Required value: must be specified',
    'spec.selector: Invalid value: {"matchLabels":{"app":"a"},',
  ),
  spec(
    { template: { spec: { restartPolicy: 'Never', activeDeadlineSeconds: 5 } } },
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported',
  ),
  strategy({ type: 'Blue' }, 'spec.strategy: Unsupported value: {"type":"Blue"}: supported values: "Recreate"'),
  strategy({ type: 'Recreate', rollingUpdate: {} }, 'spec.strategy.rollingUpdate: Forbidden: may not be specified'),
  strategy(
    { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } },
    'spec.strategy.rollingUpdate.maxUnavailable: Invalid',
  ),
  strategy(
    { rollingUpdate: { maxSurge: '10x', maxUnavailable: '101%' } },
    'spec.strategy.rollingUpdate.maxSurge: Invalid value: "10x": a valid percent string',
    'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
  ),
  spec({ minReadySeconds: 600 }, 'spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySec'),
]);

updateCases(deployments, good, [
  spec(
    { selector: { matchLabels: { b: 'c' } }, template: { metadata: { labels: { b: 'c' } } } },
    'spec.selector: Invalid value: {"matchLabels":{"app":"a","b":"c"}}: field is immutable',
  ),
]);

test('what is said in the annotations of a deployment is a new generation, what its labels say is not', () => {
  const counted = (patch: object) =>
    deployments.countedContent?.(created(deployments, good, patch as Record<string, unknown>) as never);
  assert.deepEqual(counted({}), counted({ metadata: { labels: { a: 'b' } } }));
  assert.notDeepEqual(counted({}), counted({ metadata: { annotations: { a: 'b' } } }));
});

createCases(replicaSets, good, [
  spec({ replicas: -1, minReadySeconds: -2 }, 'spec.replicas: Invalid', 'spec.minReadySeconds: Invalid value: -2'),
]);

createCases(statefulSets, good, [
  spec({ serviceName: 'a.b' }, 'spec.serviceName: Invalid value: "a.b": must not contain dots'),
  spec(
    { podManagementPolicy: 'No' },
    "spec.podManagementPolicy: Invalid value: \"No\": must be 'OrderedReady' or 'Par",
  ),
  updateStrategy({ type: 'Zig', rollingUpdate: null }, 'spec.updateStrategy: Invalid value: {"type":"Zig"}: must be'),
  updateStrategy({ type: 'OnDelete', rollingUpdate: {} }, 'spec.updateStrategy.rollingUpdate: Invalid value: {}: only'),
  updateStrategy(
    { rollingUpdate: { partition: -1 } },
    'spec.updateStrategy.rollingUpdate.partition: Invalid value: -1',
  ),
  updateStrategy(
    { rollingUpdate: { maxUnavailable: 0 } },
    'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0',
  ),
  spec(
    { persistentVolumeClaimRetentionPolicy: { whenScaled: 'Burn' } },
    'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Burn": supported values: "Retain", "Del',
  ),
  spec({ ordinals: { start: -1 } }, 'spec.ordinals.start: Invalid value: -1'),
  spec(
    { selector: { matchLabels: null } },
    'spec.selector: Invalid value: {}: empty selector is invalid for statefulset',
  ),
]);

updateCases(statefulSets, { spec: { ...good.spec, serviceName: 's' } }, [
  spec({ replicas: 3, minReadySeconds: 1, revisionHistoryLimit: 2, ordinals: { start: 1 } }),
  spec({ updateStrategy: { type: 'OnDelete', rollingUpdate: null } }),
  spec(
    { serviceName: 't' },
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals'",
  ),
  spec({ volumeClaimTemplates: [] }),
]);

createCases(daemonSets, good, [
  spec({ selector: null }, mismatch),
  spec(
    { selector: { matchLabels: null }, minReadySeconds: -1 },
    'spec.selector: Invalid value: {}: empty selector is invalid for daemonset',
    'spec.minReadySeconds: Invalid value: -1',
  ),
  updateStrategy({ type: 'Q', rollingUpdate: null }, 'spec.updateStrategy: Unsupported value: {"type":"Q"}: supported'),
  updateStrategy(
    { rollingUpdate: { maxUnavailable: 0 } },
    'spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0',
  ),
  updateStrategy(
    { rollingUpdate: { maxSurge: '10%' } },
    'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "10%": may not be set when',
  ),
]);

test('a daemon set counts the changes of its template', () => {
  const previous = created(daemonSets, good, {});
  const generationAfter = (image: string) => {
    const draft = created(daemonSets, good, { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } });
    daemonSets.prepareUpdate?.(draft as never, previous as never, 'main');
    return draft.metadata.annotations?.['deprecated.daemonset.template.generation'];
  };
  assert.equal(generationAfter('busybox:1.36'), '1');
  assert.equal(generationAfter('busybox:2'), '2');
});

statusCases(deployments, { ...good, status: { collisionCount: 2 } }, [
  [
    { replicas: 1, readyReplicas: 2, availableReplicas: 3, updatedReplicas: -1 },
    'status.updatedReplicas: Invalid value: -1',
    'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas',
  ],
  [{ collisionCount: 1 }, 'status.collisionCount: Invalid value: 1: cannot be decremented'],
]);

statusCases(replicaSets, good, [
  [{ fullyLabeledReplicas: 1 }, 'status.fullyLabeledReplicas: Invalid value: 1: cannot be greater than status.rep'],
]);

statusCases(statefulSets, good, [
  [{ availableReplicas: 1 }, 'status.availableReplicas: Invalid', 'status.availableReplicas: Invalid'],
]);

statusCases(daemonSets, good, [[{ desiredNumberScheduled: -1 }, 'status.desiredNumberScheduled: Invalid value: -1']]);

createCases(controllerRevisions, { data: { any: 'thing' }, revision: 1 }, [
  [{ data: null, revision: -1 }, 'data: Required value: data is mandatory', 'revision: Invalid value: -1'],
]);
updateCases(controllerRevisions, { data: { any: 'thing' }, revision: 1 }, [
  [{ revision: 2 }],
  [{ data: { any: 'other' } }, 'data: Invalid value: {"any":"other"}: field is immutable'],
]);
