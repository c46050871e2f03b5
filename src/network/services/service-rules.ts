// The rules of one service: chains of its own, and what it contributes to those that all share.
//
//   WHERRY-SERVICES   marks who comes by a cluster's address and is no pod; by address and port: to a chain of the service; in the
//                     end to WHERRY-NODEPORTS for what is sent to this host
//   WHERRY-NODEPORTS  by port of the node: to WHERRY-EXT-x
//   WHERRY-EXT-x      who comes from outside: marked, then to WHERRY-SVC-x; where the policy is Local, not marked, and to
//                     WHERRY-SVL-x, but for pods and this host itself, which are served by all backends
//   WHERRY-FW-x       only some sources: to WHERRY-EXT-x
//   WHERRY-SVC-x      one of all backends by chance, or the one that the client had: its destination is translated
//   WHERRY-SVL-x      one of this node's backends
//   WHERRY-HAIRPIN    on the way out: what a pod of this node sends to itself gets the node's address as its source
//   WHERRY-REFUSED    what is left untranslated: refused, or dropped where another node might serve it
//
// Only the rules that lead to a service name it: the kernel keeps 256 bytes for a comment, and iptables-legacy copies all of its
// table for each change. What is marked gets the node's own address as its source on the way out, so that answers come back this way.
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

export function serviceRules(frontends: readonly Frontend[], node: ServingNode): ServiceRules {
  const rules: ServiceRules = { chains: new Map(), contributions: [] };
  // On the DNS address this host answers by itself; a service of that address is there only to be seen.
  for (const frontend of frontends.filter(({ clusterIp }) => clusterIp !== node.settings.dnsAddress)) {
    new FrontendRules(frontend, node, rules).write();
  }
  return rules;
}

class FrontendRules {
  readonly #frontend: Frontend;
  readonly #node: ServingNode;
  readonly #rules: ServiceRules;
  readonly #comment: string;
  readonly #hash: string;

  constructor(frontend: Frontend, node: ServingNode, rules: ServiceRules) {
    this.#frontend = frontend;
    this.#node = node;
    this.#rules = rules;
    this.#comment = `-m comment --comment "${frontend.name}"`;
    this.#hash = hashOf(`${frontend.name}/${frontend.protocol}`);
  }

  write(): void {
    const { backends, localBackends, internalPolicy, externalPolicy, clusterIp } = this.#frontend;
    const isOutside = this.#isServedOutside();
    if (backends.length === 0) {
      this.#refuse(clusterIp, this.#refusal());
      if (isOutside) this.#refuseOutside(this.#refusal());
      return;
    }
    const servesHere = localBackends.length > 0;
    const all = this.#chain('SVC');
    const local = this.#chain('SVL');
    const inside = internalPolicy === 'Local' ? local : all;
    if (inside === all || isOutside) this.#setBackends(all, backends);
    if (servesHere && (inside === local || (isOutside && externalPolicy === 'Local')))
      this.#setBackends(local, localBackends);
    if (inside === local && !servesHere) this.#refuse(clusterIp, '-j DROP');
    else this.#lead(clusterIp, inside);
    if (!isOutside) return;
    this.#leadFromOutside(externalPolicy === 'Local' ? { all, ...(servesHere && { local }) } : { all });
    if (externalPolicy === 'Local' && !servesHere) this.#refuseOutside('-j DROP');
  }

  #isServedOutside(): boolean {
    const { nodePort, externalIps, balancerIps } = this.#frontend;
    return nodePort !== undefined || externalIps.length > 0 || balancerIps.length > 0;
  }

  #leadFromOutside({ all, local }: { all: string; local?: string }): void {
    const { externalPolicy, externalIps, balancerIps, sourceRanges, nodePort } = this.#frontend;
    const { clusterCidr } = this.#node.settings;
    const outside = this.#chain('EXT');
    const fromHost = '-m addrtype --src-type LOCAL';
    this.#rules.chains.set(
      outside,
      externalPolicy === 'Cluster'
        ? [`-j ${markChain}`, `-j ${all}`]
        : [
            `-s ${clusterCidr} -j ${all}`,
            `${fromHost} -j ${markChain}`,
            `${fromHost} -j ${all}`,
            ...(local ? [`-j ${local}`] : []),
          ],
    );
    for (const address of externalIps) this.#lead(address, outside);
    const balanced = sourceRanges.length > 0 && balancerIps.length > 0 ? this.#restrict(outside) : outside;
    for (const address of balancerIps) this.#lead(address, balanced);
    if (nodePort === undefined) return;
    const { protocol } = this.#frontend;
    this.#contribute({
      table: 'nat',
      chain: nodePortsChain,
      bucket: bucketOfPort(protocol, nodePort),
      line: `${this.#toPort(nodePort)} ${this.#comment} -j ${outside}`,
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
      line: `-d ${address}/32 ${this.#toPort(port)} ${this.#comment} -j ${chain}`,
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
      line: `${this.#toPort(nodePort)} -m addrtype --dst-type LOCAL ${this.#comment} ${verdict}`,
    });
  }

  #refuse(address: string, verdict: string): void {
    const { port } = this.#frontend;
    this.#contribute({
      table: 'filter',
      chain: refusedChain,
      bucket: bucketOfAddress(address),
      line: `-d ${address}/32 ${this.#toPort(port)} ${this.#comment} ${verdict}`,
    });
  }

  /** The kernel sends few ICMP errors a second to one client, the rest would wait in vain; resets it does not count. */
  #refusal(): string {
    return `-j REJECT --reject-with ${this.#frontend.protocol === 'tcp' ? 'tcp-reset' : 'icmp-port-unreachable'}`;
  }

  #setBackends(chain: string, backends: readonly Backend[]): void {
    const { protocol, affinitySeconds } = this.#frontend;
    const targets = backends.map((backend) => ({
      list: `${this.#chain('AFF')}-${backend.address}-${backend.port}`,
      to: `-j DNAT --to-destination ${backend.address}:${backend.port}`,
    }));
    const again = (list: string) => `-m recent --update --seconds ${affinitySeconds} --reap ${listed(list)} `;
    const kept = (list: string) => (affinitySeconds ? `-m recent --set ${listed(list)} ` : '');
    this.#rules.chains.set(chain, [
      ...(affinitySeconds ? targets.map(({ list, to }) => `-p ${protocol} ${again(list)}${to}`) : []),
      ...targets.map(({ list, to }, index) => `-p ${protocol} ${chanceOf(targets.length - index)}${kept(list)}${to}`),
    ]);
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
