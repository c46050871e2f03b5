// Which addresses every service of type LoadBalancer has, and which node serves them. Two ways: out of a pool, each address on
// one node at a time; or without a pool the nodes' own addresses, where of two services with the same port the first has it.
// Holds: who has an address keeps it as long as it may. Pure.
import { type AddressRange, addressOfNumber, numberOfAddress } from '../../api/address-range.ts';
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts';
import { addressOf, type Node, nodeReadiness } from '../../api/kinds/node.ts';
import type { Service } from '../../api/kinds/service.ts';
import { announcedByAnnotation } from '../../api/kinds/service-types.ts';
import { isBeingDeleted, keyOf } from '../../api/meta.ts';
import { ipv4Address } from '../../api/traffic-rules.ts';

const excludedLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';

export interface BalancerView {
  services: readonly Service[];
  nodes: readonly Node[];
  slicesOf: (serviceKey: string) => readonly EndpointSlice[];
  pool: readonly AddressRange[];
  /** "22/TCP": ports that the nodes need for themselves. */
  reservedPorts: ReadonlySet<string>;
}

export interface BalancerPlan {
  addresses: string[];
  announcedBy?: string;
  /** Why it has no address. */
  fault?: string;
}

/** Ours are those that name no other implementation. */
export const isBalanced = ({ spec, metadata }: Service): boolean =>
  spec.type === 'LoadBalancer' && spec.loadBalancerClass === undefined && metadata.deletionTimestamp === undefined;

/** By the key of the service. */
export function planBalancers(view: BalancerView): Map<string, BalancerPlan> {
  const services = view.services.filter(isBalanced).toSorted(byAge);
  return view.pool.length > 0 ? planPool(view, services) : planNodeAddresses(view, services);
}

function byAge(one: Service, other: Service): number {
  const [a, b] = [one, other].map((each) => `${each.metadata.creationTimestamp} ${keyOf(each)}`) as [string, string];
  return a < b ? -1 : 1;
}

/** What is no IPv4 address was given by somebody else. */
const ingressOf = ({ status }: Service): string[] =>
  (status.loadBalancer?.ingress ?? []).flatMap(({ ip = '' }) => ipv4Address(ip) ?? []);

/** The API takes any text: an address is read as the nodes do, the rest is answered with a fault. */
const askedOf = ({ spec: { loadBalancerIP = '' } }: Service): string => ipv4Address(loadBalancerIP) ?? loadBalancerIP;

function planPool(view: BalancerView, services: readonly Service[]): Map<string, BalancerPlan> {
  const { pool } = view;
  const takenBy = new Map<string, string>();
  const isInPool = (address: string) => {
    const number = numberOfAddress(address);
    return pool.some(({ first, last }) => first <= number && number <= last);
  };
  // Those who have one come first, whoever is older.
  for (const service of services) {
    const [held] = ingressOf(service);
    const asked = askedOf(service);
    if (held && isInPool(held) && !takenBy.has(held) && (!asked || asked === held)) takenBy.set(held, keyOf(service));
  }
  const heldBy = new Map([...takenBy].map(([address, key]) => [key, address]));
  const loads = new Map<string, number>();
  const plans = new Map<string, BalancerPlan>();
  for (const service of services) {
    const key = keyOf(service);
    const asked = askedOf(service);
    const address = heldBy.get(key) ?? (asked || freeAddress(pool, takenBy));
    const fault = address && !heldBy.has(key) ? faultOf(address, { isInPool, takenBy }) : undefined;
    if (!address || fault) {
      plans.set(key, { addresses: [], fault: fault ?? 'all addresses of the pool are taken' });
      continue;
    }
    takenBy.set(address, key);
    const announcedBy = announcerOf(service, view, loads);
    if (announcedBy) loads.set(announcedBy, (loads.get(announcedBy) ?? 0) + 1);
    plans.set(key, { addresses: [address], ...(announcedBy && { announcedBy }) });
  }
  return plans;
}

function faultOf(
  address: string,
  { isInPool, takenBy }: { isInPool: (address: string) => boolean; takenBy: ReadonlyMap<string, string> },
): string | undefined {
  if (!ipv4Address(address)) return `${address} is no IPv4 address`;
  if (!isInPool(address)) return `${address} is not in the pool of addresses`;
  const owner = takenBy.get(address);
  return owner && `${address} is taken by ${owner}`;
}

function freeAddress(pool: readonly AddressRange[], takenBy: ReadonlyMap<string, string>): string | undefined {
  for (const { first, last } of pool) {
    for (let number = first; number <= last; number++) {
      const address = addressOfNumber(number);
      if (!takenBy.has(address)) return address;
    }
  }
  return undefined;
}

/** The node that has it already, if it still can; else the one with the fewest; nobody new where nobody can. */
function announcerOf(service: Service, view: BalancerView, loads: ReadonlyMap<string, number>): string | undefined {
  const before = service.metadata.annotations?.[announcedByAnnotation];
  const names = servingNodes(service, view).map(({ metadata }) => metadata.name);
  if (before !== undefined && names.includes(before)) return before;
  const [best = before] = names.toSorted(
    (one, other) => (loads.get(one) ?? 0) - (loads.get(other) ?? 0) || (one < other ? -1 : 1),
  );
  return best;
}

/** Nodes that can take traffic; where only those with endpoints serve, those, as long as there is one. */
function servingNodes(service: Service, { nodes, slicesOf }: BalancerView): Node[] {
  const able = nodes.filter(
    (node) =>
      nodeReadiness(node)?.status === 'True' &&
      !isBeingDeleted(node) &&
      node.metadata.labels?.[excludedLabel] === undefined,
  );
  if (service.spec.externalTrafficPolicy !== 'Local') return able;
  const withEndpoints = new Set(
    slicesOf(keyOf(service)).flatMap(({ endpoints }) =>
      endpoints.flatMap(({ nodeName, conditions }) => (nodeName && (conditions?.ready ?? true) ? [nodeName] : [])),
    ),
  );
  const serving = able.filter(({ metadata }) => withEndpoints.has(metadata.name));
  return serving.length > 0 ? serving : able;
}

function planNodeAddresses(view: BalancerView, services: readonly Service[]): Map<string, BalancerPlan> {
  const takenBy = new Map<string, string>();
  const plans = new Map<string, BalancerPlan>();
  const portsOf = ({ spec }: Service) => (spec.ports ?? []).map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`);
  // Those who have their ports come first, whoever is older.
  const [held, waiting] = [true, false].map((has) => services.filter((each) => ingressOf(each).length > 0 === has)) as [
    Service[],
    Service[],
  ];
  for (const service of [...held, ...waiting]) {
    const key = keyOf(service);
    const ports = portsOf(service);
    const reserved = ports.find((port) => view.reservedPorts.has(port));
    const taken = ports.find((port) => takenBy.has(port));
    if (reserved || taken) {
      const fault = reserved
        ? `port ${reserved} is the nodes' own`
        : `port ${taken} of the nodes' addresses is taken by ${takenBy.get(taken ?? '')}`;
      plans.set(key, { addresses: [], fault });
      continue;
    }
    const asked = askedOf(service);
    const own = servingNodes(service, view)
      .flatMap((node) => addressOf(node, 'InternalIP') ?? [])
      .sort();
    const addresses = asked ? own.filter((address) => address === asked) : own;
    if (asked && addresses.length === 0) {
      plans.set(key, { addresses, fault: `${asked} is no address of a node that is ready` });
      continue;
    }
    for (const port of ports) takenBy.set(port, key);
    plans.set(key, { addresses });
  }
  return plans;
}
