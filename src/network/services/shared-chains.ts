// Chains to which many services contribute. What leads to a service by its address or port is spread over buckets, so that a
// packet is compared with few rules however many services there are, and one service more changes one small chain.
import type { ChainChange } from '../iptables/rule-keeper.ts';
import type { Lines, Table } from '../iptables/rules.ts';

/** Which packets a bucket is for, and the end of its chain's name. */
export interface Bucket {
  name: string;
  match: string;
}

export interface Contribution {
  table: Table;
  chain: string;
  /** The part of the chain in which the rule stands; without it the rule stands in the chain itself. */
  bucket?: Bucket;
  line: string;
}

/** By the low bits of an address, which differ even where addresses are given out in a row. */
export function bucketOfAddress(address: string): Bucket {
  const low = Number(address.slice(address.lastIndexOf('.') + 1)) & 63;
  return { name: String(low), match: `-d 0.0.0.${low}/0.0.0.63` };
}

export function bucketOfPort(protocol: string, port: number): Bucket {
  const first = port - (port % 64);
  return {
    name: `${protocol}-${first}`.toUpperCase(),
    match: `-p ${protocol} -m ${protocol} --dport ${first}:${first + 63}`,
  };
}

interface Frame {
  /** Stands before what services contribute, as long as there is any of it; and after it, always. */
  head: Lines;
  tail: Lines;
}

class SharedChain {
  readonly table: Table;
  readonly name: string;
  readonly frame: Frame;
  /** By bucket ('' for the chain itself), by service. */
  readonly buckets = new Map<string, { match: string; lines: Map<string, string[]> }>();

  constructor(table: Table, name: string, frame: Frame) {
    this.table = table;
    this.name = name;
    this.frame = frame;
  }

  chainOf(bucket: string): string {
    return bucket === '' ? this.name : `${this.name}-${bucket}`;
  }

  linesOf(bucket: string): Lines | undefined {
    const found = this.buckets.get(bucket);
    // In the order of the services' names, so that the same services always give the same chain; what two say alike is said once.
    const services = [...(found?.lines ?? [])].sort(([one], [other]) => (one < other ? -1 : 1));
    const own = [...new Set(services.flatMap(([, lines]) => lines))];
    if (bucket !== '') return found && own;
    const buckets = [...this.buckets].filter(([name]) => name !== '').sort(([one], [other]) => (one < other ? -1 : 1));
    const jumps = buckets.map(([name, { match }]) => `${match} -j ${this.chainOf(name)}`);
    const contributed = [...own, ...jumps];
    return [...(contributed.length > 0 ? this.frame.head : []), ...contributed, ...this.frame.tail];
  }
}

export class SharedChains {
  readonly #chains = new Map<string, SharedChain>();
  readonly #byService = new Map<string, readonly Contribution[]>();
  /** Names of buckets by chain. */
  readonly #changed = new Map<SharedChain, Set<string>>();

  add(table: Table, name: string, frame: Partial<Frame> = {}): this {
    const chain = new SharedChain(table, name, { head: [], tail: [], ...frame });
    this.#chains.set(name, chain);
    this.#changed.set(chain, new Set(['']));
    return this;
  }

  /** What the service contributes from now on, in place of what it did before. */
  set(service: string, contributions: readonly Contribution[]): void {
    const before = this.#byService.get(service) ?? [];
    if (contributions.length > 0) this.#byService.set(service, contributions);
    else this.#byService.delete(service);
    const said = new Set(contributions.map(textOf));
    if (before.length === contributions.length && before.every((one) => said.has(textOf(one)))) return;
    for (const one of before) this.#bucketOf(one).lines.delete(service);
    for (const one of contributions) {
      const { lines } = this.#bucketOf(one);
      lines.set(service, [...(lines.get(service) ?? []), one.line]);
    }
    for (const one of before) this.#removeIfEmpty(one);
  }

  *takeChanges(): Iterable<ChainChange> {
    for (const [chain, buckets] of this.#changed) {
      for (const bucket of buckets)
        yield { table: chain.table, chain: chain.chainOf(bucket), lines: chain.linesOf(bucket) };
    }
    this.#changed.clear();
  }

  #chainOf({ chain }: Contribution): SharedChain {
    const found = this.#chains.get(chain);
    if (!found) throw new Error(`no chain ${chain} is shared`);
    return found;
  }

  /** For a change of it. */
  #bucketOf(contribution: Contribution) {
    const chain = this.#chainOf(contribution);
    const { name = '', match = '' } = contribution.bucket ?? {};
    const bucket = chain.buckets.get(name) ?? { match, lines: new Map<string, string[]>() };
    if (!chain.buckets.has(name)) this.#mark(chain, '');
    chain.buckets.set(name, bucket);
    this.#mark(chain, name);
    return bucket;
  }

  #removeIfEmpty(contribution: Contribution): void {
    const chain = this.#chainOf(contribution);
    const { name = '' } = contribution.bucket ?? {};
    if (chain.buckets.get(name)?.lines.size !== 0) return;
    chain.buckets.delete(name);
    this.#mark(chain, '');
  }

  #mark(chain: SharedChain, bucket: string): void {
    this.#changed.set(chain, (this.#changed.get(chain) ?? new Set()).add(bucket));
  }
}

const textOf = ({ chain, line }: Contribution) => `${chain} ${line}`;
