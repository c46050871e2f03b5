// ReplicationController: the older ReplicaSet. It takes its selector from its template where it has none.
import type { IReplicationController } from 'kubernetes-models/v1/ReplicationController';
import type { Served } from '../meta.ts';
import { mapSelectorText, matchesMap } from '../selector.ts';
import { type Causes, checkNonNegative, invalid, required } from '../validation.ts';
import { ageColumn, nameColumn, orNone, replicaColumns, templateColumns } from './columns.ts';
import { defineKind } from './kind.ts';
import { setPodTemplateDefaults, validatePodTemplate } from './pod-template.ts';
import { checkCounts, checkEndless, checkParts, scaleSubresource, workloadWarnings } from './workload.ts';

export type ReplicationController = Served<IReplicationController>;

const counts = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'];

function* validateSpec({ minReadySeconds, selector = {}, replicas, template }: ReplicationController['spec']): Causes {
  yield* checkNonNegative('spec.minReadySeconds', minReadySeconds);
  const isSelecting = Object.keys(selector).length > 0;
  if (!isSelecting) yield required('spec.selector');
  yield* checkNonNegative('spec.replicas', replicas);
  if (!template) return yield required('spec.template');
  const labels = template.metadata?.labels;
  if (isSelecting && !matchesMap(selector, labels)) {
    yield invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`');
  }
  yield* validatePodTemplate(template, 'spec.template');
  yield* checkEndless(template, 'ReplicationController');
}

export const replicationControllers = defineKind<ReplicationController>({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  singular: 'replicationcontroller',
  shortNames: ['rc'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  orphansDependents: {},
  subresources: [scaleSubresource],
  columns: [
    nameColumn,
    ...replicaColumns,
    ageColumn,
    ...templateColumns<ReplicationController>(
      ({ spec }) => spec.template,
      ({ spec }) => orNone(mapSelectorText(spec.selector)),
    ),
  ],
  setDefaults: ({ metadata, spec, status }) => {
    spec.replicas ??= 1;
    status.replicas ??= 0;
    if (!spec.template) return;
    setPodTemplateDefaults(spec.template);
    const labels = spec.template.metadata?.labels;
    if (!labels) return;
    if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
    if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
  },
  validate: ({ spec }) => validateSpec(spec),
  *validateStatusUpdate({ status }) {
    yield* checkCounts(status, [...counts, 'observedGeneration']);
    yield* checkParts(status, counts.slice(1));
    yield* checkParts(status, ['availableReplicas'], 'readyReplicas', 'readyReplicas');
  },
  warningsFor: workloadWarnings,
  selectableFields: { 'status.replicas': ({ status }) => String(status.replicas ?? 0) },
});
