// StatefulSet: replicas that keep their names and their volumes.
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { amountOf, checkAtMost100Percent, checkIntOrPercent } from '../int-or-percent.ts';
import { checkLabels, isUsableSelector } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { selectorText } from '../selector.ts';
import {
  type Cause,
  checkName,
  checkNonNegative,
  checkOneOf,
  dnsLabelFaults,
  forbidden,
  invalid,
  isSame,
} from '../validation.ts';
import { ageColumn, nameColumn, templateColumns } from './columns.ts';
import { defineKind } from './kind.ts';
import { setPodTemplateDefaults, warningsForPodTemplate } from './pod-template.ts';
import {
  checkCollisions,
  checkCounts,
  checkEndless,
  checkParts,
  checkSelector,
  checkTemplateLabels,
  isEmptySelector,
  scaleSubresource,
} from './workload.ts';

export type StatefulSet = Served<IStatefulSet>;

export const statefulSets = defineKind<StatefulSet>({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  singular: 'statefulset',
  shortNames: ['sts'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  nameRule: dnsLabelFaults,
  subresources: [scaleSubresource],
  columns: [
    nameColumn,
    {
      name: 'Ready',
      type: 'string',
      description: 'Replicas that are ready of those wanted.',
      value: ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    },
    ageColumn,
    ...templateColumns<StatefulSet>(
      ({ spec }) => spec.template,
      ({ spec }) => selectorText(spec.selector),
    ).filter(({ name }) => name !== 'Selector'),
  ],
  setDefaults: ({ spec, status }) => {
    spec.podManagementPolicy ||= 'OrderedReady';
    spec.updateStrategy ??= {};
    const { updateStrategy } = spec;
    updateStrategy.type ||= 'RollingUpdate';
    if (updateStrategy.type === 'RollingUpdate') {
      updateStrategy.rollingUpdate ??= {};
      updateStrategy.rollingUpdate.partition ??= 0;
    }
    spec.persistentVolumeClaimRetentionPolicy ??= {};
    spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain';
    spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain';
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    spec.template ??= {};
    setPodTemplateDefaults(spec.template);
    for (const claim of spec.volumeClaimTemplates ?? []) setClaimDefaults(claim);
    status.replicas ??= 0;
    status.availableReplicas ??= 0;
  },
  *validate({ spec }, previous) {
    yield* checkSpec(spec);
    if (!previous && spec.serviceName) yield* checkName('spec.serviceName', spec.serviceName, dnsLabelFaults);
  },
  *validateStatusUpdate(set, previous) {
    const { status } = set;
    yield* checkCounts(status, ['replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas']);
    yield* checkCounts(status, ['availableReplicas', 'observedGeneration', 'collisionCount']);
    yield* checkParts(status, ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas']);
    yield* checkParts(status, ['availableReplicas'], 'readyReplicas');
    yield* checkCollisions(set, previous);
  },
  *validateUpdate(set, previous) {
    if (!isSame(fixedPart(set.spec), fixedPart(previous.spec))) {
      yield forbidden(
        'spec',
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      );
    }
  },
  warningsFor: ({ spec }) => [
    ...warningsForPodTemplate(spec.template, 'spec.template'),
    ...((spec.revisionHistoryLimit ?? 0) < 0
      ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended']
      : []),
  ],
});

type ClaimTemplate = NonNullable<StatefulSet['spec']['volumeClaimTemplates']>[number];

function setClaimDefaults(claim: ClaimTemplate): void {
  claim.apiVersion = 'v1';
  claim.kind = 'PersistentVolumeClaim';
  claim.metadata ??= {};
  claim.spec ??= {};
  claim.spec.volumeMode ??= 'Filesystem';
  claim.status ??= {};
  claim.status.phase ??= 'Pending';
}

/** What a stateful set keeps as long as it lives. */
function fixedPart({
  replicas,
  ordinals,
  template,
  updateStrategy,
  revisionHistoryLimit,
  persistentVolumeClaimRetentionPolicy,
  minReadySeconds,
  ...fixed
}: StatefulSet['spec']): object {
  return fixed;
}

function* checkSpec(spec: StatefulSet['spec']): Iterable<Cause> {
  const { podManagementPolicy, persistentVolumeClaimRetentionPolicy: retention, selector, template } = spec;
  if (!['OrderedReady', 'Parallel'].includes(podManagementPolicy ?? '')) {
    yield invalid('spec.podManagementPolicy', podManagementPolicy, "must be 'OrderedReady' or 'Parallel'");
  }
  yield* checkUpdateStrategy(spec.updateStrategy ?? {});
  for (const when of ['whenDeleted', 'whenScaled'] as const) {
    yield* checkOneOf(`spec.persistentVolumeClaimRetentionPolicy.${when}`, retention?.[when], ['Retain', 'Delete']);
  }
  yield* checkNonNegative('spec.replicas', spec.replicas);
  yield* checkNonNegative('spec.minReadySeconds', spec.minReadySeconds);
  yield* checkNonNegative('spec.ordinals.start', spec.ordinals?.start);
  yield* checkSelector(selector, 'statefulset');
  if (isUsableSelector(selector)) {
    if (!isEmptySelector(selector)) yield* checkTemplateLabels(selector, template);
    yield* checkLabels('spec.template.labels', template.metadata?.labels);
  } else {
    yield invalid('spec.selector', selector, '');
  }
  yield* checkEndless(template, 'StatefulSet');
}

function* checkUpdateStrategy(strategy: NonNullable<StatefulSet['spec']['updateStrategy']>): Iterable<Cause> {
  const { type, rollingUpdate } = strategy;
  const at = 'spec.updateStrategy.rollingUpdate';
  if (type === 'OnDelete') {
    if (rollingUpdate) yield invalid(at, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'");
    return;
  }
  if (type !== 'RollingUpdate') {
    return yield invalid('spec.updateStrategy', strategy, "must be 'RollingUpdate' or 'OnDelete'");
  }
  yield* checkNonNegative(`${at}.partition`, rollingUpdate?.partition);
  const maxUnavailable = rollingUpdate?.maxUnavailable;
  if (maxUnavailable === undefined) return;
  yield* checkIntOrPercent(`${at}.maxUnavailable`, maxUnavailable);
  if (amountOf(maxUnavailable) === 0) yield invalid(`${at}.maxUnavailable`, maxUnavailable, 'cannot be 0');
  yield* checkAtMost100Percent(`${at}.maxUnavailable`, maxUnavailable);
}
