// Keeps the kernel's rules as the services of the cluster want them: observes once, then writes what differs, change by change.
// Holds: until all services are known their rules stay as they are, whoever left them; no packet ever sees half of a change.
import type { ClusterSettings } from '../../api/cluster-settings.ts';
import { type EndpointSlice, serviceNameLabel } from '../../api/kinds/endpoint-slice.ts';
import type { Service } from '../../api/kinds/service.ts';
import type { Log } from '../../base/log.ts';
import type { Informer } from '../../client/informer.ts';
import { WorkQueue } from '../../client/work-queue.ts';
import { baseRules } from './base-rules.ts';
import { frontendsOf } from './frontends.ts';
import type { Iptables } from './iptables.ts';
import { noRules, planRestore, type Rules } from './rules.ts';
import { addServices, type ServiceRules, serviceRules } from './service-rules.ts';

export interface ServiceProxyOptions {
  settings: ClusterSettings;
  podCidr: string;
  services: Informer<Service>;
  slices: Informer<EndpointSlice>;
  /** The slices of a service by its key. */
  slicesOf: (serviceKey: string) => EndpointSlice[];
  /** What leads from ports of this host to pods, of now. */
  hostPortChains: () => ReadonlyMap<string, readonly string[]>;
  iptables: Iptables;
  log: Log;
}

export class ServiceProxy {
  readonly #options: ServiceProxyOptions;
  readonly #queue: WorkQueue;
  readonly #base: Rules;
  readonly #byService = new Map<string, ServiceRules>();
  readonly #changed = new Set<string>();
  /** What the kernel has; unknown at first and after a failure. */
  #applied: Rules | undefined;
  #isComplete = false;
  readonly #readyAt: (address: string) => EndpointSlice[];
  #awaited: PromiseWithResolvers<void>[] = [];
  readonly #withdrawals = new Map<string, PromiseWithResolvers<void>>();

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
    this.#readyAt = options.slices.indexBy((slice) =>
      slice.endpoints.flatMap(({ addresses, conditions }) => (conditions?.ready === false ? [] : addresses)),
    );
    this.#base = baseRules(options.settings, options.podCidr);
    this.#queue = new WorkQueue({ name: 'service rules', log: options.log, sync: () => this.#sync() });
  }

  /** Resolves when pods are forwarded and masqueraded; the services follow when they are known. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#sync();
    this.#queue.start(signal);
  }

  /** Follows the services once all of them are known: before that a rule might be taken for stale. */
  async run(): Promise<void> {
    const { services, slices } = this.#options;
    await Promise.all([services.synced, slices.synced]);
    services.onChange(({ key }) => this.#changed.add(key));
    slices.onChange(({ object, previous }) => {
      for (const slice of [object, previous]) if (slice) this.#changed.add(serviceKeyOf(slice));
    });
    this.#isComplete = true;
    this.#queue.add('rules');
    services.onChange(() => this.#queue.add('rules'));
    slices.onChange(() => this.#queue.add('rules'));
  }

  /** Resolves when the rules are those of a time at which the address was ready in no service. */
  withdrawn(address: string): Promise<void> {
    const withdrawal = this.#withdrawals.get(address) ?? Promise.withResolvers<void>();
    this.#withdrawals.set(address, withdrawal);
    this.#queue.add('rules');
    return withdrawal.promise;
  }

  /** Resolves when the kernel has the rules of now; rejects where it does not take them. */
  applied(): Promise<void> {
    const awaited = Promise.withResolvers<void>();
    this.#awaited.push(awaited);
    this.#queue.add('rules');
    return awaited.promise;
  }

  /** Repairs what others flushed. */
  async check(): Promise<void> {
    const { iptables, log } = this.#options;
    if (await iptables.hasJumps(this.#base)) return;
    log.warn('somebody took our rules away, putting them back');
    this.#applied = undefined;
    this.#queue.add('rules');
  }

  async #sync(): Promise<void> {
    const awaited = this.#awaited.splice(0);
    try {
      await this.#apply();
      for (const { resolve } of awaited) resolve();
    } catch (error) {
      for (const { reject } of awaited) reject(error);
      throw error;
    }
  }

  async #apply(): Promise<void> {
    const { iptables, log } = this.#options;
    const begun = performance.now();
    const changed = this.#takeChanges();
    const withdrawn = [...this.#withdrawals.keys()].filter((address) => this.#readyAt(address).length === 0);
    const observed = this.#applied ?? (await iptables.observe());
    this.#applied = undefined;
    const base = withChains(this.#base, this.#options.hostPortChains());
    const wanted = this.#isComplete ? addServices(base, this.#sortedServices()) : keepServices(base, observed);
    const input = planRestore(wanted, observed);
    if (input) await iptables.restore(input);
    this.#applied = wanted;
    for (const address of withdrawn) {
      this.#withdrawals.get(address)?.resolve();
      this.#withdrawals.delete(address);
    }
    if (input)
      log.debug('rules changed', { services: changed, bytes: input.length, ms: Math.round(performance.now() - begun) });
  }

  #takeChanges(): number {
    const { services, slicesOf, settings } = this.#options;
    const keys = [...this.#changed];
    this.#changed.clear();
    for (const key of keys) {
      const service = services.get(key);
      if (service) this.#byService.set(key, serviceRules(frontendsOf(service, slicesOf(key)), settings));
      else this.#byService.delete(key);
    }
    return keys.length;
  }

  /** In the order of their names, so that the same services always give the same chains. */
  #sortedServices(): ServiceRules[] {
    const entries = [...this.#byService].sort(([one], [other]) => (one < other ? -1 : 1));
    return entries.map(([, rules]) => rules);
  }
}

function withChains({ chains, jumps }: Rules, more: ReadonlyMap<string, readonly string[]>): Rules {
  return { chains: { ...chains, nat: new Map([...chains.nat, ...more]) }, jumps };
}

/** The base, with all else as it was found. */
export function keepServices(base: Rules, observed: Rules): Rules {
  const rules = noRules();
  rules.jumps = base.jumps;
  for (const table of ['nat', 'filter'] as const) {
    rules.chains[table] = new Map(observed.chains[table]);
    for (const [chain, wanted] of base.chains[table]) {
      // An empty chain of the base is one that services fill.
      if (wanted.length > 0 || !observed.chains[table].has(chain)) rules.chains[table].set(chain, wanted);
    }
  }
  return rules;
}

export function serviceKeyOf(slice: EndpointSlice): string {
  return `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel] ?? ''}`;
}
