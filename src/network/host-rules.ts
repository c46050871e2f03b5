// All rules that this host gets: services in iptables or in a table of nftables, everything else in iptables, in the flavour that
// the host uses. Holds: rules of a former life go on working until those of this one lead where they led, and are gone then.
import type { ClusterSettings } from '../api/cluster-settings.ts';
import type { EndpointSlice } from '../api/kinds/endpoint-slice.ts';
import type { Node } from '../api/kinds/node.ts';
import type { Service } from '../api/kinds/service.ts';
import type { Clock } from '../base/clock.ts';
import { runBeside } from '../base/component.ts';
import type { Log } from '../base/log.ts';
import type { Informer } from '../client/informer.ts';
import { chooseFlavour, type Flavour, Iptables, observeFlavours } from './iptables/iptables.ts';
import { RuleKeeper, type RulePart } from './iptables/rule-keeper.ts';
import { NftKeeper } from './nftables/nft-keeper.ts';
import { NftTable } from './nftables/nft-table.ts';
import { Nftables } from './nftables/nftables.ts';
import { tableName } from './owned-names.ts';
import type { HostPorts } from './pods/host-ports.ts';
import { baseRules } from './services/base-rules.ts';
import { HealthCheckRules } from './services/health-check-rules.ts';
import { hostPortPart } from './services/host-port-rules.ts';
import { nftLayout, nftServiceRules } from './services/nft-service-rules.ts';
import { chooseRuleKind, type RuleKindWish } from './services/rule-kind.ts';
import { ServiceChains } from './services/service-chains.ts';
import { ServiceProxy } from './services/service-proxy.ts';
import { UdpFlows } from './services/udp-flows.ts';

export interface HostRulesOptions {
  settings: ClusterSettings;
  nodeName: string;
  nodeAddress: string;
  podCidr: string;
  services: Informer<Service>;
  slices: Informer<EndpointSlice>;
  nodes: Informer<Node>;
  slicesOf: (serviceKey: string) => EndpointSlice[];
  kindWish: RuleKindWish;
  /** Ports of this host that lead to pods. */
  hostPorts: HostPorts;
  /** Who else has rules. */
  parts: readonly RulePart[];
  clock: Clock;
  log: Log;
}

/** Who keeps rules in the kernel. */
interface Keeper {
  readonly isHealthy: boolean;
  start(signal: AbortSignal): Promise<void>;
  change(): void;
  check(): Promise<void>;
}

const againAfterMs = 30_000;

export class HostRules {
  readonly #options: HostRulesOptions;
  readonly #flows: UdpFlows;
  readonly #proxy: ServiceProxy;
  readonly #nftables = new Nftables(tableName);
  #iptables: RuleKeeper | undefined;
  #keepers: readonly Keeper[] = [];

  constructor(options: HostRulesOptions) {
    this.#options = options;
    const { settings, nodeName, services, slices, nodes, slicesOf, hostPorts, clock, log } = options;
    this.#flows = new UdpFlows({
      settings,
      frontends: () => this.#proxy.udpFrontends(),
      hostPorts: () => hostPorts.all().map(([, ports]) => ports),
      log,
    });
    const onUdpWritten = this.#checkFlows;
    this.#proxy = new ServiceProxy({ nodeName, services, slices, nodes, slicesOf, clock, onUdpWritten });
  }

  /** While rules were away, what clients sent went elsewhere, and would go on to. */
  readonly #checkFlows = () => this.#flows.check();

  /** Resolves when the kernel has the rules that are the same for all, and those of what is known by now. */
  async start(signal: AbortSignal): Promise<void> {
    const { kindWish, log } = this.#options;
    const flavours = await observeFlavours();
    const flavour = chooseFlavour(flavours);
    const { kind, because } = await chooseRuleKind(kindWish, flavour);
    log.info(`service rules go to ${kind}`, { flavour: flavour.slice(1) || 'the only one', because });
    const inTable = kind === 'nftables' ? this.#nftKeeper() : undefined;
    this.#iptables = this.#ruleKeeper(flavour, inTable);
    this.#keepers = [this.#iptables, ...(inTable ? [inTable] : [])];
    for (const keeper of this.#keepers) await keeper.start(signal);
    const former: { clear(): Promise<void> }[] = flavours
      .filter((each) => each.flavour !== flavour)
      .map((each) => new Iptables(each.flavour));
    if (!inTable) former.push(this.#nftables);
    runBeside(this.#clear(former, this.#iptables.whole, signal), signal, log, 'former rules');
    if (inTable)
      runBeside(
        inTable.whole.then(() => this.#iptables?.change()),
        signal,
        log,
        'former service rules',
      );
    // What leads where it should is known then; until then it is noted that somebody wants it known.
    runBeside(
      this.#iptables.whole.then(() => this.#flows.start(signal)),
      signal,
      log,
      'UDP flows',
    );
  }

  /** Resolves when all services are known. From then on their rules are what they are. */
  async followServices(signal: AbortSignal): Promise<void> {
    await this.#proxy.run({ hasRules: this.hasFoundRules, onChange: () => this.#change() }, signal);
  }

  /** Whether the kernel had rules of ours at the start. */
  get hasFoundRules(): boolean {
    return this.#iptables?.hasFoundRules ?? false;
  }

  /** Whether the last writes succeeded. */
  get isHealthy(): boolean {
    return this.#keepers.length > 0 && this.#keepers.every(({ isHealthy }) => isHealthy);
  }

  /** To be called when one of the other parts has changed. */
  change(): void {
    this.#iptables?.change();
  }

  /** Resolves when the kernel has the other parts' rules of now; rejects where it does not take them. */
  async applied(): Promise<void> {
    await this.#iptables?.applied();
  }

  /** Resolves when the rules are those of a time at which the address was ready in no service. */
  async withdrawn(address: string): Promise<void> {
    const isWithdrawn = this.#proxy.withdrawn(address);
    this.#change();
    await isWithdrawn;
  }

  /** Repairs what others flushed. */
  async check(): Promise<void> {
    for (const keeper of this.#keepers) await keeper.check();
  }

  #change(): void {
    for (const keeper of this.#keepers) keeper.change();
  }

  #nftKeeper(): NftKeeper {
    const { log } = this.#options;
    return new NftKeeper({
      nftables: this.#nftables,
      table: new NftTable(tableName, nftLayout(this.#options)),
      source: this.#proxy,
      rulesOf: (frontends) => nftServiceRules(frontends, this.#options),
      onMended: this.#checkFlows,
      log,
    });
  }

  #ruleKeeper(flavour: Flavour, inTable: NftKeeper | undefined): RuleKeeper {
    const { settings, podCidr, services, hostPorts, parts, log } = this.#options;
    // Services of a former life that are in iptables stay until the table leads where they led.
    const ofServices = inTable ? new TablePart(inTable) : new ServiceChains(this.#proxy, this.#options);
    const checks = new HealthCheckRules({ services, isComplete: () => this.#proxy.isComplete });
    const onUdpWritten = this.#checkFlows;
    const ofHostPorts = hostPortPart({ ports: hostPorts, dnsAddress: settings.dnsAddress, onUdpWritten });
    return new RuleKeeper({
      base: baseRules(settings, podCidr, { withServices: !inTable }),
      parts: [ofServices, checks, ofHostPorts, ...parts],
      iptables: new Iptables(flavour),
      onMended: this.#checkFlows,
      log,
    });
  }

  /** Both flavours and the table are obeyed, so what this host does not use any more goes, but not before the new rules stand. */
  async #clear(
    former: readonly { clear(): Promise<void> }[],
    whole: Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    await whole;
    for (let areCleared = false; !areCleared; ) {
      try {
        for (const each of former) await each.clear();
        areCleared = true;
      } catch (error) {
        this.#options.log.warn('rules of a former kind stay, trying again later', { error });
        await this.#options.clock.sleep(againAfterMs, signal);
      }
    }
  }
}

/** Has nothing in iptables, and completes what is there when the table is. */
class TablePart implements RulePart {
  readonly #table: NftKeeper;

  constructor(table: NftKeeper) {
    this.#table = table;
  }

  get isComplete(): boolean {
    return this.#table.isWhole;
  }

  takeChanges(): [] {
    return [];
  }
}
