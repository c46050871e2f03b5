// The services of the cluster as a node has to serve them, whatever programs them into the kernel: addresses in front, and the
// endpoints behind each. Pure.
// Holds: addresses are as the kernel writes them, however the objects spell them; what is none is left out, for one rule that the
// kernel does not take would keep it from taking any other.
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts';
import { hasClusterIp, type Service, type ServicePort } from '../../api/kinds/service.ts';
import { hasNodePorts, isExternallyAccessible, isForOtherProxy } from '../../api/kinds/service-types.ts';
import { keyOf } from '../../api/meta.ts';
import { ipv4Address, ipv4Range } from '../../api/traffic-rules.ts';

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

/** One frontend per port of the service, as this node in this zone serves it; none for one that is not to be served here. */
export function frontendsOf(
  service: Service,
  slices: readonly EndpointSlice[],
  nodeName: string,
  zone?: string,
): Frontend[] {
  const { spec } = service;
  const clusterIp = hasClusterIp(service) && !isForOtherProxy(service) && ipv4Address(spec.clusterIP ?? '');
  if (!clusterIp) return [];
  const ports = (spec.ports ?? []).filter(({ protocol }) => protocol !== 'SCTP');
  const timeout = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  const common = {
    clusterIp,
    externalIps: known(spec.externalIPs ?? [], ipv4Address),
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
      ...(hasNodePorts(spec) && port.nodePort && { nodePort: port.nodePort }),
      ...common,
      backends: serving(endpoints, (ready) => nearest(ready, nodeName, zone)),
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
  const sourceRanges = known(spec.loadBalancerSourceRanges ?? [], ipv4Range);
  return { balancerIps: known(served, ipv4Address), sourceRanges };
}

/** Of the texts those that can be read. */
const known = (texts: readonly string[], read: (text: string) => string | undefined): string[] =>
  texts.flatMap((text) => read(text) ?? []);

const protocolOf = (port: { protocol?: string }) => (port.protocol ?? 'TCP').toLowerCase() as Protocol;

interface PortEndpoint extends Backend {
  nodeName?: string;
  isReady: boolean;
  /** For which nodes and zones it is meant; none where it does not say. */
  forNodes: readonly string[];
  forZones: readonly string[];
}

/** What could serve the port: what is ready, and what still serves while it ends. */
function endpointsOf(port: ServicePort, slices: readonly EndpointSlice[]): PortEndpoint[] {
  const found: PortEndpoint[] = [];
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue;
    const named = slice.ports?.find(
      (each) => (each.name ?? '') === (port.name ?? '') && protocolOf(each) === protocolOf(port),
    );
    if (!named?.port || named.port < 1 || named.port > 65_535) continue;
    for (const { addresses, conditions = {}, nodeName, hints = {} } of slice.endpoints) {
      const address = ipv4Address(addresses[0] ?? '');
      const isReady = conditions.ready ?? true;
      if (!address || !(isReady || ((conditions.serving ?? true) && conditions.terminating))) continue;
      const [forNodes, forZones] = [namesIn(hints.forNodes), namesIn(hints.forZones)];
      found.push({ address, port: named.port, isReady, forNodes, forZones, ...(nodeName && { nodeName }) });
    }
  }
  return found;
}

const namesIn = (list: readonly { name: string }[] = []): string[] => list.map(({ name }) => name);

/**
 * Those that are meant for this node, or else for its zone. Only where every endpoint says for whom it is meant, and one of
 * them is for here: hints that are half written, or a node that nobody thought of, leave nobody without a service.
 */
function nearest(ready: readonly PortEndpoint[], nodeName: string, zone: string | undefined): readonly PortEndpoint[] {
  const meantFor = (whom: 'forNodes' | 'forZones', here: string | undefined) => {
    const isTold = ready.every((endpoint) => endpoint[whom].length > 0);
    return isTold && here !== undefined ? ready.filter((endpoint) => endpoint[whom].includes(here)) : [];
  };
  const near = [meantFor('forNodes', nodeName), meantFor('forZones', zone)];
  return near.find(({ length }) => length > 0) ?? ready;
}

/** Ready endpoints; where there is none, those that still serve while they end. Each once, in order. */
function serving(
  endpoints: readonly PortEndpoint[],
  choose = (ready: readonly PortEndpoint[]): readonly PortEndpoint[] => ready,
): Backend[] {
  const ready = endpoints.filter(({ isReady }) => isReady);
  const chosen = new Map<string, Backend>();
  for (const { address, port } of ready.length > 0 ? choose(ready) : endpoints)
    chosen.set(`${address}:${port}`, { address, port });
  return [...chosen.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, backend]) => backend);
}
