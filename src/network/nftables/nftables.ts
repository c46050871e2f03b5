// Our table of nftables in the kernel, by way of the program `nft`. What others keep in theirs is never read.
import { ExecError, execute } from '../../base/exec.ts';
import type { FoundTable } from './nft-table.ts';

interface Listed {
  nftables: {
    table?: { family: string; name: string };
    chain?: { name: string };
    rule?: { chain: string };
    set?: { name: string };
    map?: { name: string };
  }[];
}

export class Nftables {
  readonly table: string;

  constructor(table: string) {
    this.table = table;
  }

  /** All of the input at one instant, or nothing. */
  async apply(input: string): Promise<void> {
    await execute('nft', ['-f', '-'], { input });
  }

  /** Whether the kernel takes it; nothing is changed by that where it only asks. */
  async takes(input: string): Promise<boolean> {
    try {
      await this.apply(input);
      return true;
    } catch (error) {
      if (error instanceof ExecError) return false;
      throw error;
    }
  }

  /** Names, but not what sets hold: that would take the longer the more services there are. */
  async observe(): Promise<FoundTable | undefined> {
    if (!(await this.#isThere())) return undefined;
    const { nftables } = await list(['-t', 'list', 'table', 'ip', this.table]);
    const found: FoundTable = { chains: new Map(), sets: new Set() };
    for (const { chain, rule, set, map } of nftables) {
      if (chain) found.chains.set(chain.name, found.chains.get(chain.name) ?? 0);
      if (rule) found.chains.set(rule.chain, (found.chains.get(rule.chain) ?? 0) + 1);
      for (const each of [set, map]) if (each) found.sets.add(each.name);
    }
    return found;
  }

  /** Takes back all that is ours. Where the program is not there nothing can have been made with it. */
  async clear(): Promise<void> {
    const isThere = await this.#isThere().catch((error: unknown) => {
      if (error instanceof ExecError) return false;
      throw error;
    });
    if (isThere) await this.apply(`delete table ip ${this.table}\n`);
  }

  async #isThere(): Promise<boolean> {
    const { nftables } = await list(['list', 'tables', 'ip']);
    return nftables.some(({ table }) => table?.family === 'ip' && table.name === this.table);
  }
}

async function list(args: string[]): Promise<Listed> {
  return JSON.parse(await execute('nft', ['-j', ...args])) as Listed;
}
