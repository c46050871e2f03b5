// The rules of services as a table of nftables, where a packet finds its way by looking up instead of by comparing:
//
//   prerouting, output ─► services    doors: address, protocol, port ─► where to; ports: the same of this host's own addresses
//                           ├─► to-3 ─► backend-0, 1 or 2   by chance; where the service has its first, second or third backend is
//                           │                               looked up by its door (by-port-0 ... for ports of the host)
//                           ├─► all-x                       the same in a chain of its own, for services of many backends; or of
//                           │     └─► sticky-x-B            those to which clients come back: the one that the client had, if any
//                           ├─► outside-OTHER               marked first, so that the answer comes back this way, then on to the other
//                           ├─► outside-x                   not marked, to near-x, as all-x of this node's backends; but pods and this
//                           │                               host itself are served by all
//                           └─► sources-x                   only some sources go on
//   postrouting                       what a pod of this node sends to itself gets the node's address as its source
//   input, forward, output ─► refuse  what nobody serves
//
// Services of few backends have no chain of their own: another endpoint, and one more service, are a matter of elements, whose cost
// does not grow with the table. The mark, and what is done with it, are those of the iptables rules. A packet that comes while a
// change is made may find a door of before it and backends of after it: so a number that is not there any more leads to the first.
import { createHash } from 'node:crypto';
import { isInRange } from '../../api/cluster-settings.ts';
import { type NftLayout, type NftRules, noNftRules } from '../nftables/nft-table.ts';
import { masqueradeMark } from '../owned-names.ts';
import type { Backend, Frontend } from './frontends.ts';
import type { ServingNode } from './service-rules.ts';

const doorType = 'ipv4_addr . inet_proto . inet_service';
const portType = 'inet_proto . inet_service';
const backendType = 'ipv4_addr . inet_service';

/** Two ways to look a service up: by its address, or, for packets to this host, by the port alone. */
const byAddress = { match: 'ip daddr . meta l4proto . th dport', type: doorType, name: 'backend' };
const byPort = { match: 'meta l4proto . th dport', type: portType, name: 'by-port' };
type Way = typeof byAddress;

/** A service of more has a chain of its own. */
const mostInMaps = 8;
const numbers = Array.from({ length: mostInMaps }, (_, number) => number);

const mark = `meta mark set meta mark | ${masqueradeMark}`;

/** Before those of iptables, where ports of the host and Docker's own follow; and before its filter accepts anything. */
const priorities = { translate: -105, mask: 95, filter: -5 };

export function nftLayout({ settings }: ServingNode): NftLayout {
  const { clusterCidr, serviceCidr } = settings;
  const chain = (hook: string, ...lines: string[]) => ({ hook, lines });
  const natOf = (hook: string) => `type nat hook ${hook} priority ${priorities.translate};`;
  const filterOf = (hook: string) => `type filter hook ${hook} priority ${priorities.filter};`;
  const local = 'fib daddr type local';
  const refusals = [`${byAddress.match} @refused`, `${local} ${byPort.match} @refused-ports`].flatMap((match) => [
    `meta l4proto tcp ${match} reject with tcp reset`,
    `meta l4proto udp ${match} reject with icmp type port-unreachable`,
  ]);
  const mapsOf = ({ name, type }: Way) =>
    numbers.map((number) => [`${name}s-${number}`, { kind: 'map', of: `type ${type} : ${backendType};` }] as const);
  const lookUp = ({ name, match }: Way, number: number) => `dnat ip to ${match} map @${name}s-${number}`;
  const chainsOf = (way: Way) =>
    numbers.map((number) => {
      const lines = [...new Set([lookUp(way, number), lookUp(way, 0)])];
      return [`${way.name}-${number}`, { lines }] as const;
    });
  return {
    sets: {
      doors: { kind: 'map', of: `type ${doorType} : verdict;` },
      ports: { kind: 'map', of: `type ${portType} : verdict;` },
      ...Object.fromEntries([...mapsOf(byAddress), ...mapsOf(byPort)]),
      refused: { kind: 'set', of: `type ${doorType};` },
      'refused-ports': { kind: 'set', of: `type ${portType};` },
      hairpins: { kind: 'set', of: 'type ipv4_addr . ipv4_addr;' },
    },
    chains: {
      services: {
        lines: [
          // From this host, or from outside by way of it: the answer has to come back this way.
          `ip saddr != ${clusterCidr} ip daddr ${serviceCidr} ${mark}`,
          `${byAddress.match} vmap @doors`,
          `${local} ${byPort.match} vmap @ports`,
        ],
      },
      ...Object.fromEntries([...chainsOf(byAddress), ...chainsOf(byPort)]),
      refuse: { lines: refusals },
      prerouting: chain(natOf('prerouting'), 'jump services'),
      output: chain(natOf('output'), 'jump services'),
      postrouting: chain(
        `type nat hook postrouting priority ${priorities.mask};`,
        'ip saddr . ip daddr @hairpins masquerade fully-random',
      ),
      // Connections that stand are not cut.
      'refuse-input': chain(filterOf('input'), 'ct state new jump refuse'),
      'refuse-forward': chain(filterOf('forward'), 'ct state new jump refuse'),
      'refuse-output': chain(filterOf('output'), 'ct state new jump refuse'),
    },
  };
}

export function nftServiceRules(frontends: readonly Frontend[], node: ServingNode): NftRules {
  const rules = noNftRules();
  // On the DNS address this host answers by itself; a service of that address is there only to be seen.
  for (const frontend of frontends.filter(({ clusterIp }) => clusterIp !== node.settings.dnsAddress)) {
    new FrontendElements(frontend, node, rules).write();
  }
  return rules;
}

/** By what packets come to a service: an address of it, or a port of the node. */
interface Door {
  key: string;
  isPort: boolean;
}

class FrontendElements {
  readonly #frontend: Frontend;
  readonly #node: ServingNode;
  readonly #rules: NftRules;
  readonly #hash: string;

  constructor(frontend: Frontend, node: ServingNode, rules: NftRules) {
    this.#frontend = frontend;
    this.#node = node;
    this.#rules = rules;
    this.#hash = createHash('sha256').update(`${frontend.name}/${frontend.protocol}`).digest('hex').slice(0, 16);
  }

  write(): void {
    const { backends, localBackends, internalPolicy, clusterIp, balancerIps, sourceRanges } = this.#frontend;
    const [inside, balanced] = [this.#at(clusterIp), balancerIps.map((address) => this.#at(address))];
    if (backends.length === 0) {
      for (const door of [inside, ...this.#outside(), ...balanced]) this.#refuse(door);
      return;
    }
    this.#open(
      inside,
      internalPolicy === 'Local' ? this.#to(inside, 'near', localBackends) : this.#to(inside, 'all', backends),
    );
    for (const door of this.#outside()) this.#open(door, this.#fromOutside(door));
    for (const door of balanced) {
      const verdict = this.#fromOutside(door);
      this.#open(door, sourceRanges.length > 0 ? this.#restrict(verdict) : verdict);
    }
    // One of this node's that is on its way out, or meant for another zone, serves here though it does not serve all.
    const addresses = new Set([...backends, ...localBackends].map(({ address }) => address));
    for (const address of addresses)
      if (isInRange(address, this.#node.podCidr)) this.#add('hairpins', `${address} . ${address}`);
  }

  #at(address: string): Door {
    const { protocol, port } = this.#frontend;
    return { key: `${address} . ${protocol} . ${port}`, isPort: false };
  }

  /** All but the balancer's. */
  #outside(): Door[] {
    const { protocol, nodePort, externalIps } = this.#frontend;
    const port = nodePort === undefined ? [] : [{ key: `${protocol} . ${nodePort}`, isPort: true }];
    return [...port, ...externalIps.map((address) => this.#at(address))];
  }

  #open({ key, isPort }: Door, verdict: string): void {
    this.#add(isPort ? 'ports' : 'doors', key, verdict);
  }

  #refuse({ key, isPort }: Door): void {
    this.#add(isPort ? 'refused-ports' : 'refused', key);
  }

  /** To one of them: found by the door where that is easy, else by a chain of the service's own. */
  #to({ key, isPort }: Door, which: 'all' | 'near', backends: readonly Backend[]): string {
    if (this.#frontend.affinitySeconds || backends.length === 0 || backends.length > mostInMaps)
      return this.#toOwn(which, backends);
    const { name } = isPort ? byPort : byAddress;
    for (const [number, { address, port }] of backends.entries())
      this.#add(`${name}s-${number}`, key, `${address} . ${port}`);
    const choices = backends.map((_, number) => `${number} : goto ${name}-${number}`);
    const chain = `to-${backends.length}${isPort ? '-by-port' : ''}`;
    return `goto ${this.#chain(chain, [`numgen random mod ${backends.length} vmap { ${choices.join(', ')} }`])}`;
  }

  #fromOutside(door: Door): string {
    const { externalPolicy, backends, localBackends } = this.#frontend;
    const all = this.#to(door, 'all', backends);
    if (externalPolicy === 'Cluster') return `goto ${this.#chain(`outside-${all.replace('goto ', '')}`, [mark, all])}`;
    const end = door.isPort ? '-by-port' : '';
    return `goto ${this.#chain(`outside-${this.#hash}${end}`, [
      `ip saddr ${this.#node.settings.clusterCidr} ${all}`,
      `fib saddr type local ${mark} ${all}`,
      this.#toOwn('near', localBackends),
    ])}`;
  }

  /** To one of them by a chain that knows them all. */
  #toOwn(which: 'all' | 'near', backends: readonly Backend[]): string {
    if (backends.length === 0) return 'drop';
    const lines = this.#frontend.affinitySeconds ? this.#stickyLines(backends) : this.#anyLines(backends);
    return `goto ${this.#chain(`${which}-${this.#hash}`, lines)}`;
  }

  /** Only the sources that may come by a load balancer; this host comes with the balancer's address where it has that itself. */
  #restrict(verdict: string): string {
    const { sourceRanges, balancerIps } = this.#frontend;
    const isHostAllowed = sourceRanges.some((range) => isInRange(this.#node.nodeAddress, range));
    const sources = [...sourceRanges, ...(isHostAllowed ? balancerIps : [])];
    return `goto ${this.#chain(`sources-${this.#hash}`, [
      ...sources.map((source) => (source.endsWith('/0') ? verdict : `ip saddr ${source} ${verdict}`)),
      'drop',
    ])}`;
  }

  /** One of the backends by chance. */
  #anyLines(backends: readonly Backend[]): string[] {
    const choices = backends.map(({ address, port }, number) => `${number} : ${address} . ${port}`);
    const choice = `numgen random mod ${choices.length} map { ${choices.join(', ')} }`;
    return [`meta l4proto ${this.#frontend.protocol} dnat ip to ${choice}`];
  }

  /** The backend that the client had, by whatever door, and else one by chance; it is remembered in either case. */
  #stickyLines(backends: readonly Backend[]): string[] {
    const { affinitySeconds, protocol } = this.#frontend;
    const targets = backends.map(({ address, port }) => {
      const clients = `clients-${this.#hash}-${address}-${port}`;
      this.#rules.memories.add(clients);
      const target = this.#chain(`sticky-${this.#hash}-${address}-${port}`, [
        `update @${clients} { ip saddr timeout ${affinitySeconds}s }`,
        `meta l4proto ${protocol} dnat ip to ${address}:${port}`,
      ]);
      return { clients, target };
    });
    const choices = targets.map(({ target }, number) => `${number} : goto ${target}`);
    return [
      ...targets.map(({ clients, target }) => `ip saddr @${clients} goto ${target}`),
      `numgen random mod ${targets.length} vmap { ${choices.join(', ')} }`,
    ];
  }

  #chain(name: string, lines: readonly string[]): string {
    this.#rules.chains.set(name, lines);
    return name;
  }

  #add(of: string, key: string, value = ''): void {
    this.#rules.elements.push({ of, key, value });
  }
}
