// What the network policies of the cluster mean for the pods of one node, whatever programs it into the kernel: who may reach
// each of them, and whom it may reach. Pure.
// Holds: policies only add to what is allowed; a pod that no policy selects in a direction is not in the plan for it.
import type { NetworkPolicy } from '../../api/kinds/network-policy.ts';
import {
  type LabelSelector,
  type Labels,
  matchesLabelSelector,
  matchesRequirements,
  requirementsOf,
} from '../../api/selector.ts';
import { ipv4Range } from '../../api/traffic-rules.ts';
import { type NamedPort, type PolicyPod, type Protocol, protocolOf } from './policy-pod.ts';

export interface PolicyFacts {
  /** The pods of this node. */
  local: readonly PolicyPod[];
  /** The pods of the whole cluster. */
  pods: readonly PolicyPod[];
  namespaces: ReadonlyMap<string, Labels>;
  policies: readonly NetworkPolicy[];
}

export interface PolicyPlan {
  /** Addresses of pods in their order, by the name of the set: what it was selected by. */
  sets: ReadonlyMap<string, readonly string[]>;
  verdicts: readonly PodVerdict[];
}

/** Who may talk with a pod. A direction that is undefined is free; one that permits nothing is closed. */
export interface PodVerdict {
  address: string;
  ingress: readonly Permit[] | undefined;
  egress: readonly Permit[] | undefined;
}

export interface Permit {
  /** Undefined means anybody. */
  peers: readonly Peer[] | undefined;
  /** Undefined means all ports of all protocols. */
  ports: readonly PortRange[] | undefined;
}

/** Pods by the name of their set, or a range of addresses without parts of it. */
export type Peer = { set: string } | { block: string; except: readonly string[] };

export interface PortRange {
  protocol: Protocol;
  /** Without these all ports of the protocol. */
  ports?: { first: number; last: number };
}

type Rule = NonNullable<NetworkPolicy['spec']['ingress']>[number];
type PolicyPort = NonNullable<Rule['ports']>[number];
type PolicyPeer = NonNullable<Rule['from']>[number];

/** A rule of either direction. */
interface Side {
  peers: readonly PolicyPeer[];
  ports: readonly PolicyPort[];
}

export function planPolicies(facts: PolicyFacts): PolicyPlan {
  const sets = new PeerSets(facts);
  const verdicts = facts.local.flatMap((pod): PodVerdict[] => {
    const selecting = facts.policies.filter((policy) => selects(policy, pod));
    if (selecting.length === 0) return [];
    const { address } = pod;
    return [{ address, ingress: ingressOf(selecting, pod, sets), egress: egressOf(selecting, sets) }];
  });
  return { sets: sets.used, verdicts };
}

export function selects({ metadata, spec }: NetworkPolicy, pod: Pick<PolicyPod, 'namespace' | 'labels'>): boolean {
  return metadata.namespace === pod.namespace && matchesLabelSelector(spec.podSelector, pod.labels);
}

function hasDirection({ spec }: NetworkPolicy, direction: 'Ingress' | 'Egress'): boolean {
  // The API server fills in the types; what was written before it did still means the same.
  if (spec.policyTypes?.length) return spec.policyTypes.includes(direction);
  return direction === 'Ingress' || (spec.egress?.length ?? 0) > 0;
}

function ingressOf(selecting: NetworkPolicy[], pod: PolicyPod, sets: PeerSets): Permit[] | undefined {
  const policies = selecting.filter((policy) => hasDirection(policy, 'Ingress'));
  if (policies.length === 0) return undefined;
  return policies.flatMap(({ metadata: { namespace = '' }, spec }) =>
    (spec.ingress ?? []).flatMap(({ from = [], ports = [] }): Permit[] => {
      // What a port is called is the selected pod's business.
      const ranges = ports.flatMap((port) => rangesOf(port, pod.ports));
      if (ports.length > 0 && ranges.length === 0) return [];
      const peers = from.length > 0 ? from.flatMap((peer) => peerOf(peer, namespace, sets)) : undefined;
      return [{ peers, ports: ports.length > 0 ? ranges : undefined }];
    }),
  );
}

function egressOf(selecting: NetworkPolicy[], sets: PeerSets): Permit[] | undefined {
  const policies = selecting.filter((policy) => hasDirection(policy, 'Egress'));
  if (policies.length === 0) return undefined;
  return policies.flatMap(({ metadata: { namespace = '' }, spec }) =>
    (spec.egress ?? []).flatMap(({ to = [], ports = [] }): Permit[] => {
      const side: Side = { peers: to, ports };
      const named = ports.filter(({ port }) => typeof port === 'string');
      const numbered = ports.filter(({ port }) => typeof port !== 'string');
      return [
        ...(ports.length === 0 || numbered.length > 0
          ? [permitByNumber({ ...side, ports: numbered }, namespace, sets)]
          : []),
        ...named.flatMap((port) => permitsByName(port, to, namespace, sets)),
      ].filter(({ ports: ranges }) => ranges?.length !== 0);
    }),
  );
}

function permitByNumber({ peers, ports }: Side, namespace: string, sets: PeerSets): Permit {
  return {
    peers: peers.length > 0 ? peers.flatMap((peer) => peerOf(peer, namespace, sets)) : undefined,
    ports: ports.length > 0 ? ports.flatMap((port) => rangesOf(port, [])) : undefined,
  };
}

/** What a port is called is the business of the pods that are reached: of each number those that mean it by the name. */
function permitsByName(port: PolicyPort, to: readonly PolicyPeer[], namespace: string, sets: PeerSets): Permit[] {
  const protocol = protocolOf(port.protocol);
  if (!protocol) return [];
  const anyPod: PolicyPeer = { namespaceSelector: {} };
  return (to.length > 0 ? to : [anyPod])
    .filter(({ ipBlock }) => !ipBlock)
    .flatMap((peer) =>
      sets.byPort(peer, namespace, { protocol, name: String(port.port) }).map(({ number, set }) => ({
        peers: [{ set }],
        ports: [{ protocol, ports: { first: number, last: number } }],
      })),
    );
}

function rangesOf({ port, endPort, protocol: text }: PolicyPort, named: readonly NamedPort[]): PortRange[] {
  const protocol = protocolOf(text);
  if (!protocol) return [];
  if (port === undefined) return [{ protocol }];
  if (typeof port === 'number') return [{ protocol, ports: { first: port, last: endPort ?? port } }];
  const numbers = named.filter((each) => each.name === port && each.protocol === protocol).map((each) => each.port);
  return [...new Set(numbers)].map((number) => ({ protocol, ports: { first: number, last: number } }));
}

function peerOf(peer: PolicyPeer, namespace: string, sets: PeerSets): Peer[] {
  if (!peer.ipBlock) return [{ set: sets.of(peer, namespace) }];
  const block = ipv4Range(peer.ipBlock.cidr);
  const except = (peer.ipBlock.except ?? []).flatMap((part) => ipv4Range(part) ?? []);
  return block ? [{ block, except }] : [];
}

/** The sets of pods that rules are about, each found once. */
class PeerSets {
  readonly used = new Map<string, string[]>();
  readonly #found = new Map<string, PolicyPod[]>();
  readonly #podsOf: ReadonlyMap<string, PolicyPod[]>;
  readonly #namespaces: ReadonlyMap<string, Labels>;

  constructor({ pods, namespaces }: PolicyFacts) {
    this.#podsOf = Map.groupBy(pods, ({ namespace }) => namespace);
    this.#namespaces = namespaces;
  }

  of(peer: PolicyPeer, namespace: string): string {
    const name = nameOf(peer, namespace);
    this.#use(name, this.#find(name, peer, namespace));
    return name;
  }

  /** Those of the peers that have a port of this name, by its number. */
  byPort(peer: PolicyPeer, namespace: string, port: Omit<NamedPort, 'port'>): { number: number; set: string }[] {
    const name = nameOf(peer, namespace);
    const byNumber = new Map<number, PolicyPod[]>();
    for (const pod of this.#find(name, peer, namespace)) {
      const numbers = pod.ports.filter((own) => own.name === port.name && own.protocol === port.protocol);
      for (const number of new Set(numbers.map((own) => own.port)))
        byNumber.set(number, [...(byNumber.get(number) ?? []), pod]);
    }
    return [...byNumber]
      .sort(([one], [other]) => one - other)
      .map(([number, pods]) => {
        const set = `${name} with ${port.name}/${port.protocol}=${number}`;
        this.#use(set, pods);
        return { number, set };
      });
  }

  #use(name: string, pods: readonly PolicyPod[]): void {
    if (!this.used.has(name)) this.used.set(name, [...new Set(pods.map(({ address }) => address))].sort());
  }

  #find(name: string, { podSelector, namespaceSelector }: PolicyPeer, namespace: string): PolicyPod[] {
    const known = this.#found.get(name);
    if (known) return known;
    const spaces = namespaceSelector ? this.#namespacesBy(namespaceSelector) : [namespace];
    const requirements = requirementsOf(podSelector ?? {});
    const pods = spaces
      .flatMap((space) => this.#podsOf.get(space) ?? [])
      .filter(({ labels }) => matchesRequirements(requirements, labels));
    this.#found.set(name, pods);
    return pods;
  }

  #namespacesBy(selector: LabelSelector): string[] {
    const requirements = requirementsOf(selector);
    return [...this.#namespaces]
      .filter(([, labels]) => matchesRequirements(requirements, labels))
      .map(([name]) => name);
  }
}

function nameOf({ podSelector, namespaceSelector }: PolicyPeer, namespace: string): string {
  const where = namespaceSelector ? `namespaces ${JSON.stringify(requirementsOf(namespaceSelector))}` : namespace;
  return `pods ${JSON.stringify(requirementsOf(podSelector ?? {}))} in ${where}`;
}
