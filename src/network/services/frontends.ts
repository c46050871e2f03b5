// The services of the cluster as a node has to serve them, whatever programs them into the kernel: addresses in front, and the
// endpoints behind each. Pure.
import { networkOf } from '../../api/cluster-settings.ts';
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts';
import { hasClusterIp, type Service, type ServicePort } from '../../api/kinds/service.ts';
import { isExternallyAccessible, needsNodePorts } from '../../api/kinds/service-types.ts';
import { keyOf } from '../../api/meta.ts';

/** Not SCTP: a kernel that does not know it would refuse all rules because of one. */
type Protocol = 'tcp' | 'udp';
type TrafficPolicy = 'Cluster' | 'Local';

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
  /** Addresses outside the cluster's ranges at which it is served, whoever brings the packets here. */
  externalIps: readonly string[];
  /** Those that a load balancer gave it. */
  balancerIps: readonly string[];
  /** Who may come by those; everybody where it is empty. */
  sourceRanges: readonly string[];
  /** How long a client is sent to the same backend; not at all where it is not set. */
  affinitySeconds?: number;
  /** Whether only this node's backends may serve who comes by the cluster's address, or from outside. */
  internalPolicy: TrafficPolicy;
  externalPolicy: TrafficPolicy;
  /** Where connections go, in the order of their addresses; none means that they are refused. */
  backends: readonly Backend[];
  /** Those on this node. */
  localBackends: readonly Backend[];
}

/** One frontend per port of the service; none for a service that has no address of its own. */
export function frontendsOf(service: Service, slices: readonly EndpointSlice[], nodeName: string): Frontend[] {
  if (!hasClusterIp(service)) return [];
  const { spec } = service;
  const ports = (spec.ports ?? []).filter(({ protocol }) => protocol !== 'SCTP');
  const timeout = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  const common = {
    clusterIp: spec.clusterIP ?? '',
    externalIps: (spec.externalIPs ?? []).filter(isIpv4),
    ...balancerOf(service),
    ...(spec.sessionAffinity === 'ClientIP' && timeout && { affinitySeconds: timeout }),
    internalPolicy: spec.internalTrafficPolicy === 'Local' ? ('Local' as const) : ('Cluster' as const),
    externalPolicy:
      isExternallyAccessible(spec) && spec.externalTrafficPolicy === 'Local'
        ? ('Local' as const)
        : ('Cluster' as const),
  };
  return ports.map((port) => {
    const endpoints = endpointsOf(port, slices);
    return {
      name: `${keyOf(service)}${port.name ? `:${port.name}` : ''}`,
      protocol: protocolOf(port),
      port: port.port,
      ...(needsNodePorts(spec) && port.nodePort && { nodePort: port.nodePort }),
      ...common,
      backends: serving(endpoints),
      localBackends: serving(endpoints.filter((endpoint) => endpoint.nodeName === nodeName)),
    };
  });
}

/** How many endpoints of the service are ready on this node, as its health check tells. */
export function countLocalReady(slices: readonly EndpointSlice[], nodeName: string): number {
  const here = slices
    .filter(({ addressType }) => addressType === 'IPv4')
    .flatMap(({ endpoints }) => endpoints)
    .filter((endpoint) => endpoint.nodeName === nodeName && (endpoint.conditions?.ready ?? true));
  return new Set(here.map(({ addresses: [address] }) => address)).size;
}

/** An address of mode Proxy is somebody else's to serve: the traffic has to go by way of him. */
function balancerOf({ spec, status }: Service) {
  const ingress = spec.type === 'LoadBalancer' ? (status.loadBalancer?.ingress ?? []) : [];
  const served = ingress.flatMap(({ ip, ipMode }) => (ip && ipMode !== 'Proxy' ? [ip] : []));
  const sourceRanges = (spec.loadBalancerSourceRanges ?? []).filter(isIpv4).map(networkOf);
  return { balancerIps: served.filter(isIpv4), sourceRanges };
}

const isIpv4 = (text: string) => !text.includes(':');

const protocolOf = (port: { protocol?: string }) => (port.protocol ?? 'TCP').toLowerCase() as Protocol;

interface PortEndpoint extends Backend {
  nodeName?: string;
  isReady: boolean;
}

/** What could serve the port: what is ready, and what still serves while it ends. */
function endpointsOf(port: ServicePort, slices: readonly EndpointSlice[]): PortEndpoint[] {
  const found: PortEndpoint[] = [];
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue;
    const named = slice.ports?.find(
      (each) => (each.name ?? '') === (port.name ?? '') && protocolOf(each) === protocolOf(port),
    );
    if (!named?.port) continue;
    for (const { addresses, conditions = {}, nodeName } of slice.endpoints) {
      const [address] = addresses;
      const isReady = conditions.ready ?? true;
      if (!address || !(isReady || (conditions.serving && conditions.terminating))) continue;
      found.push({ address, port: named.port, isReady, ...(nodeName && { nodeName }) });
    }
  }
  return found;
}

/** Ready endpoints; where there is none, those that still serve while they end. Each once, in order. */
function serving(endpoints: readonly PortEndpoint[]): Backend[] {
  const ready = endpoints.filter(({ isReady }) => isReady);
  const chosen = new Map<string, Backend>();
  for (const { address, port } of ready.length > 0 ? ready : endpoints)
    chosen.set(`${address}:${port}`, { address, port });
  return [...chosen.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, backend]) => backend);
}
