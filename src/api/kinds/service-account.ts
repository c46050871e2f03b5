// ServiceAccount: the identity of what runs in pods.
import type { IServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import type { Served } from '../meta.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type ServiceAccount = Served<IServiceAccount>;

export const serviceAccounts = defineKind<ServiceAccount>({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  namespaced: true,
  hasStatus: false,
  showsDeleted: true,
  subresources: [
    { name: 'token', verbs: ['create'], kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' } },
  ],
  columns: [
    nameColumn,
    {
      name: 'Secrets',
      type: 'string',
      description: 'How many secrets the account names.',
      value: (account) => account.secrets?.length ?? 0,
    },
    ageColumn,
  ],
});
