// The rules of a service's spec and status, in Kubernetes' words.
import { checkLabels, qualifiedNameFaults } from '../label-rules.ts';
import { addressFaults, isIpAddress, rangeFaults } from '../name-rules.ts';
import { checkNonSpecialIp, checkPortNumberOrName, isDualStack, isIpv6 } from '../traffic-rules.ts';
import {
  type Causes,
  checkName,
  checkOneOf,
  checkPort,
  checkRequiredOneOf,
  dnsLabelFaults,
  dnsSubdomainFaults,
  duplicate,
  forbidden,
  invalid,
  required,
} from '../validation.ts';
import { protocols } from './pod-spec/ports.ts';
import {
  isExternallyAccessible,
  isHeadless,
  needsHealthCheck,
  type Service,
  type ServicePort,
} from './service-types.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const topologyMode = 'service.kubernetes.io/topology-mode';
const topologyHints = 'service.kubernetes.io/topology-aware-hints';
const sourceRanges = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const onlyBalanced = "may only be used when `type` is 'LoadBalancer'";
const maxAffinitySeconds = 86400;

export function* validateService(service: Service): Causes {
  const { spec, metadata } = service;
  const { [topologyMode]: mode, [topologyHints]: hints } = metadata.annotations ?? {};
  if (mode !== undefined && hints !== undefined && mode !== hints) {
    const rule = `must match annotations[${topologyHints}] when both are specified`;
    yield invalid(`metadata.annotations[${topologyMode}]`, mode, rule);
  }
  const ports = spec.ports ?? [];
  if (ports.length === 0 && !isHeadless(service) && spec.type !== 'ExternalName') yield required('spec.ports');
  yield* validateType(service);
  yield* validatePorts(ports);
  yield* checkLabels('spec.selector', spec.selector);
  yield* validateAffinity(service);
  yield* validateClusterIps(service);
  for (const [index, ip] of (spec.externalIPs ?? []).entries()) {
    const field = `spec.externalIPs[${index}]`;
    if (isIpAddress(ip)) yield* checkNonSpecialIp(field, ip);
    else yield* checkName(field, ip, addressFaults);
  }
  yield* checkRequiredOneOf('spec.type', spec.type, types);
  yield* validatePortPairs(spec, ports);
  yield* validateBalancing(service);
  yield* validateTraffic(service);
}

function* validateType(service: Service): Causes {
  const { spec } = service;
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && isHeadless(service)) {
    yield invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`);
  }
  if (spec.type !== 'ExternalName') return;
  for (const field of ['clusterIPs', 'ipFamilies'] as const) {
    if (spec[field]?.length) yield forbidden(`spec.${field}`, 'may not be set for ExternalName services');
  }
  if (spec.ipFamilyPolicy) yield forbidden('spec.ipFamilyPolicy', 'may not be set for ExternalName services');
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name) yield* checkName('spec.externalName', name, dnsSubdomainFaults);
  else yield required('spec.externalName');
}

function* validatePorts(ports: readonly ServicePort[]): Causes {
  const names = new Set<string>();
  for (const [index, { name, port = 0, protocol, targetPort, appProtocol }] of ports.entries()) {
    const at = `spec.ports[${index}]`;
    if (name) {
      yield* checkName(`${at}.name`, name, dnsLabelFaults);
      if (names.has(name)) yield duplicate(`${at}.name`, name);
      names.add(name);
    } else if (ports.length > 1) yield required(`${at}.name`);
    yield* checkPort(`${at}.port`, port);
    yield* checkRequiredOneOf(`${at}.protocol`, protocol, protocols);
    yield* checkPortNumberOrName(`${at}.targetPort`, targetPort);
    if (appProtocol !== undefined) yield* checkName(`${at}.appProtocol`, appProtocol, qualifiedNameFaults);
  }
}

/** A port as Kubernetes prints what it compares. */
const noPort = { Name: '', Protocol: '', AppProtocol: null, Port: 0, TargetPort: 0, NodePort: 0 };

/** No two ports for the same traffic, at the service's address or at the nodes'. */
function* validatePortPairs({ type }: Service['spec'], ports: readonly ServicePort[]): Causes {
  const seen = new Set<string>();
  for (const [index, { nodePort }] of ports.entries()) {
    if (type === 'ClusterIP' && nodePort) {
      yield forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'");
    }
  }
  for (const [index, { protocol, nodePort }] of ports.entries()) {
    if (!nodePort) continue;
    if (seen.has(`node/${protocol}/${nodePort}`)) yield duplicate(`spec.ports[${index}].nodePort`, nodePort);
    seen.add(`node/${protocol}/${nodePort}`);
  }
  for (const [index, { protocol, port }] of ports.entries()) {
    if (seen.has(`${protocol}/${port}`))
      yield duplicate(`spec.ports[${index}]`, { ...noPort, Protocol: protocol, Port: port });
    seen.add(`${protocol}/${port}`);
  }
}

function* validateAffinity({ spec }: Service): Causes {
  const { sessionAffinity, sessionAffinityConfig: config } = spec;
  yield* checkRequiredOneOf('spec.sessionAffinity', sessionAffinity, ['ClientIP', 'None']);
  const at = 'spec.sessionAffinityConfig';
  if (sessionAffinity === 'None' && config) yield forbidden(at, 'must not be set when session affinity is None');
  if (sessionAffinity !== 'ClientIP') return;
  const missing = 'when session affinity type is ClientIP';
  const seconds = config?.clientIP?.timeoutSeconds;
  if (!config) yield required(at, missing);
  else if (!config.clientIP) yield required(`${at}.clientIP`, missing);
  else if (seconds === undefined) yield required(`${at}.clientIP.timeoutSeconds`, missing);
  else if (seconds <= 0 || seconds > maxAffinitySeconds) {
    const rule = `must be greater than 0 and less than ${maxAffinitySeconds}`;
    yield invalid(`${at}.clientIP.timeoutSeconds`, seconds, rule);
  }
}

/** Addresses, families and their policy, and how they fit together. */
export function* validateClusterIps(service: Service): Causes {
  const { type, clusterIP, clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = service.spec;
  if (type === 'ExternalName') return;
  const at = 'spec.clusterIPs';
  if (clusterIP) {
    if (clusterIPs.length === 0) yield required(at);
    else if (clusterIPs[0] !== clusterIP) yield invalid(at, clusterIPs, 'first value must match `clusterIP`');
  } else if (clusterIPs.length > 0) {
    yield invalid(at, clusterIPs, 'must be empty when `clusterIP` is not specified');
  }
  for (const [index, family] of ipFamilies.entries()) {
    yield* checkOneOf(`spec.ipFamilies[${index}]`, family, ['IPv4', 'IPv6']);
    if (ipFamilies.indexOf(family) < index) yield duplicate(`spec.ipFamilies[${index}]`, family);
  }
  yield* checkOneOf('spec.ipFamilyPolicy', ipFamilyPolicy, ['PreferDualStack', 'RequireDualStack', 'SingleStack']);
  const misplaced = clusterIPs[0] === 'None' && clusterIPs.length > 1;
  if (misplaced) yield invalid(at, clusterIPs, "'None' must be the first and only value");
  const addresses = clusterIPs
    .map((ip, index) => ({ ip, index }))
    .filter(({ ip, index }) => index > 0 || ip !== 'None');
  for (const { ip, index } of addresses) yield* checkName(`${at}[${index}]`, ip, addressFaults);
  if (clusterIPs.length > 2) yield invalid(at, clusterIPs, 'may only hold up to 2 values');
  if (misplaced || addresses.some(({ ip }) => !isIpAddress(ip))) return;
  if (clusterIPs.length > 1 && !isDualStack(clusterIPs)) {
    yield invalid(at, clusterIPs, 'may specify no more than one IP for each IP family');
  }
  for (const { ip, index } of addresses) {
    const family = ipFamilies[index];
    if (family === undefined || (family === 'IPv6') === isIpv6(ip)) continue;
    yield invalid(`${at}[${index}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``);
  }
}

function* validateBalancing({ spec, metadata }: Service): Causes {
  const isBalanced = spec.type === 'LoadBalancer';
  const ofAnnotation = metadata.annotations?.[sourceRanges];
  if (spec.loadBalancerSourceRanges?.length) {
    const at = 'spec.LoadBalancerSourceRanges';
    if (!isBalanced) yield forbidden(at, onlyBalanced);
    for (const [index, range] of spec.loadBalancerSourceRanges.entries()) {
      yield* checkName(`${at}[${index}]`, range.trim(), rangeFaults);
    }
  } else if (ofAnnotation !== undefined) {
    const at = `metadata.annotations[${sourceRanges}]`;
    if (!isBalanced) yield forbidden(at, onlyBalanced);
    const ranges = ofAnnotation.trim() === '' ? [] : ofAnnotation.split(',');
    for (const range of ranges) yield* checkName(at, range.trim(), rangeFaults);
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && !isBalanced) {
    yield forbidden('spec.allocateLoadBalancerNodePorts', onlyBalanced);
  }
  if (spec.loadBalancerClass === undefined) return;
  if (isBalanced) yield* checkName('spec.loadBalancerClass', spec.loadBalancerClass, qualifiedNameFaults);
  else yield forbidden('spec.loadBalancerClass', onlyBalanced);
}

function* validateTraffic({ spec }: Service): Causes {
  const { externalTrafficPolicy, healthCheckNodePort, internalTrafficPolicy, trafficDistribution } = spec;
  if (isExternallyAccessible(spec)) {
    yield* checkRequiredOneOf('spec.externalTrafficPolicy', externalTrafficPolicy, ['Cluster', 'Local']);
  } else if (externalTrafficPolicy) {
    const rule = 'may only be set for externally-accessible services';
    yield invalid('spec.externalTrafficPolicy', externalTrafficPolicy, rule);
  }
  const field = 'spec.healthCheckNodePort';
  if (needsHealthCheck(spec)) {
    if (healthCheckNodePort) yield* checkPort(field, healthCheckNodePort);
    else yield required(field);
  } else if (healthCheckNodePort) {
    const rule = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    yield invalid(field, healthCheckNodePort, rule);
  }
  yield* checkOneOf('spec.internalTrafficPolicy', internalTrafficPolicy, ['Cluster', 'Local']);
  const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
  yield* checkOneOf('spec.trafficDistribution', trafficDistribution, distributions);
}

export function* validateServiceStatus({ spec, status }: Service): Causes {
  const at = 'status.loadBalancer.ingress';
  const ingress = status.loadBalancer?.ingress ?? [];
  if (spec.type !== 'LoadBalancer') {
    if (ingress.length > 0) yield forbidden(at, "may only be used when `spec.type` is 'LoadBalancer'");
    return;
  }
  for (const [index, { ip, ipMode, hostname }] of ingress.entries()) {
    const here = `${at}[${index}]`;
    if (ip) yield* checkName(`${here}.ip`, ip, addressFaults);
    if (ip && ipMode === undefined) yield required(`${here}.ipMode`, 'must be specified when `ip` is set');
    else if (!ip && ipMode !== undefined)
      yield forbidden(`${here}.ipMode`, 'may not be specified when `ip` is not set');
    else yield* checkOneOf(`${here}.ipMode`, ipMode, ['Proxy', 'VIP']);
    if (!hostname) continue;
    yield* checkName(`${here}.hostname`, hostname, dnsSubdomainFaults);
    if (isIpAddress(hostname)) yield invalid(`${here}.hostname`, hostname, 'must be a DNS name, not an IP address');
  }
}
