// Service: a stable address in front of pods.
import { isIpAddress } from '../name-rules.ts';
import { dns1035LabelFaults } from '../validation.ts';
import { defineKind, proxyVerbs } from './kind.ts';
import { carryOver, validateServiceUpdate } from './service-changes.ts';
import { serviceColumns } from './service-columns.ts';
import { validateService, validateServiceStatus } from './service-rules.ts';
import { isExternallyAccessible, needsHealthCheck, type Service } from './service-types.ts';

export type { Service, ServicePort } from './service-types.ts';

export const hasClusterIp = ({ spec }: Service): boolean =>
  spec.type !== 'ExternalName' && Boolean(spec.clusterIP) && spec.clusterIP !== 'None';

export const clusterIpClaim = (address: string): string => `cluster-ip/${address}`;
export const nodePortClaim = (port: number, protocol = 'TCP'): string => `node-port/${protocol}/${port}`;

/** How long a client is sent to the same pod, where nobody says. */
const affinitySeconds = 10800;

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
  subresources: [{ name: 'proxy', verbs: proxyVerbs, kind: { group: '', version: 'v1', kind: 'ServiceProxyOptions' } }],
  showsDeleted: true,
  createsOnUpdate: true,
  hasGeneration: false,
  nameRule: dns1035LabelFaults,
  columns: serviceColumns,
  setDefaults: ({ spec, status }) => {
    spec.type ||= 'ClusterIP';
    spec.sessionAffinity ||= 'None';
    if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
    if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
      spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: affinitySeconds } };
    }
    for (const port of spec.ports ?? []) {
      port.protocol ||= 'TCP';
      port.targetPort ||= port.port ?? 0;
    }
    if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster';
    if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
    if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
    status.loadBalancer ??= {};
    for (const ingress of status.loadBalancer.ingress ?? []) {
      if (spec.type === 'LoadBalancer' && ingress.ip) ingress.ipMode ??= 'VIP';
    }
  },
  prepareUpdate: (service, previous, door) => {
    if (door !== 'status') carryOver(service, previous);
  },
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  validateStatusUpdate: validateServiceStatus,
  *warningsFor({ spec, metadata }) {
    const hints = 'service.kubernetes.io/topology-aware-hints';
    if (metadata.annotations?.[hints] !== undefined) {
      yield `annotation ${hints} is deprecated, please use service.kubernetes.io/topology-mode instead`;
    }
    if (spec.loadBalancerIP && !isIpAddress(spec.loadBalancerIP)) {
      yield `spec.loadBalancerIP: IP address was accepted, but will be invalid in a future Kubernetes release: ParseAddr(${JSON.stringify(spec.loadBalancerIP)}): unable to parse IP`;
    }
    if (spec.type === 'ExternalName' && spec.externalIPs?.length) {
      yield 'spec.externalIPs is ignored when spec.type is "ExternalName"';
    }
    if (spec.type !== 'ExternalName' && spec.externalName) {
      yield 'spec.externalName is ignored when spec.type is not "ExternalName"';
    }
  },
  selectableFields: {
    'spec.clusterIP': ({ spec }) => spec.clusterIP ?? '',
    'spec.type': ({ spec }) => spec.type ?? '',
  },
  claims: ({ spec }) => [
    ...(spec.clusterIPs ?? []).filter((address) => address !== 'None').map(clusterIpClaim),
    ...(spec.ports ?? []).flatMap(({ nodePort, protocol }) => (nodePort ? [nodePortClaim(nodePort, protocol)] : [])),
    ...(needsHealthCheck(spec) && spec.healthCheckNodePort ? [nodePortClaim(spec.healthCheckNodePort)] : []),
  ],
});
