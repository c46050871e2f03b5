// Namespace: a room for names. Its `spec.finalizers` hold it until everything in it is gone.
import type { INamespace } from 'kubernetes-models/v1/Namespace';
import type { Served } from '../meta.ts';
import { dnsLabelFaults } from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type Namespace = Served<INamespace>;

const immortalNamespaces = ['default', 'kube-system', 'kube-public'];

/** Those that every cluster has. */
export const systemNamespaces = [...immortalNamespaces, 'kube-node-lease'];

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
  prepareCreate: (namespace) => {
    namespace.spec.finalizers = ['kubernetes'];
  },
  setDefaults: (namespace) => {
    namespace.status.phase = namespace.metadata.deletionTimestamp ? 'Terminating' : 'Active';
    namespace.metadata.labels = {
      ...namespace.metadata.labels,
      'kubernetes.io/metadata.name': namespace.metadata.name,
    };
  },
  isHeld: (namespace) => (namespace.spec.finalizers ?? []).length > 0,
  selectableFields: { 'status.phase': ({ status }) => status.phase ?? '' },
  keptBecause: ({ metadata }) =>
    immortalNamespaces.includes(metadata.name) ? 'this namespace may not be deleted' : undefined,
});
