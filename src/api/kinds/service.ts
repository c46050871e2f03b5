// Service: a stable address in front of pods.
import type { IService } from 'kubernetes-models/v1/Service';
import type { Served } from '../meta.ts';
import {
  type Cause,
  checkIpv4,
  checkName,
  checkOneOf,
  checkPort,
  dns1035LabelFaults,
  dnsLabelFaults,
  duplicate,
  forbidden,
  invalid,
  required,
} from '../validation.ts';
import { ageColumn, nameColumn, orNone } from './columns.ts';
import { type Column, defineKind } from './kind.ts';

export type Service = Served<IService>;
export type ServicePort = NonNullable<Service['spec']['ports']>[number];

export const hasClusterIp = (service: Service): boolean =>
  service.spec.type !== 'ExternalName' && Boolean(service.spec.clusterIP) && service.spec.clusterIP !== 'None';

export const hasNodePorts = (service: Service): boolean =>
  service.spec.type === 'NodePort' ||
  (service.spec.type === 'LoadBalancer' && service.spec.allocateLoadBalancerNodePorts !== false);

export const clusterIpClaim = (address: string): string => `cluster-ip/${address}`;
export const nodePortClaim = (port: number, protocol = 'TCP'): string => `node-port/${protocol}/${port}`;

function externalAddresses(service: Service): string {
  const { type, externalIPs = [], externalName } = service.spec;
  if (type === 'ExternalName') return externalName ?? '';
  const ingress = (service.status.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '');
  const addresses = [...(type === 'LoadBalancer' ? ingress : []), ...externalIPs].join(',');
  return addresses || (type === 'LoadBalancer' ? '<pending>' : '<none>');
}

const portText = ({ port, nodePort, protocol = 'TCP' }: ServicePort) =>
  `${port}${nodePort ? `:${nodePort}` : ''}/${protocol}`;

const selectorText = (selector: Record<string, string> = {}) =>
  orNone(
    Object.keys(selector)
      .sort()
      .map((key) => `${key}=${selector[key]}`)
      .join(','),
  );

const columns: Column<Service>[] = [
  nameColumn,
  {
    name: 'Type',
    type: 'string',
    description: 'How the service is exposed.',
    value: (service) => service.spec.type ?? '',
  },
  {
    name: 'Cluster-IP',
    type: 'string',
    description: 'Address inside the cluster.',
    value: (service) => orNone(service.spec.clusterIP),
  },
  { name: 'External-IP', type: 'string', description: 'Addresses from outside.', value: externalAddresses },
  {
    name: 'Port(s)',
    type: 'string',
    description: 'Ports, with their node ports.',
    value: (service) => orNone(service.spec.ports?.map(portText).join(',')),
  },
  ageColumn,
  {
    name: 'Selector',
    type: 'string',
    priority: 1,
    description: 'Selects the pods behind the service.',
    value: (service) => selectorText(service.spec.selector),
  },
];

export const services = defineKind<Service>({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  showsDeleted: true,
  hasGeneration: false,
  nameRule: dns1035LabelFaults,
  columns,
  setDefaults: ({ spec, status }) => {
    spec.type ??= 'ClusterIP';
    spec.sessionAffinity ??= 'None';
    if (spec.sessionAffinity === 'ClientIP') spec.sessionAffinityConfig ??= { clientIP: { timeoutSeconds: 10800 } };
    for (const port of spec.ports ?? []) {
      port.protocol ??= 'TCP';
      port.targetPort ??= port.port;
    }
    status.loadBalancer ??= {};
    if (spec.type === 'ExternalName') return;
    spec.internalTrafficPolicy ??= 'Cluster';
    spec.ipFamilies ??= ['IPv4'];
    spec.ipFamilyPolicy ??= 'SingleStack';
    if (spec.clusterIP) spec.clusterIPs ??= [spec.clusterIP];
    if (spec.type !== 'ClusterIP') spec.externalTrafficPolicy ??= 'Cluster';
    if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
  },
  validate: ({ spec }) => {
    const causes = checkOneOf('spec.type', spec.type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']);
    const ports = spec.ports ?? [];
    if (spec.type === 'ExternalName' && !spec.externalName) causes.push(required('spec.externalName'));
    if (spec.type !== 'ExternalName' && spec.clusterIP !== 'None' && ports.length === 0)
      causes.push(required('spec.ports'));
    if (spec.clusterIP && spec.clusterIP !== 'None') causes.push(...checkIpv4('spec.clusterIPs[0]', spec.clusterIP));
    if (spec.ipFamilies?.some((family) => family !== 'IPv4')) {
      causes.push(invalid('spec.ipFamilies', spec.ipFamilies, 'IPv6 and dual-stack services are not supported yet'));
    }
    for (const [index, port] of ports.entries()) causes.push(...validatePort(port, index, ports));
    return causes;
  },
  validateUpdate: (service, previous) =>
    hasClusterIp(previous) && hasClusterIp(service) && service.spec.clusterIP !== previous.spec.clusterIP
      ? [invalid('spec.clusterIPs[0]', service.spec.clusterIP, 'may not change once set')]
      : [],
  selectableFields: {
    'spec.clusterIP': ({ spec }) => spec.clusterIP ?? '',
    'spec.type': ({ spec }) => spec.type ?? '',
  },
  claims: (service) => [
    ...(hasClusterIp(service) ? [clusterIpClaim(service.spec.clusterIP ?? '')] : []),
    ...(service.spec.ports ?? []).flatMap(({ nodePort, protocol }) =>
      nodePort ? [nodePortClaim(nodePort, protocol)] : [],
    ),
  ],
});

function validatePort(port: ServicePort, index: number, all: ServicePort[]): Cause[] {
  const at = `spec.ports[${index}]`;
  const causes = checkPort(`${at}.port`, port.port);
  causes.push(...checkOneOf(`${at}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']));
  if (typeof port.targetPort === 'number') causes.push(...checkPort(`${at}.targetPort`, port.targetPort));
  if (port.name) causes.push(...checkName(`${at}.name`, port.name, dnsLabelFaults));
  else if (all.length > 1) causes.push(required(`${at}.name`));
  if (all.slice(0, index).some(({ name }) => name === port.name && name !== undefined))
    causes.push(duplicate(`${at}.name`, port.name));
  if (port.nodePort !== undefined && port.nodePort < 0) causes.push(forbidden(`${at}.nodePort`, 'may not be negative'));
  return causes;
}
