// Follows services and their endpoints, and tells those that write rules what is to be served otherwise than before, whatever
// kind of rules they write. There is one of them, and what it has taken it tells as written when the kernel has it.
import { type EndpointSlice, serviceNameLabel } from '../../api/kinds/endpoint-slice.ts';
import type { Node } from '../../api/kinds/node.ts';
import type { Service } from '../../api/kinds/service.ts';
import { keyOf } from '../../api/meta.ts';
import { zoneLabel } from '../../api/node-labels.ts';
import type { Clock } from '../../base/clock.ts';
import type { Informer } from '../../client/informer.ts';
import { known } from '../known.ts';
import { type Frontend, frontendsOf } from './frontends.ts';

export interface ServiceProxyOptions {
  nodeName: string;
  services: Informer<Service>;
  slices: Informer<EndpointSlice>;
  /** This one says in which zone it is. */
  nodes: Informer<Node>;
  /** The slices of a service by its key. */
  slicesOf: (serviceKey: string) => EndpointSlice[];
  clock: Clock;
  /** The kernel has the rules of services over UDP that are other than before. */
  onUdpWritten: () => void;
}

export class ServiceProxy {
  readonly #options: ServiceProxyOptions;
  readonly #udp = new Map<string, Frontend[]>();
  #zone: string | undefined;
  /** Whether flows over UDP may lead where they should not, once the kernel has what was taken last. */
  #isUdpChanged = false;
  readonly #changed = new Set<string>();
  readonly #readyAt: (address: string) => EndpointSlice[];
  readonly #withdrawals = new Map<string, PromiseWithResolvers<void>>();
  /** Those that what was taken last is right for. */
  #settled: string[] = [];
  #isComplete = false;

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
    this.#readyAt = options.slices.indexBy((slice) =>
      slice.endpoints.flatMap(({ addresses, conditions }) => (conditions?.ready === false ? [] : addresses)),
    );
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Follows the services once all of them are known: before that a rule might be taken for stale. */
  async run({ hasRules, onChange }: { hasRules: boolean; onChange: () => void }, signal: AbortSignal): Promise<void> {
    const { services, slices, nodes, nodeName, clock } = this.#options;
    await known([services, slices, nodes], { hasRules, clock }, signal);
    nodes.onChange(({ key, object }) => {
      if (key === nodeName) this.#noteZone(object?.metadata.labels?.[zoneLabel]);
    });
    services.onChange(({ key }) => this.#changed.add(key));
    slices.onChange(({ object, previous }) => {
      for (const slice of [object, previous]) if (slice) this.#changed.add(serviceKeyOf(slice));
    });
    this.#isComplete = true;
    onChange();
    services.onChange(onChange);
    slices.onChange(onChange);
    nodes.onChange(({ key }) => key === nodeName && this.#changed.size > 0 && onChange());
  }

  /** Resolves when the rules are those of a time at which the address was ready in no service. */
  withdrawn(address: string): Promise<void> {
    const withdrawal = this.#withdrawals.get(address) ?? Promise.withResolvers<void>();
    this.#withdrawals.set(address, withdrawal);
    return withdrawal.promise;
  }

  get count(): number {
    return this.#options.services.list().length;
  }

  /** Those that changed since; all of them, if told so. One that is gone has no frontends. */
  takeChanged({ all }: { all: boolean } = { all: false }): Map<string, Frontend[]> {
    this.#settled = [...this.#withdrawals.keys()].filter((address) => this.#readyAt(address).length === 0);
    if (all) for (const service of this.#options.services.list()) this.#changed.add(keyOf(service));
    const changed = new Map([...this.#changed].map((key) => [key, this.#frontendsOf(key)]));
    this.#changed.clear();
    return changed;
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

  #noteUdp(key: string, frontends: readonly Frontend[]): void {
    const udp = frontends.filter(({ protocol }) => protocol === 'udp');
    if (udp.length > 0 || this.#udp.has(key)) this.#isUdpChanged = true;
    if (udp.length > 0) this.#udp.set(key, udp);
    else this.#udp.delete(key);
  }

  /** Who wants his traffic near is served by others then. */
  #noteZone(zone: string | undefined): void {
    if (zone === this.#zone) return;
    this.#zone = zone;
    for (const service of this.#options.services.list()) this.#changed.add(keyOf(service));
  }

  #frontendsOf(key: string): Frontend[] {
    const { services, slicesOf, nodeName } = this.#options;
    const service = services.get(key);
    const frontends = service ? frontendsOf(service, slicesOf(key), nodeName, this.#zone) : [];
    this.#noteUdp(key, frontends);
    return frontends;
  }
}

export function serviceKeyOf(slice: EndpointSlice): string {
  return `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel] ?? ''}`;
}
