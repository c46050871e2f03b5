// Namespace: a room for names. Its `spec.finalizers` hold it until everything in it is gone.
import type { INamespace } from 'kubernetes-models/v1/Namespace';
import { qualifiedNameFaults } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { checkPlainFinalizer } from '../metadata-rules.ts';
import { type Causes, checkName, dnsLabelFaults, invalid } from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type Namespace = Served<INamespace>;

const immortalNamespaces = ['default', 'kube-system', 'kube-public'];

/** Those that every cluster has. */
export const systemNamespaces = [...immortalNamespaces, 'kube-node-lease'];

function* checkFinalizers(finalizers: readonly string[]): Causes {
  for (const [index, finalizer] of finalizers.entries()) {
    const field = `spec.finalizers[${index}]`;
    yield* checkName(field, finalizer, qualifiedNameFaults);
    yield* checkPlainFinalizer(field, finalizer);
  }
}

export const namespaces = defineKind<Namespace>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  hasStatus: true,
  hasGeneration: false,
  nameRule: dnsLabelFaults,
  subresources: [{ name: 'finalize', verbs: ['update'] }],
  columns: [
    nameColumn,
    {
      name: 'Status',
      type: 'string',
      description: 'Active, or Terminating while its content is removed.',
      value: (ns) => ns.status.phase ?? '',
    },
    ageColumn,
  ],
  setDefaults: ({ metadata, status }) => {
    if (metadata.deletionTimestamp) status.phase = 'Terminating';
    status.phase ||= 'Active';
    metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
  },
  prepareCreate: ({ spec }) => {
    if (!spec.finalizers?.includes('kubernetes')) spec.finalizers = [...(spec.finalizers ?? []), 'kubernetes'];
  },
  prepareUpdate: ({ spec }, previous, door) => {
    if (door === 'main') spec.finalizers = [...(previous.spec.finalizers ?? [])];
  },
  validate: ({ spec }) => checkFinalizers(spec.finalizers ?? []),
  *validateStatusUpdate({ metadata, status }) {
    if (metadata.deletionTimestamp || status.phase === 'Active') return;
    yield invalid('status.Phase', status.phase, "may only be 'Active' if `deletionTimestamp` is empty");
  },
  isHeld: (namespace) => (namespace.spec.finalizers ?? []).length > 0,
  selectableFields: { 'status.phase': ({ status }) => status.phase ?? '' },
  keptBecause: ({ metadata }) =>
    immortalNamespaces.includes(metadata.name) ? 'this namespace may not be deleted' : undefined,
});
