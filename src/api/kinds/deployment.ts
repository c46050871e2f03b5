// Deployment: replicas of a pod that are rolled from one version to the next.
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { Served } from '../meta.ts';
import { checkNonNegative, checkOneOf } from '../validation.ts';
import { ageColumn, nameColumn, templateColumns } from './columns.ts';
import { defineKind } from './kind.ts';
import { setPodSpecDefaults } from './pod-template.ts';
import { immutableSelector, scaleSubresource, selectorText, validateWorkload } from './workload.ts';

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
    strategy.type ??= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      strategy.rollingUpdate = { maxUnavailable: '25%', maxSurge: '25%', ...strategy.rollingUpdate };
    }
    if (spec.template?.spec) setPodSpecDefaults(spec.template.spec);
  },
  validate: ({ spec }) => [
    ...checkNonNegative('spec.replicas', spec.replicas),
    ...checkOneOf('spec.strategy.type', spec.strategy?.type, ['Recreate', 'RollingUpdate']),
    ...validateWorkload(spec),
  ],
  validateUpdate: (deployment, previous) => immutableSelector(deployment.spec.selector, previous.spec.selector),
});
