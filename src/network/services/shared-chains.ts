// Chains to which many services contribute. What leads to a service by its address or port is spread over buckets, and buckets
// within buckets, so that a packet is compared with few rules however many services there are, and one service changes one small chain.
import type { ChainChange } from '../iptables/rule-keeper.ts';
import type { Lines, Table } from '../iptables/rules.ts';

/** Which packets a bucket is for, and the end of its chain's name. */
export interface Bucket {
  name: string;
  match: string;
  /** What it is a part of; without it that is the chain itself. */
  within?: Bucket;
}

export interface Contribution {
  table: Table;
  chain: string;
  /** The part of the chain in which the rule stands; without it the rule stands in the chain itself. */
  bucket?: Bucket;
  line: string;
}

/** By the low bits of an address, which differ even where addresses are given out in a row: first four of them, then four more. */
export function bucketOfAddress(address: string): Bucket {
  const byte = Number(address.slice(address.lastIndexOf('.') + 1));
  const [low, high] = [byte & 15, byte >> 4];
  const within = { name: String(low), match: `-d 0.0.0.${low}/0.0.0.15` };
  return { name: `${low}-${high}`, match: `-d 0.0.0.${high << 4}/0.0.0.240`, within };
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

/** What stands in one of its chains. */
interface Part {
  bucket: Bucket | undefined;
  /** By service. */
  lines: Map<string, string[]>;
  /** Names of the parts to which it leads. */
  within: Set<string>;
}

class SharedChain {
  readonly table: Table;
  readonly name: string;
  readonly frame: Frame;
  /** By the name of the bucket; '' is the chain itself. */
  readonly parts = new Map<string, Part>();

  constructor(table: Table, name: string, frame: Frame) {
    this.table = table;
    this.name = name;
    this.frame = frame;
    this.parts.set('', { bucket: undefined, lines: new Map(), within: new Set() });
  }

  chainOf(part: string): string {
    return part === '' ? this.name : `${this.name}-${part}`;
  }

  linesOf(name: string): Lines | undefined {
    const part = this.parts.get(name);
    if (!part) return undefined;
    // In the order of the services' names, so that the same services always give the same chain; what two say alike is said once.
    const services = [...part.lines].sort(([one], [other]) => (one < other ? -1 : 1));
    const own = [...new Set(services.flatMap(([, lines]) => lines))];
    const jumps = [...part.within]
      .sort()
      .map((inner) => `${this.parts.get(inner)?.bucket?.match} -j ${this.chainOf(inner)}`);
    const contributed = [...own, ...jumps];
    if (name !== '') return contributed;
    return [...(contributed.length > 0 ? this.frame.head : []), ...contributed, ...this.frame.tail];
  }
}

export class SharedChains {
  readonly #chains = new Map<string, SharedChain>();
  readonly #byService = new Map<string, readonly Contribution[]>();
  /** Names of parts by chain. */
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
    for (const one of before) this.#partFor(one).lines.delete(service);
    for (const one of contributions) {
      const { lines } = this.#partFor(one);
      lines.set(service, [...(lines.get(service) ?? []), one.line]);
    }
    for (const one of before) this.#removeIfEmpty(this.#chainOf(one), one.bucket);
  }

  *takeChanges(): Iterable<ChainChange> {
    for (const [chain, parts] of this.#changed) {
      for (const part of parts) yield { table: chain.table, chain: chain.chainOf(part), lines: chain.linesOf(part) };
    }
    this.#changed.clear();
  }

  #chainOf({ chain }: Contribution): SharedChain {
    const found = this.#chains.get(chain);
    if (!found) throw new Error(`no chain ${chain} is shared`);
    return found;
  }

  /** For a change of it. */
  #partFor(contribution: Contribution): Part {
    const chain = this.#chainOf(contribution);
    this.#mark(chain, contribution.bucket?.name ?? '');
    return this.#ensurePart(chain, contribution.bucket);
  }

  #ensurePart(chain: SharedChain, bucket: Bucket | undefined): Part {
    const name = bucket?.name ?? '';
    const known = chain.parts.get(name);
    if (known) return known;
    const part: Part = { bucket, lines: new Map(), within: new Set() };
    chain.parts.set(name, part);
    this.#ensurePart(chain, bucket?.within).within.add(name);
    this.#mark(chain, bucket?.within?.name ?? '');
    return part;
  }

  #removeIfEmpty(chain: SharedChain, bucket: Bucket | undefined): void {
    if (!bucket) return;
    const part = chain.parts.get(bucket.name);
    if (!part || part.lines.size > 0 || part.within.size > 0) return;
    chain.parts.delete(bucket.name);
    this.#mark(chain, bucket.name);
    chain.parts.get(bucket.within?.name ?? '')?.within.delete(bucket.name);
    this.#mark(chain, bucket.within?.name ?? '');
    this.#removeIfEmpty(chain, bucket.within);
  }

  #mark(chain: SharedChain, part: string): void {
    this.#changed.set(chain, (this.#changed.get(chain) ?? new Set()).add(part));
  }
}

const textOf = ({ chain, line }: Contribution) => `${chain} ${line}`;
