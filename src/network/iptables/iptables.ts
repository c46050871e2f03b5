// The host's iptables, in the flavour that the host uses: legacy and nft keep separate rules, and both are obeyed.
import { ExecError, execute } from '../../base/exec.ts';
import { chainPrefix } from '../owned-names.ts';
import { noRules, parseRules, planChanges, type Rules, renderChanges } from './rules.ts';
import { addListed, type Believed, type NftListing, unreadableTables } from './unreadable-tables.ts';

/** The suffix of the programs' names: `iptables-nft-save`; none for hosts that have but one kind. */
export type Flavour = '-nft' | '-legacy' | '';

export interface FlavourState {
  flavour: Flavour;
  /** How many rules others keep in it. */
  foreignRules: number;
}

export class Iptables {
  readonly flavour: Flavour;

  constructor(flavour: Flavour) {
    this.flavour = flavour;
  }

  /** What is ours in the kernel. */
  async observe(believed: Believed = () => undefined): Promise<Rules> {
    const saved = await execute(`iptables${this.flavour}-save`, []);
    const rules = parseRules(saved);
    for (const table of unreadableTables(saved)) {
      const listed = await execute('nft', ['-j', '-t', 'list', 'table', 'ip', table]);
      addListed(rules, table, JSON.parse(listed) as NftListing, believed);
    }
    return rules;
  }

  async restore(input: string): Promise<void> {
    // Waits for the lock that legacy programs take; nft needs none.
    await execute(`iptables${this.flavour}-restore`, ['--noflush', '--wait=10'], { input });
  }

  /** Takes back all that is ours. */
  async clear(): Promise<void> {
    const input = renderChanges(planChanges(noRules(), await this.observe()));
    if (input) await this.restore(input);
  }

  /** How many rules others have, at least. */
  async countForeign(): Promise<number> {
    const saved = await execute(`iptables${this.flavour}-save`, []);
    const shown = saved.split('\n').filter((line) => line.startsWith('-A ') && !line.includes(chainPrefix));
    return shown.length + unreadableTables(saved).length;
  }
}

/** The flavours that this host has; the one first that the plain name `iptables` means. */
export async function observeFlavours(): Promise<FlavourState[]> {
  const version = await execute('iptables', ['--version']);
  const flavours: Flavour[] = version.includes('nf_tables') ? ['-nft', '-legacy'] : ['-legacy', '-nft'];
  const states = await Promise.all(flavours.map(observeFlavour));
  const found = states.filter((state) => state !== undefined);
  return found.length > 0 ? found : [{ flavour: '', foreignRules: 0 }];
}

async function observeFlavour(flavour: Flavour): Promise<FlavourState | undefined> {
  try {
    return { flavour, foreignRules: await new Iptables(flavour).countForeign() };
  } catch (error) {
    // Not installed, or not supported by this kernel.
    if (error instanceof ExecError) return undefined;
    throw error;
  }
}

/** The flavour in which others keep their rules, so that ours are in one order with theirs; in doubt the plain name's. */
export function chooseFlavour(states: FlavourState[]): Flavour {
  const [first, ...others] = states;
  const busiest = others.find(({ foreignRules }) => foreignRules > 0);
  if (first && first.foreignRules === 0 && busiest) return busiest.flavour;
  return first?.flavour ?? '';
}
