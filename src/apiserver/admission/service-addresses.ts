// Cluster addresses and node ports: given where none is asked for, refused where taken. What is given is made sure by
// the claims that the object holds in the store, so that two servers can never give the same one.
import { addressInRange, isInRange, rangeSize } from '../../api/cluster-settings.ts';
import {
  clusterIpClaim,
  hasNodePorts,
  nodePortClaim,
  type Service,
  type ServicePort,
  services,
} from '../../api/kinds/service.ts';
import { Invalid } from '../../api/status.ts';
import { type Cause, invalid } from '../../api/validation.ts';
import type { AdmissionContext, AdmissionStep } from './admission.ts';

const nodePorts = { first: 30000, last: 32767 };

export const serviceAddresses: AdmissionStep = {
  name: 'ServiceAddresses',
  admit: ({ kind, object, previous }, context) => {
    if (!object || kind !== services) return;
    const service = object as Service;
    const held = new Set(previous ? services.claims?.(previous as Service) : []);
    const causes = [
      ...giveClusterIp(service, previous as Service | undefined, held, context),
      ...giveNodePorts(service, previous as Service | undefined, held, context),
    ];
    if (causes.length > 0) throw new Invalid({ group: '', kind: 'Service', name: service.metadata.name }, causes);
  },
};

function giveClusterIp(
  { spec }: Service,
  previous: Service | undefined,
  held: Set<string>,
  { cache, serviceCidr }: AdmissionContext,
): Cause[] {
  if (spec.type === 'ExternalName') {
    delete spec.clusterIP;
    delete spec.clusterIPs;
    return [];
  }
  // A client that replaces a service need not repeat its address.
  spec.clusterIP ||= previous?.spec.clusterIP || spec.clusterIPs?.[0] || '';
  if (!spec.clusterIP) {
    spec.clusterIP = freeAddress(serviceCidr, (address) => cache.isClaimed(clusterIpClaim(address)));
  } else if (spec.clusterIP !== 'None' && !held.has(clusterIpClaim(spec.clusterIP))) {
    const refuse = (why: string) => [invalid('spec.clusterIPs', [spec.clusterIP], why)];
    if (!isInRange(spec.clusterIP, serviceCidr)) {
      return refuse(
        `failed to allocate IP ${spec.clusterIP}: the provided IP (${spec.clusterIP}) is not in the valid range. The range of valid IPs is ${serviceCidr}`,
      );
    }
    if (cache.isClaimed(clusterIpClaim(spec.clusterIP))) {
      return refuse(`failed to allocate IP ${spec.clusterIP}: provided IP is already allocated`);
    }
  }
  spec.clusterIPs = [spec.clusterIP];
  return [];
}

function giveNodePorts(
  service: Service,
  previous: Service | undefined,
  held: Set<string>,
  { cache }: AdmissionContext,
): Cause[] {
  const causes: Cause[] = [];
  const given = new Set<string>();
  for (const [index, port] of (service.spec.ports ?? []).entries()) {
    if (!hasNodePorts(service)) {
      delete port.nodePort;
      continue;
    }
    const isTaken = (claim: string) => given.has(claim) || (!held.has(claim) && cache.isClaimed(claim));
    const { nodePort } = port;
    port.nodePort ||= heldPort(previous, port);
    port.nodePort ||= freePort((candidate) => isTaken(nodePortClaim(candidate, port.protocol)));
    const at = `spec.ports[${index}].nodePort`;
    if (port.nodePort < nodePorts.first || port.nodePort > nodePorts.last) {
      causes.push(
        invalid(
          at,
          nodePort,
          `provided port is not in the valid range. The range of valid ports is ${nodePorts.first}-${nodePorts.last}`,
        ),
      );
    } else if (isTaken(nodePortClaim(port.nodePort, port.protocol))) {
      causes.push(invalid(at, nodePort, 'provided port is already allocated'));
    }
    given.add(nodePortClaim(port.nodePort, port.protocol));
  }
  return causes;
}

/** A client that replaces a service need not repeat its node ports either. */
function heldPort(previous: Service | undefined, { port, protocol }: ServicePort): number {
  return previous?.spec.ports?.find((held) => held.port === port && held.protocol === protocol)?.nodePort ?? 0;
}

/** The first sixteenth (256 at the most) of the range is left to those who ask for an address by name, as Kubernetes does. */
function freeAddress(cidr: string, isTaken: (address: string) => boolean): string {
  const size = rangeSize(cidr);
  const first = Math.min(256, Math.max(16, Math.floor(size / 16)));
  return addressInRange(
    cidr,
    freeNumber(first, size - 2, (offset) => isTaken(addressInRange(cidr, offset))),
  );
}

function freePort(isTaken: (port: number) => boolean): number {
  return freeNumber(nodePorts.first, nodePorts.last, isTaken);
}

/** Begins anywhere, so that writers at the same time seldom meet. */
function freeNumber(first: number, last: number, isTaken: (candidate: number) => boolean): number {
  const count = last - first + 1;
  const start = Math.floor(Math.random() * count);
  for (let step = 0; step < count; step++) {
    const candidate = first + ((start + step) % count);
    if (!isTaken(candidate)) return candidate;
  }
  throw new Error('the range is full: every address or port in it is allocated');
}
