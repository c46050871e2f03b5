// How a service goes on when it is changed: it keeps the addresses and ports that its client does not repeat, lets go of
// those that its new type does not have, and never changes the others.
import { type Causes, forbidden, invalid, isSame } from '../validation.ts';
import {
  isExternallyAccessible,
  isHeadless,
  needsClusterIp,
  needsHealthCheck,
  needsNodePorts,
  type Service,
} from './service-types.ts';

/** Completes and cleans a changed service. */
export function carryOver({ spec }: Service, { spec: before }: Service): void {
  keepAllocated(spec, before);
  alignClusterIps(spec, before);
  dropWhatTypeHasNot(spec, before);
}

type Spec = Service['spec'];

function keepAllocated(spec: Spec, before: Spec): void {
  if (needsClusterIp(before) && needsClusterIp(spec)) {
    if (before.clusterIP) spec.clusterIP ||= before.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === before.clusterIP && before.clusterIPs) {
      spec.clusterIPs = [...before.clusterIPs];
    }
  }
  if (needsNodePorts(before) && needsNodePorts(spec)) keepNodePorts(spec, before);
  if (needsHealthCheck(before) && needsHealthCheck(spec) && before.healthCheckNodePort) {
    spec.healthCheckNodePort ||= before.healthCheckNodePort;
  }
}

/** By the name of the port, unless its number has gone to another one. */
function keepNodePorts(spec: Spec, before: Spec): void {
  const taken = new Set((spec.ports ?? []).flatMap(({ nodePort }) => nodePort || []));
  const byName = new Map((before.ports ?? []).map(({ name = '', nodePort }) => [name, nodePort]));
  for (const port of spec.ports ?? []) {
    const held = byName.get(port.name ?? '');
    if (port.nodePort || !held || taken.has(held)) continue;
    port.nodePort = held;
    taken.add(held);
  }
}

/** Older clients know one address only: the list follows it, unless they changed both. */
function alignClusterIps(spec: Spec, before: Spec): void {
  if ((spec.clusterIP ?? '') === (before.clusterIP ?? '')) return;
  const isListKept = isSame(spec.clusterIPs, before.clusterIPs);
  if (!isListKept && spec.clusterIPs?.length) return;
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  else delete spec.clusterIPs;
}

function dropWhatTypeHasNot(spec: Spec, before: Spec): void {
  const dropUnchanged = (field: keyof Spec) => {
    if (isSame(spec[field], before[field])) delete spec[field];
  };
  if (needsClusterIp(before) && !needsClusterIp(spec)) {
    if (isSame(spec.clusterIPs, before.clusterIPs) || !spec.clusterIPs?.length) {
      if (!spec.clusterIP || spec.clusterIP === before.clusterIP) delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    dropUnchanged('ipFamilies');
    dropUnchanged('ipFamilyPolicy');
  }
  const nodePortsOf = ({ ports = [] }: Spec) => ports.map(({ nodePort }) => nodePort ?? 0).sort();
  if (needsNodePorts(before) && !needsNodePorts(spec) && isSame(nodePortsOf(spec), nodePortsOf(before))) {
    for (const port of spec.ports ?? []) delete port.nodePort;
  }
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    dropUnchanged('allocateLoadBalancerNodePorts');
    dropUnchanged('loadBalancerClass');
  }
  if (isExternallyAccessible(before) && !isExternallyAccessible(spec)) dropUnchanged('externalTrafficPolicy');
  if (needsHealthCheck(before) && !needsHealthCheck(spec)) dropUnchanged('healthCheckNodePort');
}

export function* validateServiceUpdate(service: Service, previous: Service): Causes {
  const { spec } = service;
  const before = previous.spec;
  if (spec.type !== 'ExternalName' && before.type !== 'ExternalName') yield* validateKept(service, previous);
  const isBalanced = spec.type === 'LoadBalancer' && before.type === 'LoadBalancer';
  if (isBalanced && spec.loadBalancerClass !== before.loadBalancerClass) {
    yield invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set');
  }
  const isChecked = needsHealthCheck(spec) && needsHealthCheck(before);
  if (isChecked && spec.healthCheckNodePort !== before.healthCheckNodePort) {
    yield forbidden('spec.healthCheckNodePort', 'field is immutable');
  }
}

function* validateKept(service: Service, previous: Service): Causes {
  const fixed = 'may not change once set';
  const { clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = service.spec;
  const { clusterIPs: oldIps = [], ipFamilies: oldFamilies = [] } = previous.spec;
  const released = (what: string) => `must be set to 'SingleStack' when releasing the secondary ${what}`;
  if (!(isHeadless(service) && isHeadless(previous))) {
    if (oldIps.length > 0 && clusterIPs.length === 0) {
      yield invalid('spec.clusterIPs[0]', clusterIPs, 'primary clusterIP can not be unset');
    }
    for (const [index, ip] of clusterIPs.slice(0, oldIps.length).entries()) {
      if (ip !== oldIps[index]) yield invalid(`spec.clusterIPs[${index}]`, clusterIPs, fixed);
    }
    if (clusterIPs.length === 1 && oldIps.length > 1 && ipFamilyPolicy !== 'SingleStack') {
      yield invalid('spec.ipFamilyPolicy', ipFamilyPolicy, released('clusterIP'));
    }
  }
  if (isHeadless(service) || isHeadless(previous)) return;
  for (const [index, family] of ipFamilies.slice(0, oldFamilies.length).entries()) {
    if (family !== oldFamilies[index]) yield invalid('spec.ipFamilies[0]', ipFamilies, fixed);
  }
  if (ipFamilies.length === 1 && oldFamilies.length > 1 && ipFamilyPolicy !== 'SingleStack') {
    yield invalid('spec.ipFamilyPolicy', ipFamilyPolicy, released('ipFamily'));
  }
}
