// The rules of one service: chains of its own, and what it contributes to those that all share.
//
//   WHERRY-SERVICES   marks who comes by a cluster's address and is no pod; by address and port: to one of the backends, or to a
//                     chain of the service where it has one; in the end to WHERRY-NODEPORTS for what is sent to this host
//   WHERRY-NODEPORTS  by port of the node: to WHERRY-EXT-x
//   WHERRY-EXT-x      who comes from outside: marked, then to WHERRY-SVC-x; where the policy is Local, not marked, and to
//                     WHERRY-SVL-x, but for pods and this host itself, which are served by all backends
//   WHERRY-FW-x       only some sources: to WHERRY-EXT-x
//   WHERRY-SVC-x      one of all backends by chance, or the one that the client had: its destination is translated. Only where
//                     several ways lead there, or where there are many
//   WHERRY-SVL-x      one of this node's backends, in the same way
//   WHERRY-HAIRPIN    on the way out: what a pod of this node sends to itself gets the node's address as its source
//   WHERRY-REFUSED    what is left untranslated: refused, or dropped where another node might serve it
//
// iptables-legacy hands all of its table to the kernel for each change, and the kernel keeps a chain as two rules more and 256 bytes
// for a comment: so most services have no chain, the first of their rules alone names them, and of very many services none does.
// What is marked gets the node's own address as its source on the way out, so that answers come back this way.
import { createHash } from 'node:crypto';
import { type ClusterSettings, isInRange } from '../../api/cluster-settings.ts';
import type { Lines } from '../iptables/rules.ts';
import { hairpinChain, markChain, nodePortsChain, refusedChain, servicesChain } from './base-rules.ts';
import type { Backend, Frontend } from './frontends.ts';
import { bucketOfAddress, bucketOfPort, type Contribution } from './shared-chains.ts';

export interface ServiceRules {
  /** Its own, in the table nat. */
  chains: Map<string, Lines>;
  contributions: Contribution[];
}

/** The node that the rules are for. */
export interface ServingNode {
  settings: ClusterSettings;
  podCidr: string;
  nodeAddress: string;
}

export function serviceRules(
  frontends: readonly Frontend[],
  node: ServingNode,
  { areNamed }: { areNamed: boolean } = { areNamed: true },
): ServiceRules {
  const rules: ServiceRules = { chains: new Map(), contributions: [] };
  // On the DNS address this host answers by itself; a service of that address is there only to be seen.
  for (const frontend of frontends.filter(({ clusterIp }) => clusterIp !== node.settings.dnsAddress)) {
    new FrontendRules({ frontend, node, rules, areNamed }).write();
  }
  return rules;
}

/** Above that a service that is asked for by one address only has a chain all the same: others should not walk through it. */
const mostInPlace = 8;

interface FrontendRulesOptions {
  frontend: Frontend;
  node: ServingNode;
  rules: ServiceRules;
  areNamed: boolean;
}

class FrontendRules {
  readonly #frontend: Frontend;
  readonly #node: ServingNode;
  readonly #rules: ServiceRules;
  readonly #comment: string;
  readonly #hash: string;

  constructor({ frontend, node, rules, areNamed }: FrontendRulesOptions) {
    this.#frontend = frontend;
    this.#node = node;
    this.#rules = rules;
    this.#comment = areNamed ? `-m comment --comment "${frontend.name}" ` : '';
    this.#hash = hashOf(`${frontend.name}/${frontend.protocol}`);
  }

  write(): void {
    const { backends, localBackends, internalPolicy, clusterIp } = this.#frontend;
    const isOutside = this.#isServedOutside();
    if (backends.length === 0) {
      this.#refuse(clusterIp, this.#refusal());
      if (isOutside) this.#refuseOutside(this.#refusal());
      return;
    }
    const [chain, inside] =
      internalPolicy === 'Local' ? (['SVL', localBackends] as const) : (['SVC', backends] as const);
    if (inside.length === 0) this.#refuse(clusterIp, '-j DROP');
    else if (isOutside || this.#choices(inside).length > mostInPlace) this.#lead(clusterIp, this.#set(chain, inside));
    else this.#leadInPlace(clusterIp, inside);
    if (isOutside) this.#leadFromOutside();
  }

  #isServedOutside(): boolean {
    const { nodePort, externalIps, balancerIps } = this.#frontend;
    return nodePort !== undefined || externalIps.length > 0 || balancerIps.length > 0;
  }

  #leadFromOutside(): void {
    const { externalPolicy, externalIps, balancerIps, sourceRanges, nodePort, backends, localBackends } =
      this.#frontend;
    const { clusterCidr } = this.#node.settings;
    const outside = this.#chain('EXT');
    const fromHost = '-m addrtype --src-type LOCAL';
    const all = this.#set('SVC', backends);
    const servesHere = localBackends.length > 0;
    this.#rules.chains.set(
      outside,
      externalPolicy === 'Cluster'
        ? [`-j ${markChain}`, `-j ${all}`]
        : [
            `-s ${clusterCidr} -j ${all}`,
            `${fromHost} -j ${markChain}`,
            `${fromHost} -j ${all}`,
            ...(servesHere ? [`-j ${this.#set('SVL', localBackends)}`] : []),
          ],
    );
    if (externalPolicy === 'Local' && !servesHere) this.#refuseOutside('-j DROP');
    for (const address of externalIps) this.#lead(address, outside);
    const balanced = sourceRanges.length > 0 && balancerIps.length > 0 ? this.#restrict(outside) : outside;
    for (const address of balancerIps) this.#lead(address, balanced);
    if (nodePort === undefined) return;
    const { protocol } = this.#frontend;
    this.#contribute({
      table: 'nat',
      chain: nodePortsChain,
      bucket: bucketOfPort(protocol, nodePort),
      line: `${this.#toPort(nodePort)} ${this.#comment}-j ${outside}`,
    });
  }

  /** Only the sources that may come by a load balancer; this host comes with the balancer's address where it has that itself. */
  #restrict(outside: string): string {
    const { sourceRanges, balancerIps } = this.#frontend;
    const isHostAllowed = sourceRanges.some((range) => isInRange(this.#node.nodeAddress, range));
    const sources = [...sourceRanges, ...(isHostAllowed ? balancerIps.map((address) => `${address}/32`) : [])];
    const chain = this.#chain('FW');
    this.#rules.chains.set(
      chain,
      sources.map((source) => `${source.endsWith('/0') ? '' : `-s ${source} `}-j ${outside}`),
    );
    for (const address of balancerIps) this.#refuse(address, '-j DROP');
    return chain;
  }

  #lead(address: string, chain: string): void {
    const { port } = this.#frontend;
    this.#contribute({
      table: 'nat',
      chain: servicesChain,
      bucket: bucketOfAddress(address),
      line: `-d ${address}/32 ${this.#toPort(port)} ${this.#comment}-j ${chain}`,
    });
  }

  #refuseOutside(verdict: string): void {
    const { externalIps, balancerIps, protocol, nodePort } = this.#frontend;
    for (const address of [...externalIps, ...balancerIps]) this.#refuse(address, verdict);
    if (nodePort === undefined) return;
    this.#contribute({
      table: 'filter',
      chain: refusedChain,
      bucket: bucketOfPort(protocol, nodePort),
      line: `${this.#toPort(nodePort)} -m addrtype --dst-type LOCAL ${this.#comment}${verdict}`,
    });
  }

  #refuse(address: string, verdict: string): void {
    const { port } = this.#frontend;
    this.#contribute({
      table: 'filter',
      chain: refusedChain,
      bucket: bucketOfAddress(address),
      line: `-d ${address}/32 ${this.#toPort(port)} ${this.#comment}${verdict}`,
    });
  }

  /** The kernel sends few ICMP errors a second to one client, the rest would wait in vain; resets it does not count. */
  #refusal(): string {
    return `-j REJECT --reject-with ${this.#frontend.protocol === 'tcp' ? 'tcp-reset' : 'icmp-port-unreachable'}`;
  }

  /** Without a chain of its own. */
  #leadInPlace(address: string, backends: readonly Backend[]): void {
    const { port } = this.#frontend;
    this.#maskHairpins(backends);
    for (const [index, choice] of this.#choices(backends).entries()) {
      const line = `-d ${address}/32 ${this.#toPort(port)} ${index === 0 ? this.#comment : ''}${choice}`;
      this.#contribute({ table: 'nat', chain: servicesChain, bucket: bucketOfAddress(address), line });
    }
  }

  #set(kind: 'SVC' | 'SVL', backends: readonly Backend[]): string {
    const chain = this.#chain(kind);
    const { protocol } = this.#frontend;
    this.#maskHairpins(backends);
    this.#rules.chains.set(
      chain,
      this.#choices(backends).map((choice) => `-p ${protocol} ${choice}`),
    );
    return chain;
  }

  /** Of rules, of which one after the other is tried; they say nothing of the packet but where it comes from and goes to. */
  #choices(backends: readonly Backend[]): string[] {
    const { affinitySeconds } = this.#frontend;
    const targets = backends.map((backend) => ({
      list: `${this.#chain('AFF')}-${backend.address}-${backend.port}`,
      to: `-j DNAT --to-destination ${backend.address}:${backend.port}`,
    }));
    const again = (list: string) => `-m recent --update --seconds ${affinitySeconds} --reap ${listed(list)} `;
    const kept = (list: string) => (affinitySeconds ? `-m recent --set ${listed(list)} ` : '');
    return [
      ...(affinitySeconds ? targets.map(({ list, to }) => `${again(list)}${to}`) : []),
      ...targets.map(({ list, to }, index) => `${chanceOf(targets.length - index)}${kept(list)}${to}`),
    ];
  }

  #maskHairpins(backends: readonly Backend[]): void {
    for (const { address } of backends.filter((backend) => isInRange(backend.address, this.#node.podCidr))) {
      const line = `-s ${address}/32 -d ${address}/32 -j MASQUERADE --random-fully`;
      this.#contribute({ table: 'nat', chain: hairpinChain, line });
    }
  }

  #contribute(contribution: Contribution): void {
    this.#rules.contributions.push(contribution);
  }

  #toPort(port: number): string {
    const { protocol } = this.#frontend;
    return `-p ${protocol} -m ${protocol} --dport ${port}`;
  }

  #chain(kind: 'SVC' | 'SVL' | 'EXT' | 'FW' | 'AFF'): string {
    return `WHERRY-${kind}-${this.#hash}`;
  }
}

const listed = (list: string) => `--name ${list} --mask 255.255.255.255 --rsource`;

/** One in so many, as the kernel keeps it: in steps of 2^-31. The last one takes what is left. */
function chanceOf(count: number): string {
  if (count === 1) return '';
  const probability = Math.round(2 ** 31 / count) / 2 ** 31;
  return `-m statistic --mode random --probability ${probability.toFixed(11)} `;
}

/** Sixteen characters: the name of a chain may have 28 in all. */
function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16).toUpperCase();
}
