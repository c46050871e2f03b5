// EndpointSlice: some of the addresses behind a service, at most a hundred.
import type { IEndpointSlice } from 'kubernetes-models/discovery.k8s.io/v1/EndpointSlice';
import type { Served } from '../meta.ts';
import { type Cause, checkIpv4, checkOneOf } from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type Endpoint = NonNullable<IEndpointSlice['endpoints']>[number];
export type EndpointSlice = Served<IEndpointSlice> & { endpoints: Endpoint[] };
export type EndpointPort = NonNullable<EndpointSlice['ports']>[number];

/** The label by which a slice belongs to its service. */
export const serviceNameLabel = 'kubernetes.io/service-name';
/** The label that says who keeps the slice. */
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';

/** The first few of a list, and how many there are besides. */
export function fewOf(items: string[], few = 3): string {
  if (items.length === 0) return '<unset>';
  return items.length <= few ? items.join(',') : `${items.slice(0, few).join(',')} + ${items.length - few} more...`;
}

export const endpointSlices = defineKind<EndpointSlice>({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  singular: 'endpointslice',
  namespaced: true,
  hasStatus: false,
  hasGeneration: true,
  columns: [
    nameColumn,
    {
      name: 'AddressType',
      type: 'string',
      description: 'Family of the addresses.',
      value: (slice) => slice.addressType,
    },
    {
      name: 'Ports',
      type: 'string',
      description: 'Ports of the endpoints.',
      value: (slice) => fewOf((slice.ports ?? []).map(({ port }) => String(port ?? '*'))),
    },
    {
      name: 'Endpoints',
      type: 'string',
      description: 'Addresses of the endpoints.',
      value: (slice) => fewOf((slice.endpoints ?? []).flatMap(({ addresses }) => addresses)),
    },
    ageColumn,
  ],
  setDefaults: (slice) => {
    slice.endpoints ??= [];
    for (const port of slice.ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  validate: (slice) => {
    const causes: Cause[] = checkOneOf('addressType', slice.addressType, ['FQDN', 'IPv4', 'IPv6']);
    if (slice.addressType !== 'IPv4') return causes;
    for (const [index, { addresses }] of slice.endpoints.entries()) {
      for (const [at, address] of addresses.entries())
        causes.push(...checkIpv4(`endpoints[${index}].addresses[${at}]`, address));
    }
    return causes;
  },
});
