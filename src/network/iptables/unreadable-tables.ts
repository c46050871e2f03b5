// Tables that iptables-nft does not show, because somebody has put a rule of nft's own into one of them: a single one hides all that
// stands beside it. It goes on to write there. Names, jumps and numbers of rules are then had from `nft`, and what cannot be read is
// believed to be as it was written where its number of rules is. Pure.
import { chainPrefix } from '../owned-names.ts';
import { type Lines, type Rules, type Table, tables } from './rules.ts';

/** What `nft -j list table` answers. */
export interface NftListing {
  nftables: {
    chain?: { name: string };
    rule?: { chain: string; expr: { counter?: unknown; jump?: { target: string } }[] };
  }[];
}

/** What a chain was when it was written last, as far as that is known. */
export type Believed = (table: Table, chain: string) => Lines | undefined;

/** By what iptables-save says. */
export function unreadableTables(saved: string): Table[] {
  return tables.filter((table) => saved.includes(`# Table \`${table}' is incompatible`));
}

/** A rule that is like no other. */
const unread = '(unread)';

/** Adds what is ours in the table. */
export function addListed(rules: Rules, table: Table, { nftables }: NftListing, believed: Believed): void {
  const counts = new Map<string, number>();
  for (const { chain, rule } of nftables) {
    if (chain?.name.startsWith(chainPrefix)) counts.set(chain.name, 0);
    if (!rule) continue;
    if (counts.has(rule.chain)) counts.set(rule.chain, (counts.get(rule.chain) ?? 0) + 1);
    const [first, ...more] = rule.expr.filter(({ counter }) => counter === undefined);
    const to = more.length === 0 ? first?.jump?.target : undefined;
    if (to?.startsWith(chainPrefix) && !rule.chain.startsWith(chainPrefix))
      rules.jumps.push({ table, from: rule.chain, to });
  }
  for (const [chain, count] of counts) {
    const lines = believed(table, chain);
    rules.chains[table].set(chain, lines?.length === count ? lines : Array<string>(Math.max(count, 1)).fill(unread));
  }
}
