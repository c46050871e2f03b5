// Deployment: replicas of a pod that are rolled from one version to the next.
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import { amountOf, checkAtMost100Percent, checkIntOrPercent } from '../int-or-percent.ts';
import type { Served } from '../meta.ts';
import { selectorText } from '../selector.ts';
import { type Cause, checkImmutable, checkNonNegative, forbidden, invalid, unsupported } from '../validation.ts';
import { ageColumn, nameColumn, templateColumns } from './columns.ts';
import { defineKind } from './kind.ts';
import { setPodTemplateDefaults } from './pod-template.ts';
import {
  checkCollisions,
  checkCounts,
  checkParts,
  checkReplicated,
  scaleSubresource,
  workloadWarnings,
} from './workload.ts';

export type Deployment = Served<IDeployment>;
export type DeploymentCondition = NonNullable<Deployment['status']['conditions']>[number];

export const deployments = defineKind<Deployment>({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  keptByStatus: ['labels'],
  subresources: [scaleSubresource],
  columns: [
    nameColumn,
    {
      name: 'Ready',
      type: 'string',
      description: 'Replicas that are ready of those wanted.',
      value: ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    },
    {
      name: 'Up-to-date',
      type: 'string',
      description: 'Replicas of the newest template.',
      value: ({ status }) => status.updatedReplicas ?? 0,
    },
    {
      name: 'Available',
      type: 'string',
      description: 'Replicas that have been ready long enough.',
      value: ({ status }) => status.availableReplicas ?? 0,
    },
    ageColumn,
    ...templateColumns<Deployment>(
      ({ spec }) => spec.template,
      ({ spec }) => selectorText(spec.selector),
    ),
  ],
  setDefaults: ({ spec }) => {
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
    spec.strategy ??= {};
    const { strategy } = spec;
    strategy.type ||= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      strategy.rollingUpdate = { maxUnavailable: '25%', maxSurge: '25%', ...strategy.rollingUpdate };
    }
    spec.template ??= {};
    setPodTemplateDefaults(spec.template);
  },
  *validate({ spec }) {
    yield* checkNonNegative('spec.replicas', spec.replicas);
    yield* checkReplicated(spec);
    yield* checkStrategy(spec.strategy ?? {});
    yield* checkNonNegative('spec.minReadySeconds', spec.minReadySeconds);
    yield* checkNonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
    yield* checkDeadline(spec);
  },
  validateUpdate: ({ spec }, previous) => checkImmutable('spec.selector', spec.selector, previous.spec.selector),
  *validateStatusUpdate(deployment, previous) {
    yield* checkStatus(deployment.status);
    yield* checkCollisions(deployment, previous);
  },
  // The rollout's history is told in annotations, so they count as well.
  countedContent: ({ spec, metadata }) => [spec, metadata.annotations],
  warningsFor: workloadWarnings,
});

function* checkStrategy(strategy: NonNullable<Deployment['spec']['strategy']>): Iterable<Cause> {
  const { type, rollingUpdate } = strategy;
  const at = 'spec.strategy.rollingUpdate';
  if (type === 'Recreate') {
    if (rollingUpdate) yield forbidden(at, "may not be specified when strategy `type` is 'Recreate'");
    return;
  }
  if (type !== 'RollingUpdate') return yield unsupported('spec.strategy', strategy, ['Recreate', 'RollingUpdate']);
  const { maxUnavailable, maxSurge } = rollingUpdate ?? {};
  yield* checkIntOrPercent(`${at}.maxUnavailable`, maxUnavailable);
  yield* checkIntOrPercent(`${at}.maxSurge`, maxSurge);
  if (amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0) {
    yield invalid(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0');
  }
  yield* checkAtMost100Percent(`${at}.maxUnavailable`, maxUnavailable);
}

function* checkDeadline({ progressDeadlineSeconds = 0, minReadySeconds = 0 }: Deployment['spec']): Iterable<Cause> {
  const at = 'spec.progressDeadlineSeconds';
  yield* checkNonNegative(at, progressDeadlineSeconds);
  if (progressDeadlineSeconds <= minReadySeconds) {
    yield invalid(at, progressDeadlineSeconds, 'must be greater than minReadySeconds');
  }
}

function* checkStatus(status: Deployment['status']): Iterable<Cause> {
  yield* checkCounts(status, ['observedGeneration', 'replicas', 'updatedReplicas', 'readyReplicas']);
  yield* checkCounts(status, ['availableReplicas', 'unavailableReplicas', 'terminatingReplicas', 'collisionCount']);
  yield* checkParts(status, ['updatedReplicas', 'readyReplicas', 'availableReplicas']);
  yield* checkParts(status, ['availableReplicas'], 'readyReplicas', 'readyReplicas');
}
