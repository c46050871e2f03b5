// Cluster addresses and node ports: given where none is asked for, refused where taken. What is given is made sure by
// the claims that the object holds in the store, so that two servers can never give the same one, and that a dry run takes
// nothing.
import { addressInRange, isInRange, rangeSize } from '../../api/cluster-settings.ts';
import { clusterIpClaim, nodePortClaim, type Service, services } from '../../api/kinds/service.ts';
import { validateClusterIps } from '../../api/kinds/service-rules.ts';
import { isHeadless, needsHealthCheck, needsNodePorts } from '../../api/kinds/service-types.ts';
import { InternalError, Invalid } from '../../api/status.ts';
import { type Cause, invalid } from '../../api/validation.ts';
import type { AdmissionContext, AdmissionStep } from './admission.ts';

const nodePorts = { first: 30000, last: 32767 };

export const serviceAddresses: AdmissionStep = {
  name: 'ServiceAddresses',
  admit: ({ kind, object, previous }, context) => {
    if (!object || kind !== services) return;
    const service = object as Service;
    const before = previous as Service | undefined;
    refuse(service, giveFamilies(service));
    const held = new Set(before ? services.claims?.(before) : []);
    refuse(service, giveClusterIps(service, before, context));
    const isTaken = (claim: string) => !held.has(claim) && context.cache.isClaimed(claim);
    refuse(service, givePorts(service, isTaken));
  },
};

function refuse({ metadata }: Service, causes: Cause[]): void {
  if (causes.length > 0) throw new Invalid({ group: '', kind: 'Service', name: metadata.name }, causes);
}

/** This cluster speaks IPv4. Only who has neither addresses nor pods of its own may speak of both families. */
function giveFamilies(service: Service): Cause[] {
  const { spec } = service;
  if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
  if (spec.type === 'ExternalName') return [];
  const faults = [...validateClusterIps(service)];
  if (faults.length > 0) return faults;
  if (isHeadless(service) && Object.keys(spec.selector ?? {}).length === 0) {
    spec.ipFamilyPolicy ??= 'RequireDualStack';
    spec.ipFamilies = spec.ipFamilies?.length ? spec.ipFamilies : ['IPv4'];
    if (spec.ipFamilyPolicy !== 'SingleStack' && spec.ipFamilies.length === 1) {
      spec.ipFamilies.push(spec.ipFamilies[0] === 'IPv4' ? 'IPv6' : 'IPv4');
    }
    return [];
  }
  const causes: Cause[] = [];
  if (spec.ipFamilyPolicy === 'RequireDualStack') {
    const why = 'this cluster is not configured for dual-stack services';
    causes.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, why));
  }
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    if (family !== 'IPv4') {
      causes.push(invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
    }
  }
  for (const [index, address] of (spec.clusterIPs ?? []).entries()) {
    if (address.includes(':')) {
      causes.push(invalid(`spec.clusterIPs[${index}]`, address, 'IPv6 is not configured on this cluster'));
    }
  }
  if (!spec.ipFamilies?.length) spec.ipFamilies = ['IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
  return causes;
}

/** An address is given once, when the service comes to need one. */
function giveClusterIps(
  { spec }: Service,
  previous: Service | undefined,
  { cache, serviceCidr }: AdmissionContext,
): Cause[] {
  if (spec.type === 'ExternalName') return [];
  if (previous && previous.spec.type !== 'ExternalName') return [];
  const isTaken = (address: string) => cache.isClaimed(clusterIpClaim(address));
  if (!spec.clusterIP) {
    spec.clusterIP = freeAddress(serviceCidr, isTaken);
    spec.clusterIPs = [spec.clusterIP];
  } else if (spec.clusterIP !== 'None') {
    const refusal = (why: string) => [
      invalid('spec.clusterIPs', spec.clusterIPs, `failed to allocate IP ${spec.clusterIP}: ${why}`),
    ];
    if (!isInRange(spec.clusterIP, serviceCidr)) {
      const range = `the provided IP (${spec.clusterIP}) is not in the valid range`;
      return refusal(`${range}. The range of valid IPs is ${serviceCidr}`);
    }
    if (isTaken(spec.clusterIP)) return refusal('provided IP is already allocated');
  }
  return [];
}

/** Ports of the same number but of different protocols share one on the nodes. The first that cannot be had is told. */
function givePorts({ spec }: Service, isTaken: (claim: string) => boolean): Cause[] {
  const given = new Set<string>();
  const isFree = (claim: string) => !given.has(claim) && !isTaken(claim);
  const ports = spec.type === 'ExternalName' || spec.type === 'ClusterIP' ? [] : (spec.ports ?? []);
  for (const [index, port] of ports.entries()) {
    if (!port.nodePort && !needsNodePorts(spec)) continue;
    const claimOf = (number: number) => nodePortClaim(number, port.protocol);
    const shared = ports.find((other) => other !== port && other.port === port.port && other.nodePort)?.nodePort;
    if (!port.nodePort && shared && isFree(claimOf(shared))) port.nodePort = shared;
    port.nodePort ||= freePort((number) => !isFree(claimOf(number)));
    const refusal = refusalOfPort(port.nodePort, isFree(claimOf(port.nodePort)));
    if (refusal) return [invalid(`spec.ports[${index}].nodePort`, port.nodePort, refusal)];
    given.add(claimOf(port.nodePort));
  }
  if (!needsHealthCheck(spec)) return [];
  spec.healthCheckNodePort ||= freePort((number) => !isFree(nodePortClaim(number)));
  const refusal = refusalOfPort(spec.healthCheckNodePort, isFree(nodePortClaim(spec.healthCheckNodePort)));
  return refusal ? [invalid('spec.healthCheckNodePort', spec.healthCheckNodePort, refusal)] : [];
}

function refusalOfPort(port: number, isFree: boolean): string | undefined {
  const { first, last } = nodePorts;
  if (port < first || port > last) {
    return `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
  }
  return isFree ? undefined : 'provided port is already allocated';
}

/** The first sixteenth (256 at the most) of the range is left to those who ask for an address by name, as Kubernetes does. */
function freeAddress(cidr: string, isTaken: (address: string) => boolean): string {
  const size = rangeSize(cidr);
  const first = Math.min(256, Math.max(16, Math.floor(size / 16)));
  const offset = freeNumber(first, size - 2, (number) => isTaken(addressInRange(cidr, number)));
  if (offset === undefined) throw new InternalError('failed to allocate a serviceIP: range is full');
  return addressInRange(cidr, offset);
}

function freePort(isTaken: (port: number) => boolean): number {
  const port = freeNumber(nodePorts.first, nodePorts.last, isTaken);
  if (port === undefined) throw new InternalError('failed to allocate a nodePort: range is full');
  return port;
}

/** Begins anywhere, so that writers at the same time seldom meet. */
function freeNumber(first: number, last: number, isTaken: (candidate: number) => boolean): number | undefined {
  const count = last - first + 1;
  const start = Math.floor(Math.random() * count);
  for (let step = 0; step < count; step++) {
    const candidate = first + ((start + step) % count);
    if (!isTaken(candidate)) return candidate;
  }
  return undefined;
}
