// What is wanted in our table of nftables, by service, and the text that brings the kernel there: all of it, or what has changed.
//
// Elements are what a change costs, and they cost the same however many there are. Chains are few: most are shared by all
// services of the same shape. Only memories, the sets to which packets themselves add their clients, are the kernel's own.
import { createHash } from 'node:crypto';
import { type Change, Claims } from './claims.ts';

/** Of one service. */
export interface NftRules {
  chains: Map<string, readonly string[]>;
  memories: Set<string>;
  elements: NftElement[];
}

export interface NftElement {
  of: string;
  key: string;
  /** To what a map leads from there; nothing in a set. */
  value: string;
}

/** What is in the table whatever services there are. */
export interface NftLayout {
  /** Sets and maps that services fill, and what each is made of. */
  sets: Record<string, { kind: 'set' | 'map'; of: string }>;
  chains: Record<string, { hook?: string; lines: readonly string[] }>;
}

/** What the kernel has: names, and how many rules are in each chain. */
export interface FoundTable {
  chains: Map<string, number>;
  sets: Set<string>;
}

const memory = 'type ipv4_addr; size 65535; flags dynamic,timeout;';

export function noNftRules(): NftRules {
  return { chains: new Map(), memories: new Set(), elements: [] };
}

export class NftTable {
  readonly #name: string;
  readonly #layout: NftLayout;
  readonly #version: string;
  readonly #chains = new Claims();
  readonly #memories = new Claims();
  readonly #elements: Map<string, Claims>;
  readonly #byService = new Map<string, NftRules>();

  constructor(name: string, layout: NftLayout) {
    this.#name = `ip ${name}`;
    this.#layout = layout;
    this.#elements = new Map(Object.keys(layout.sets).map((set) => [set, new Claims()]));
    const hooks = Object.entries(layout.chains).map(([chain, { hook }]) => `${chain} ${hook}`);
    this.#version = `layout-${createHash('sha256')
      .update(JSON.stringify([layout.sets, hooks]))
      .digest('hex')
      .slice(0, 8)}`;
  }

  /** What the service has from now on, in place of what it had before. */
  set(service: string, rules: NftRules): void {
    const before = this.#byService.get(service) ?? noNftRules();
    for (const chain of before.chains.keys()) this.#chains.delete(service, chain);
    for (const name of before.memories) this.#memories.delete(service, name);
    for (const { of, key } of before.elements) this.#of(of).delete(service, key);
    for (const [chain, lines] of rules.chains) this.#chains.set(service, chain, lines.join('\n'));
    for (const name of rules.memories) this.#memories.set(service, name, '');
    for (const { of, key, value } of rules.elements) this.#of(of).set(service, key, value);
    if (rules.elements.length > 0) this.#byService.set(service, rules);
    else this.#byService.delete(service);
  }

  /** The input for `nft -f` that does what has changed since it was asked last, at one instant; undefined where nothing has. */
  takeChanges(): string | undefined {
    const lines = this.#render({
      chains: this.#chains.takeChanges(),
      memories: this.#memories.takeChanges(),
      elements: [...this.#elements].map(([set, claims]) => [set, claims.takeChanges()]),
    });
    return lines.length > 0 ? textOf(lines) : undefined;
  }

  /** The input that makes the table what is wanted, whatever is in it. What packets have added to memories stays. */
  renderWhole(found: FoundTable | undefined): string {
    this.takeChanges();
    // What another version made may be of other kinds than ours.
    const isOurs = found?.chains.has(this.#version) ?? false;
    const chains = new Set(isOurs ? found?.chains.keys() : []);
    const memories = new Set(isOurs ? found?.sets : []);
    for (const own of [...Object.keys(this.#layout.chains), this.#version]) chains.delete(own);
    for (const set of Object.keys(this.#layout.sets)) memories.delete(set);
    return textOf([
      ...(found && !isOurs ? [`delete table ${this.#name}`] : []),
      ...this.#renderLayout(),
      ...this.#render({
        chains: changesTo(this.#chains, chains),
        memories: changesTo(this.#memories, memories),
        elements: [...this.#elements].map(([set, claims]) => [set, changesTo(claims, new Set())]),
      }),
    ]);
  }

  /** Whether all is there by name that should be, with as many rules. */
  isSameAs(found: FoundTable): boolean {
    const chains = new Map(Object.entries(this.#layout.chains).map(([chain, { lines }]) => [chain, lines.length]));
    chains.set(this.#version, 0);
    for (const chain of this.#chains.keys()) chains.set(chain, this.#chains.get(chain)?.split('\n').length ?? 0);
    const sets = new Set([...Object.keys(this.#layout.sets), ...this.#memories.keys()]);
    return (
      chains.size === found.chains.size &&
      sets.size === found.sets.size &&
      [...sets].every((set) => found.sets.has(set)) &&
      [...chains].every(([chain, count]) => found.chains.get(chain) === count)
    );
  }

  /** The input that fails where somebody has emptied one of the sets or maps. */
  renderSamples(): string {
    const samples = [...this.#elements].flatMap(([set, claims]) => {
      const [key] = claims.keys();
      return key === undefined ? [] : [`get element ${this.#name} ${set} { ${key} }`];
    });
    return textOf(samples);
  }

  #renderLayout(): string[] {
    const chains = Object.entries(this.#layout.chains);
    return [
      `add table ${this.#name}`,
      ...Object.entries(this.#layout.sets).flatMap(([set, { kind, of }]) => [
        `add ${kind} ${this.#name} ${set} { ${of} }`,
        `flush ${kind} ${this.#name} ${set}`,
      ]),
      `add chain ${this.#name} ${this.#version}`,
      ...chains.flatMap(([chain, { hook }]) => [
        `add chain ${this.#name} ${chain}${hook ? ` { ${hook} }` : ''}`,
        `flush chain ${this.#name} ${chain}`,
      ]),
      ...chains.flatMap(([chain, { lines }]) => lines.map((line) => `add rule ${this.#name} ${chain} ${line}`)),
    ];
  }

  /** Nothing is led to before it is there, and nothing goes before what led to it. */
  #render({ chains, memories, elements }: Changes): string[] {
    const [wanted, gone] = [chains.filter(isWanted), chains.filter(isGone)];
    return [
      ...memories.filter(isNew).map(({ key }) => `add set ${this.#name} ${key} { ${memory} }`),
      ...wanted.filter(isNew).map(({ key }) => `add chain ${this.#name} ${key}`),
      ...chains.filter(wasThere).map(({ key }) => `flush chain ${this.#name} ${key}`),
      ...wanted.flatMap(({ key, now = '' }) => now.split('\n').map((line) => `add rule ${this.#name} ${key} ${line}`)),
      ...elements.flatMap(([set, changes]) => this.#renderElements(set, changes)),
      ...gone.map(({ key }) => `delete chain ${this.#name} ${key}`),
      ...memories.filter(isGone).map(({ key }) => `delete set ${this.#name} ${key}`),
    ];
  }

  #renderElements(set: string, changes: readonly Change[]): string[] {
    const surplus = changes.filter(wasThere).map(({ key }) => key);
    const missing = changes.filter(isWanted).map(({ key, now }) => (now ? `${key} : ${now}` : key));
    return [
      ...(surplus.length > 0 ? [`delete element ${this.#name} ${set} { ${surplus.join(', ')} }`] : []),
      ...(missing.length > 0 ? [`add element ${this.#name} ${set} { ${missing.join(', ')} }`] : []),
    ];
  }

  #of(set: string): Claims {
    const claims = this.#elements.get(set);
    if (!claims) throw new Error(`no set ${set} is in the layout`);
    return claims;
  }
}

interface Changes {
  chains: Change[];
  memories: Change[];
  elements: [set: string, Change[]][];
}

const isWanted = ({ now }: Change) => now !== undefined;
const wasThere = ({ before }: Change) => before !== undefined;
const isNew = (change: Change) => isWanted(change) && !wasThere(change);
const isGone = ({ now }: Change) => now === undefined;

/** From what is there by name only. */
function changesTo(claims: Claims, there: ReadonlySet<string>): Change[] {
  const keys = new Set([...claims.keys(), ...there]);
  return [...keys].map((key) => ({ key, before: there.has(key) ? '' : undefined, now: claims.get(key) }));
}

const textOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');
