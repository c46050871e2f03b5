// Keeps our table of nftables as the services want it: made anew once at the start, changed element by element after that.
// Holds: no packet ever sees half of a change; what was found stays as it is until all services are known; after a failure, and
// when others meddled, all of it is written.
import type { Log } from '../../base/log.ts';
import { WriteQueue } from '../iptables/write-queue.ts';
import type { Frontend } from '../services/frontends.ts';
import type { NftRules, NftTable } from './nft-table.ts';
import type { Nftables } from './nftables.ts';

export interface NftKeeperOptions {
  nftables: Nftables;
  table: NftTable;
  /** Who knows the services: those that changed since, by name, and what he is told when the kernel has them. */
  source: { readonly isComplete: boolean; takeChanged(): Map<string, Frontend[]>; written(): void };
  rulesOf: (frontends: readonly Frontend[]) => NftRules;
  /** The table was other than believed, and is right now. */
  onMended: () => void;
  log: Log;
}

export class NftKeeper {
  readonly #options: NftKeeperOptions;
  readonly #queue: WriteQueue;
  readonly #whole = Promise.withResolvers<void>();
  /** Whether the kernel has all that the table held when it was written last. */
  #isApplied = false;
  #isMeddledWith = false;
  #isWhole = false;

  constructor(options: NftKeeperOptions) {
    this.#options = options;
    this.#queue = new WriteQueue({ name: 'service rules', log: options.log, write: () => this.#apply() });
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.#queue.start(signal);
  }

  /** To be called when services have changed. */
  change(): void {
    this.#queue.change();
  }

  get isHealthy(): boolean {
    return this.#queue.isHealthy;
  }

  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Resolves when the kernel has the rules of all services for the first time. */
  get whole(): Promise<void> {
    return this.#whole.promise;
  }

  /** Repairs what others flushed. */
  async check(): Promise<void> {
    this.#isMeddledWith = true;
    await this.#queue.applied();
  }

  async #apply(): Promise<void> {
    const { nftables, table, source, rulesOf, onMended, log } = this.#options;
    const begun = performance.now();
    // Who writes rules of his own meanwhile may spoil a look: it is believed when it has been seen twice.
    if (this.#isApplied && this.#isMeddledWith && !(await this.#isIntact()) && !(await this.#isIntact())) {
      log.warn('somebody changed our rules, putting them back');
      this.#isApplied = false;
    }
    this.#isMeddledWith = false;
    const changed = source.takeChanged();
    for (const [service, frontends] of changed) table.set(service, rulesOf(frontends));
    if (source.isComplete) {
      const isDifference = this.#isApplied;
      this.#isApplied = false;
      const input = isDifference ? table.takeChanges() : table.renderWhole(await nftables.observe());
      if (input) await nftables.apply(input);
      this.#isApplied = true;
      this.#isWhole = true;
      this.#whole.resolve();
      const ms = Math.round(performance.now() - begun);
      if (input) log.debug('service rules changed', { services: changed.size, bytes: input.length, ms });
      if (!isDifference) onMended();
    }
    source.written();
  }

  async #isIntact(): Promise<boolean> {
    const { nftables, table } = this.#options;
    const found = await nftables.observe();
    return found !== undefined && table.isSameAs(found) && (await nftables.takes(table.renderSamples()));
  }
}
