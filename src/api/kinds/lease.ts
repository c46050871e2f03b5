// Lease: a heartbeat, or who leads.
import type { ILease } from 'kubernetes-models/coordination.k8s.io/v1/Lease';
import { qualifiedNameFaults } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { checkName, checkNonNegative, forbidden, invalid } from '../validation.ts';
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
  needsRevision: true,
  hasStatus: false,
  createsOnUpdate: true,
  updatePatienceMs: 200,
  setDefaults: (lease) => {
    lease.spec ??= {};
  },
  *validate({ spec }) {
    const { leaseDurationSeconds: seconds, leaseTransitions: transitions } = spec;
    if (seconds !== undefined && seconds <= 0) {
      yield invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0');
    }
    yield* checkNonNegative('spec.leaseTransitions', transitions);
    if (spec.preferredHolder && !spec.strategy) {
      yield forbidden('spec.preferredHolder', 'may only be specified when `strategy` is defined');
    }
    if (spec.strategy !== undefined) yield* checkName('spec.strategy', spec.strategy, qualifiedNameFaults);
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
