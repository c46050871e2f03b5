// The services' part of the rules: follows services and their endpoints, and works out the rules of those that changed.
import type { ClusterSettings } from '../../api/cluster-settings.ts';
import { type EndpointSlice, serviceNameLabel } from '../../api/kinds/endpoint-slice.ts';
import type { Service } from '../../api/kinds/service.ts';
import { needsHealthCheck } from '../../api/kinds/service-types.ts';
import { keyOf } from '../../api/meta.ts';
import type { Informer } from '../../client/informer.ts';
import type { ChainChange, RulePart } from '../iptables/rule-keeper.ts';
import { isSame, type Lines } from '../iptables/rules.ts';
import { checksChain, hairpinChain, markChain, nodePortsChain, refusedChain, servicesChain } from './base-rules.ts';
import { type Frontend, frontendsOf } from './frontends.ts';
import { type ServiceRules, serviceRules } from './service-rules.ts';
import { type Contribution, SharedChains } from './shared-chains.ts';

export interface ServiceProxyOptions {
  settings: ClusterSettings;
  nodeName: string;
  nodeAddress: string;
  podCidr: string;
  services: Informer<Service>;
  slices: Informer<EndpointSlice>;
  /** The slices of a service by its key. */
  slicesOf: (serviceKey: string) => EndpointSlice[];
  /** The kernel has the rules of services over UDP that are other than before. */
  onUdpWritten: () => void;
}

/** With more of them names would cost more than all the rest. */
const mostNamed = 1_000;

export class ServiceProxy implements RulePart {
  readonly #options: ServiceProxyOptions;
  readonly #chains = new Map<string, ReadonlyMap<string, Lines>>();
  readonly #udp = new Map<string, Frontend[]>();
  /** Whether flows over UDP may lead where they should not, once the kernel has what was taken last. */
  #isUdpChanged = false;
  readonly #shared = new SharedChains();
  readonly #changed = new Set<string>();
  readonly #readyAt: (address: string) => EndpointSlice[];
  readonly #withdrawals = new Map<string, PromiseWithResolvers<void>>();
  /** Those that what was taken last is right for. */
  #settled: string[] = [];
  #isComplete = false;
  #areNamed = true;

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
    this.#readyAt = options.slices.indexBy((slice) =>
      slice.endpoints.flatMap(({ addresses, conditions }) => (conditions?.ready === false ? [] : addresses)),
    );
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  /**
   * Follows the services once all of them are known: before that a rule might be taken for stale. Where the kernel has rules
   * already, what is remembered of the services may be older than those.
   */
  async run({ hasRules, onChange }: { hasRules: boolean; onChange: () => void }): Promise<void> {
    const { services, slices } = this.#options;
    await Promise.all(hasRules ? [services.listed, slices.listed] : [services.synced, slices.synced]);
    services.onChange(({ key }) => this.#changed.add(key));
    slices.onChange(({ object, previous }) => {
      for (const slice of [object, previous]) if (slice) this.#changed.add(serviceKeyOf(slice));
    });
    this.#isComplete = true;
    const { clusterCidr, serviceCidr } = this.#options.settings;
    this.#shared
      .add('nat', servicesChain, {
        // From this host, or from outside by way of it: the answer has to come back this way.
        head: [`! -s ${clusterCidr} -d ${serviceCidr} -j ${markChain}`],
        tail: [`-m addrtype --dst-type LOCAL -j ${nodePortsChain}`],
      })
      .add('nat', nodePortsChain)
      .add('nat', hairpinChain)
      .add('filter', checksChain)
      // Connections that stand are not cut.
      .add('filter', refusedChain, { head: ['-m conntrack ! --ctstate NEW -j RETURN'] });
    onChange();
    services.onChange(onChange);
    slices.onChange(onChange);
  }

  /** Resolves when the rules are those of a time at which the address was ready in no service. */
  withdrawn(address: string): Promise<void> {
    const withdrawal = this.#withdrawals.get(address) ?? Promise.withResolvers<void>();
    this.#withdrawals.set(address, withdrawal);
    return withdrawal.promise;
  }

  *takeChanges(): Iterable<ChainChange> {
    this.#settled = [...this.#withdrawals.keys()].filter((address) => this.#readyAt(address).length === 0);
    if (this.#isComplete) this.#noteCount();
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const key of changed) {
      const before = this.#chains.get(key) ?? new Map<string, Lines>();
      const { chains, contributions } = this.#rulesOf(key);
      this.#shared.set(key, contributions);
      if (chains.size > 0) this.#chains.set(key, chains);
      else this.#chains.delete(key);
      for (const chain of before.keys()) if (!chains.has(chain)) yield { table: 'nat', chain, lines: undefined };
      for (const [chain, lines] of chains) if (!isSame(lines, before.get(chain))) yield { table: 'nat', chain, lines };
    }
    yield* this.#shared.takeChanges();
  }

  written(): void {
    for (const address of this.#settled.splice(0)) {
      this.#withdrawals.get(address)?.resolve();
      this.#withdrawals.delete(address);
    }
    if (this.#isUdpChanged) this.#options.onUdpWritten();
    this.#isUdpChanged = false;
  }

  /** The services over UDP as the rules have them. */
  *udpFrontends(): Iterable<Frontend> {
    for (const frontends of this.#udp.values()) yield* frontends;
  }

  #noteCount(): void {
    const all = this.#options.services.list();
    const areNamed = all.length <= mostNamed;
    if (areNamed === this.#areNamed) return;
    this.#areNamed = areNamed;
    for (const service of all) this.#changed.add(keyOf(service));
  }

  #noteUdp(key: string, frontends: readonly Frontend[]): void {
    const udp = frontends.filter(({ protocol }) => protocol === 'udp');
    if (udp.length > 0 || this.#udp.has(key)) this.#isUdpChanged = true;
    if (udp.length > 0) this.#udp.set(key, udp);
    else this.#udp.delete(key);
  }

  #rulesOf(key: string): ServiceRules {
    const { services, slicesOf, nodeName } = this.#options;
    const service = services.get(key);
    const frontends = service ? frontendsOf(service, slicesOf(key), nodeName) : [];
    this.#noteUdp(key, frontends);
    if (!service) return { chains: new Map(), contributions: [] };
    const { chains, contributions } = serviceRules(frontends, this.#options, { areNamed: this.#areNamed });
    return { chains, contributions: [...contributions, ...healthCheckOf(service)] };
  }
}

/** A load balancer may ask whether this node serves the service, whatever a firewall says. */
function healthCheckOf({ spec, metadata }: Service): Contribution[] {
  if (!needsHealthCheck(spec) || !spec.healthCheckNodePort) return [];
  const comment = `-m comment --comment "${metadata.namespace}/${metadata.name} health"`;
  const line = `-p tcp -m tcp --dport ${spec.healthCheckNodePort} ${comment} -j ACCEPT`;
  return [{ table: 'filter', chain: checksChain, line }];
}

export function serviceKeyOf(slice: EndpointSlice): string {
  return `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel] ?? ''}`;
}
