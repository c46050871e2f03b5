// Endpoints: the older, single list of the addresses behind a service.
import type { IEndpoints } from 'kubernetes-models/v1/Endpoints';
import type { Served } from '../meta.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type Endpoints = Served<IEndpoints>;

function addressesText(endpoints: Endpoints): string {
  const pairs = (endpoints.subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => `${ip}:${port}`)),
  );
  if (pairs.length === 0) return '<none>';
  return pairs.length <= 3 ? pairs.join(',') : `${pairs.slice(0, 3).join(',')} + ${pairs.length - 3} more...`;
}

export const endpoints = defineKind<Endpoints>({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  namespaced: true,
  hasStatus: false,
  createsOnUpdate: true,
  columns: [
    nameColumn,
    { name: 'Endpoints', type: 'string', description: 'Addresses and ports behind the service.', value: addressesText },
    ageColumn,
  ],
  setDefaults: ({ subsets }) => {
    for (const { ports } of subsets ?? []) for (const port of ports ?? []) port.protocol ??= 'TCP';
  },
});
