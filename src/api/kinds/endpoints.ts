// Endpoints: the older, single list of the addresses behind a service.
import type { IEndpoints } from 'kubernetes-models/v1/Endpoints';
import { qualifiedNameFaults } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { addressFaults } from '../name-rules.ts';
import { checkNonSpecialIp, isIpv6 } from '../traffic-rules.ts';
import {
  type Causes,
  checkName,
  checkPort,
  checkRequiredOneOf,
  dnsLabelFaults,
  dnsSubdomainFaults,
  required,
} from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';
import { protocols } from './pod-spec/ports.ts';

export type Endpoints = Served<IEndpoints>;
type Subset = NonNullable<Endpoints['subsets']>[number];
type Address = NonNullable<Subset['addresses']>[number];

const shownAddresses = 3;

function addressesText({ subsets = [] }: Endpoints): string {
  if (subsets.length === 0) return '<none>';
  const pairs = subsets.flatMap(({ addresses = [], ports = [] }) => {
    if (ports.length === 0) return addresses.map(({ ip }) => ip);
    return ports.flatMap(({ port }) => addresses.map(({ ip }) => (isIpv6(ip) ? `[${ip}]:${port}` : `${ip}:${port}`)));
  });
  const shown = pairs.slice(0, shownAddresses).join(',');
  return pairs.length <= shownAddresses ? shown : `${shown} + ${pairs.length - shownAddresses} more...`;
}

function* validateSubset(subset: Subset, at: string): Causes {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  if (addresses.length === 0 && notReadyAddresses.length === 0) {
    yield required(at, 'must specify `addresses` or `notReadyAddresses`');
  }
  for (const [field, list] of Object.entries({ addresses, notReadyAddresses })) {
    for (const [index, address] of list.entries()) yield* validateAddress(address, `${at}.${field}[${index}]`);
  }
  for (const [index, { name, port, protocol, appProtocol }] of ports.entries()) {
    const here = `${at}.ports[${index}]`;
    if (name) yield* checkName(`${here}.name`, name, dnsLabelFaults);
    else if (ports.length > 1) yield required(`${here}.name`);
    yield* checkPort(`${here}.port`, port);
    yield* checkRequiredOneOf(`${here}.protocol`, protocol, protocols);
    if (appProtocol !== undefined) yield* checkName(`${here}.appProtocol`, appProtocol, qualifiedNameFaults);
  }
}

function* validateAddress({ ip = '', hostname, nodeName }: Address, at: string): Causes {
  yield* checkName(`${at}.ip`, ip, addressFaults);
  if (hostname) yield* checkName(`${at}.hostname`, hostname, dnsLabelFaults);
  if (nodeName !== undefined) yield* checkName(`${at}.nodeName`, nodeName, dnsSubdomainFaults);
  yield* checkNonSpecialIp(`${at}.ip`, ip);
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
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  columns: [
    nameColumn,
    { name: 'Endpoints', type: 'string', description: 'Addresses and ports behind the service.', value: addressesText },
    ageColumn,
  ],
  setDefaults: ({ subsets = [] }) => {
    for (const { ports = [] } of subsets) for (const port of ports) port.protocol ||= 'TCP';
  },
  *validate({ subsets = [] }) {
    for (const [index, subset] of subsets.entries()) yield* validateSubset(subset, `subsets[${index}]`);
  },
});
