// Lease: a heartbeat, or who leads.
import type { ILease } from 'kubernetes-models/coordination.k8s.io/v1/Lease';
import type { Served } from '../meta.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type Lease = Served<ILease>;

/** Where nodes renew the leases that show them alive. */
export const nodeLeaseNamespace = 'kube-node-lease';

export const leases = defineKind<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  singular: 'lease',
  namespaced: true,
  hasStatus: false,
  createsOnUpdate: true,
  setDefaults: (lease) => {
    lease.spec ??= {};
  },
  columns: [
    nameColumn,
    {
      name: 'Holder',
      type: 'string',
      description: 'Who holds the lease.',
      value: (lease) => lease.spec.holderIdentity ?? '',
    },
    ageColumn,
  ],
});
