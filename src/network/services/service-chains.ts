// The services' part of the iptables rules: chains of those that have their own, and the chains that all share.
import type { ChainChange, RulePart } from '../iptables/rule-keeper.ts';
import { isSame, type Lines } from '../iptables/rules.ts';
import { hairpinChain, markChain, nodePortsChain, refusedChain, servicesChain } from './base-rules.ts';
import type { ServiceProxy } from './service-proxy.ts';
import { type ServingNode, serviceRules } from './service-rules.ts';
import { SharedChains } from './shared-chains.ts';

/** With more of them names would cost more than all the rest. */
const mostNamed = 1_000;

export class ServiceChains implements RulePart {
  readonly #proxy: ServiceProxy;
  readonly #node: ServingNode;
  readonly #chains = new Map<string, ReadonlyMap<string, Lines>>();
  readonly #shared = new SharedChains();
  #areNamed = true;

  constructor(proxy: ServiceProxy, node: ServingNode) {
    this.#proxy = proxy;
    this.#node = node;
    const { clusterCidr, serviceCidr } = node.settings;
    this.#shared
      .add('nat', servicesChain, {
        // From this host, or from outside by way of it: the answer has to come back this way.
        head: [`! -s ${clusterCidr} -d ${serviceCidr} -j ${markChain}`],
        tail: [`-m addrtype --dst-type LOCAL -j ${nodePortsChain}`],
      })
      .add('nat', nodePortsChain)
      .add('nat', hairpinChain)
      // Connections that stand are not cut.
      .add('filter', refusedChain, { head: ['-m conntrack ! --ctstate NEW -j RETURN'] });
  }

  get isComplete(): boolean {
    return this.#proxy.isComplete;
  }

  *takeChanges(): Iterable<ChainChange> {
    const areNamed = this.#proxy.count <= mostNamed;
    const changed = this.#proxy.takeChanged({ all: this.isComplete && areNamed !== this.#areNamed });
    if (!this.isComplete) return;
    this.#areNamed = areNamed;
    for (const [key, frontends] of changed) {
      const before = this.#chains.get(key) ?? new Map<string, Lines>();
      const { chains, contributions } = serviceRules(frontends, this.#node, { areNamed });
      this.#shared.set(key, contributions);
      if (chains.size > 0) this.#chains.set(key, chains);
      else this.#chains.delete(key);
      for (const chain of before.keys()) if (!chains.has(chain)) yield { table: 'nat', chain, lines: undefined };
      for (const [chain, lines] of chains) if (!isSame(lines, before.get(chain))) yield { table: 'nat', chain, lines };
    }
    yield* this.#shared.takeChanges();
  }

  written(): void {
    this.#proxy.written();
  }
}
