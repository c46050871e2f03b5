// Keeps the kernel's rules as the parts of the network want them: reads all of ours once, then writes what differs, change by
// change. Holds: no packet ever sees half of a change; until every part knows all it has to, nothing found is taken for stale;
// after a failure, and when others meddled, all is read again.
import type { Log } from '../../base/log.ts';
import type { Iptables } from './iptables.ts';
import {
  type Changes,
  isSame,
  type Jump,
  type Lines,
  planChanges,
  type Rules,
  renderChanges,
  type Table,
  tables,
} from './rules.ts';
import type { Believed } from './unreadable-tables.ts';
import { WriteQueue } from './write-queue.ts';

export interface ChainChange {
  table: Table;
  chain: string;
  /** Undefined where the chain has to go. */
  lines: Lines | undefined;
}

/** Who has chains of its own in the rules: services, ports of the host, policies. No two have the same chain. */
export interface RulePart {
  readonly isComplete: boolean;
  /** Its chains that are other than when it was asked last. */
  takeChanges(): Iterable<ChainChange>;
  /** The kernel has what was taken last, and this is what was written for all parts. */
  written?(changes: Changes): void;
}

export interface RuleKeeperOptions {
  /** Chains that are there from the first moment and the jumps to all; an empty chain is one that a part fills. */
  base: Rules;
  parts: readonly RulePart[];
  iptables: Iptables;
  /** The kernel's rules were other than believed, and are right now. */
  onMended?: () => void;
  log: Log;
}

export class RuleKeeper {
  readonly #options: RuleKeeperOptions;
  readonly #queue: WriteQueue;
  /** What the parts want, as far as they have said it. */
  readonly #wanted: Record<Table, Map<string, Lines>> = { nat: new Map(), filter: new Map() };
  /** Whether the kernel has all that is wanted but for what the parts have not told yet. */
  #isApplied = false;
  #wasComplete = false;
  /** How many parts knew all they have to: who comes to do so is compared with what the kernel has already. */
  #known = 0;
  #isMeddledWith = false;
  #hasFoundRules: boolean | undefined;
  readonly #whole = Promise.withResolvers<void>();

  constructor(options: RuleKeeperOptions) {
    this.#options = options;
    const { base } = options;
    for (const table of tables)
      for (const [chain, lines] of base.chains[table]) if (lines.length > 0) this.#wanted[table].set(chain, lines);
    this.#queue = new WriteQueue({ name: 'rules', log: options.log, write: () => this.#apply() });
  }

  /** Resolves when the kernel has the base and what the parts know by now. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#queue.start(signal);
  }

  /** To be called by a part that has changed. */
  change(): void {
    this.#queue.change();
  }

  /** Whether the kernel had rules of ours at the start: those of a former life, which nobody knows better than it. */
  get hasFoundRules(): boolean {
    return this.#hasFoundRules ?? false;
  }

  /** Whether the last write succeeded. */
  get isHealthy(): boolean {
    return this.#queue.isHealthy;
  }

  /** Resolves when the kernel has the rules of all parts for the first time. */
  get whole(): Promise<void> {
    return this.#whole.promise;
  }

  /** Resolves when the kernel has the rules of now; rejects where it does not take them. */
  applied(): Promise<void> {
    return this.#queue.applied();
  }

  /** Repairs what others flushed. */
  async check(): Promise<void> {
    this.#isMeddledWith = true;
    await this.applied();
  }

  async #apply(): Promise<void> {
    const { iptables, log, parts, onMended } = this.#options;
    const begun = performance.now();
    const changed = this.#takeChanges();
    const known = parts.filter((part) => part.isComplete).length;
    const isComplete = known === parts.length;
    const isChecked = this.#isMeddledWith && this.#isApplied && this.#wasComplete;
    const isDifference = this.#isApplied && known === this.#known && !this.#isMeddledWith;
    const believed = this.#isApplied ? this.#believed(changed) : undefined;
    this.#isApplied = false;
    this.#isMeddledWith = false;
    const changes = isDifference ? changed : this.#planAll(await iptables.observe(believed), isComplete);
    const input = renderChanges(changes);
    if (input && isChecked) log.warn('somebody changed our rules, putting them back');
    if (input) await iptables.restore(input);
    this.#isApplied = true;
    if (isComplete && !this.#wasComplete) log.debug('the rules are known');
    if (isComplete) this.#whole.resolve();
    this.#wasComplete = isComplete;
    this.#known = known;
    for (const part of parts) part.written?.(changes);
    if (input && !isDifference) onMended?.();
    const chains = changes.chains.nat.size + changes.chains.filter.size;
    const ms = Math.round(performance.now() - begun);
    if (input) log.debug('rules changed', { chains, bytes: input.length, ms });
  }

  #takeChanges(): Changes {
    const changes: Changes = { chains: { nat: new Map(), filter: new Map() }, missing: [], surplus: [] };
    for (const part of this.#options.parts) {
      for (const { table, chain, lines } of part.takeChanges()) {
        const before = this.#wanted[table].get(chain);
        if (lines ? isSame(lines, before) : !before) continue;
        if (lines) this.#wanted[table].set(chain, lines);
        else this.#wanted[table].delete(chain);
        changes.chains[table].set(chain, lines);
      }
    }
    return changes;
  }

  /** What the kernel was given last. */
  #believed({ chains }: Changes): Believed {
    return (table, chain) => (chains[table].has(chain) ? undefined : (this.#wanted[table].get(chain) ?? []));
  }

  #planAll(observed: Rules, isComplete: boolean): Changes {
    this.#hasFoundRules ??= observed.jumps.length > 0;
    const wanted: Rules = { chains: this.#wanted, jumps: this.#options.base.jumps };
    return planChanges(withPlaceholders(wanted, this.#options.base, isComplete ? undefined : observed), observed);
  }
}

/** All of the base's chains, empty where nobody fills them; and where not all is known yet, what was found and nobody wants. */
export function withPlaceholders(wanted: Rules, base: Rules, found: Rules | undefined): Rules {
  const chains = { nat: new Map<string, Lines>(), filter: new Map<string, Lines>() };
  for (const table of tables) {
    for (const chain of base.chains[table].keys()) chains[table].set(chain, []);
    for (const [chain, lines] of found?.chains[table] ?? []) chains[table].set(chain, lines);
    for (const [chain, lines] of wanted.chains[table]) chains[table].set(chain, lines);
  }
  const isOfBase = ({ table, from, to }: Jump) =>
    base.jumps.some((jump) => jump.table === table && jump.from === from && jump.to === to);
  // Services, which may stand elsewhere from now on, stood first.
  return { chains, jumps: [...(found?.jumps ?? []).filter((jump) => !isOfBase(jump)), ...base.jumps] };
}
