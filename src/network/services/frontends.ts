// The services of the cluster as a node has to serve them, whatever programs them into the kernel: addresses in front, and the
// endpoints behind each. Pure.
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts';
import { hasClusterIp, type Service, type ServicePort } from '../../api/kinds/service.ts';
import { needsNodePorts } from '../../api/kinds/service-types.ts';
import { keyOf } from '../../api/meta.ts';

/** Not SCTP: a kernel that does not know it would refuse all rules because of one. */
type Protocol = 'tcp' | 'udp';

export interface Backend {
  address: string;
  port: number;
}

export interface Frontend {
  /** "namespace/service:port" */
  name: string;
  protocol: Protocol;
  clusterIp: string;
  port: number;
  nodePort?: number;
  /** Where connections go, in the order of their addresses; none means that they are refused. */
  backends: Backend[];
}

/** One frontend per port of the service; none for a service that has no address of its own. */
export function frontendsOf(service: Service, slices: EndpointSlice[]): Frontend[] {
  if (!hasClusterIp(service)) return [];
  const ports = (service.spec.ports ?? []).filter(({ protocol }) => protocol !== 'SCTP');
  return ports.map((port) => ({
    name: `${keyOf(service)}${port.name ? `:${port.name}` : ''}`,
    protocol: protocolOf(port),
    clusterIp: service.spec.clusterIP ?? '',
    port: port.port,
    ...(needsNodePorts(service.spec) && port.nodePort && { nodePort: port.nodePort }),
    backends: backendsOf(port, slices),
  }));
}

const protocolOf = (port: { protocol?: string }) => (port.protocol ?? 'TCP').toLowerCase() as Protocol;

/** Ready endpoints; where there is none, those that still serve while they end. */
function backendsOf(port: ServicePort, slices: EndpointSlice[]): Backend[] {
  const ready = new Map<string, Backend>();
  const ending = new Map<string, Backend>();
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue;
    const named = slice.ports?.find(
      (each) => (each.name ?? '') === (port.name ?? '') && protocolOf(each) === protocolOf(port),
    );
    if (!named?.port) continue;
    for (const { addresses, conditions = {} } of slice.endpoints) {
      const [address] = addresses;
      const isReady = conditions.ready ?? true;
      if (!address || !(isReady || (conditions.serving && conditions.terminating))) continue;
      (isReady ? ready : ending).set(`${address}:${named.port}`, { address, port: named.port });
    }
  }
  const chosen = ready.size > 0 ? ready : ending;
  return [...chosen.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, backend]) => backend);
}
