// EndpointSlice: some of the addresses behind a service, at most a hundred.
import type { IEndpointSlice } from 'kubernetes-models/discovery.k8s.io/v1/EndpointSlice';
import { checkLabels, labelValueFaults, qualifiedNameFaults } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { isIpAddress } from '../name-rules.ts';
import { checkNonSpecialIp, isIpv6 } from '../traffic-rules.ts';
import {
  type Causes,
  checkImmutable,
  checkName,
  checkRequiredOneOf,
  dnsLabelFaults,
  dnsSubdomainFaults,
  duplicate,
  invalid,
  required,
  tooMany,
} from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';
import { protocols } from './pod-spec/ports.ts';

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
    for (const endpoint of slice.endpoints) endpoint.conditions ??= {};
    for (const port of slice.ports ?? []) {
      port.name ??= '';
      port.protocol ||= 'TCP';
    }
  },
  countedContent: ({ metadata, ...content }) => [content, metadata.labels ?? {}],
  *validate({ addressType, endpoints, ports = [] }) {
    yield* checkRequiredOneOf('addressType', addressType, ['FQDN', 'IPv4', 'IPv6']);
    if (endpoints.length > maxEndpoints) yield tooMany('endpoints', endpoints.length, maxEndpoints);
    else {
      for (const [index, endpoint] of endpoints.entries()) {
        yield* validateEndpoint(endpoint, `endpoints[${index}]`, addressType);
      }
    }
    yield* validatePorts(ports);
  },
  validateUpdate: (slice, previous) => checkImmutable('addressType', slice.addressType, previous.addressType),
});

const maxEndpoints = 1000;
const maxAddresses = 100;
const maxTopologyLabels = 16;
const maxHints = 8;
const maxPorts = 20000;

function* validateEndpoint(endpoint: Endpoint, at: string, addressType: string): Causes {
  const { addresses = [], nodeName, deprecatedTopology = {}, hostname, hints } = endpoint;
  if (addresses.length === 0) yield required(`${at}.addresses`, 'must contain at least 1 address');
  else if (addresses.length > maxAddresses) yield tooMany(`${at}.addresses`, addresses.length, maxAddresses);
  for (const [index, address] of addresses.entries()) {
    yield* validateAddress(address, `${at}.addresses[${index}]`, addressType);
  }
  if (nodeName !== undefined) yield* checkName(`${at}.nodeName`, nodeName, dnsSubdomainFaults);
  const labels = Object.keys(deprecatedTopology).length;
  if (labels > maxTopologyLabels) yield tooMany(`${at}.deprecatedTopology`, labels, maxTopologyLabels);
  yield* checkLabels(`${at}.deprecatedTopology`, deprecatedTopology);
  if (hostname !== undefined) yield* checkName(`${at}.hostname`, hostname, dnsLabelFaults);
  for (const [field, list] of Object.entries({ forZones: hints?.forZones, forNodes: hints?.forNodes })) {
    if (list) yield* validateHints(list, `${at}.hints.${field}`);
  }
}

function* validateHints(hints: readonly { name: string }[], at: string): Causes {
  if (hints.length > maxHints) return yield tooMany(at, hints.length, maxHints);
  const names = hints.map(({ name }) => name);
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) < index) yield duplicate(`${at}[${index}].name`, name);
    yield* checkName(`${at}[${index}].name`, name ?? '', labelValueFaults);
  }
}

function* validateAddress(address: string, field: string, addressType: string): Causes {
  if (addressType === 'FQDN') {
    const name = address.replace(/\.$/, '');
    const faults = dnsSubdomainFaults(name);
    if (name === '') yield required(field);
    else if (faults.length > 0) yield invalid(field, name, faults.join(','));
    else if (!name.includes('.')) {
      yield invalid(field, address, 'should be a domain with at least two segments separated by dots');
    }
  }
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return;
  const isOfType = isIpAddress(address) && isIpv6(address) === (addressType === 'IPv6');
  if (!isOfType) yield invalid(field, address, `must be a valid ${addressType} address`);
  yield* checkNonSpecialIp(field, address);
}

function* validatePorts(ports: readonly EndpointPort[]): Causes {
  if (ports.length > maxPorts) return yield tooMany('ports', ports.length, maxPorts);
  const names = ports.map(({ name = '' }) => name);
  for (const [index, { protocol, appProtocol }] of ports.entries()) {
    const at = `ports[${index}]`;
    const name = names[index] ?? '';
    if (name) yield* checkName(`${at}.name`, name, dnsLabelFaults);
    if (names.indexOf(name) < index) yield duplicate(`${at}.name`, name);
    yield* checkRequiredOneOf(`${at}.protocol`, protocol, protocols);
    if (appProtocol !== undefined) yield* checkName(`${at}.appProtocol`, appProtocol, qualifiedNameFaults);
  }
}
