// ReplicaSet: so many pods of one template, no more and no fewer.
import type { IReplicaSet } from 'kubernetes-models/apps/v1/ReplicaSet';
import type { Served } from '../meta.ts';
import { checkNonNegative } from '../validation.ts';
import { ageColumn, nameColumn, templateColumns } from './columns.ts';
import { defineKind } from './kind.ts';
import { setPodSpecDefaults } from './pod-template.ts';
import { immutableSelector, scaleSubresource, selectorText, validateWorkload } from './workload.ts';

export type ReplicaSet = Served<IReplicaSet> & {
  spec: { template: NonNullable<NonNullable<IReplicaSet['spec']>['template']> };
};

export const replicaSets = defineKind<ReplicaSet>({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  subresources: [scaleSubresource],
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', description: 'Replicas wanted.', value: ({ spec }) => spec.replicas ?? 0 },
    {
      name: 'Current',
      type: 'integer',
      description: 'Replicas that exist.',
      value: ({ status }) => status.replicas ?? 0,
    },
    {
      name: 'Ready',
      type: 'integer',
      description: 'Replicas that are ready.',
      value: ({ status }) => status.readyReplicas ?? 0,
    },
    ageColumn,
    ...templateColumns<ReplicaSet>(
      ({ spec }) => spec.template,
      ({ spec }) => selectorText(spec.selector),
    ),
  ],
  setDefaults: ({ spec, status }) => {
    spec.replicas ??= 1;
    status.replicas ??= 0;
    if (spec.template?.spec) setPodSpecDefaults(spec.template.spec);
  },
  validate: ({ spec }) => [...checkNonNegative('spec.replicas', spec.replicas), ...validateWorkload(spec)],
  validateUpdate: (set, previous) => immutableSelector(set.spec.selector, previous.spec.selector),
  selectableFields: { 'status.replicas': ({ status }) => String(status.replicas) },
});
