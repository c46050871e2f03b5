// ReplicaSet: so many pods of one template, no more and no fewer.
import type { IReplicaSet } from 'kubernetes-models/apps/v1/ReplicaSet';
import type { Served } from '../meta.ts';
import { selectorText } from '../selector.ts';
import { checkImmutable, checkNonNegative } from '../validation.ts';
import { ageColumn, nameColumn, replicaColumns, templateColumns } from './columns.ts';
import { defineKind } from './kind.ts';
import { setPodTemplateDefaults } from './pod-template.ts';
import { checkCounts, checkParts, checkReplicated, scaleSubresource, workloadWarnings } from './workload.ts';

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
    ...replicaColumns,
    ageColumn,
    ...templateColumns<ReplicaSet>(
      ({ spec }) => spec.template,
      ({ spec }) => selectorText(spec.selector),
    ),
  ],
  setDefaults: ({ spec, status }) => {
    spec.replicas ??= 1;
    status.replicas ??= 0;
    spec.template ??= {};
    setPodTemplateDefaults(spec.template);
  },
  *validate({ spec }) {
    yield* checkNonNegative('spec.replicas', spec.replicas);
    yield* checkNonNegative('spec.minReadySeconds', spec.minReadySeconds);
    yield* checkReplicated(spec);
  },
  validateUpdate: (set, previous) => checkImmutable('spec.selector', set.spec.selector, previous.spec.selector),
  *validateStatusUpdate({ status }) {
    yield* checkCounts(status, ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']);
    yield* checkCounts(status, ['terminatingReplicas', 'observedGeneration']);
    yield* checkParts(status, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']);
    yield* checkParts(status, ['availableReplicas'], 'readyReplicas', 'readyReplicas');
  },
  warningsFor: workloadWarnings,
});
