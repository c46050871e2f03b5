// A set of iptables rules: chains of ours, and the jumps by which the built-in chains come to them.
// Rules are written as iptables-save prints them, so that what is wanted and what is there can be compared as text.
import { chainPrefix } from '../owned-names.ts';

export const tables = ['nat', 'filter'] as const;
type Table = (typeof tables)[number];

export interface Jump {
  table: Table;
  from: string;
  to: string;
}

export interface Rules {
  /** Rules by chain, without the leading "-A CHAIN ". */
  chains: Record<Table, Map<string, readonly string[]>>;
  jumps: Jump[];
}

export function noRules(): Rules {
  return { chains: { nat: new Map(), filter: new Map() }, jumps: [] };
}

/** Reads the output of iptables-save: what is ours in it. */
export function parseRules(saved: string): Rules {
  const rules = noRules();
  let table: Table | undefined;
  for (const line of saved.split('\n')) {
    if (line.startsWith('*')) table = tables.find((each) => line === `*${each}`);
    if (!table) continue;
    const [, declared] = /^:(\S+) /.exec(line) ?? [];
    if (declared?.startsWith(chainPrefix)) rules.chains[table].set(declared, []);
    const [, chain = '', rule = ''] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    const [, to = ''] = /^-j (\S+)$/.exec(rule) ?? [];
    if (chain.startsWith(chainPrefix)) {
      rules.chains[table].set(chain, [...(rules.chains[table].get(chain) ?? []), rule]);
    } else if (to.startsWith(chainPrefix)) rules.jumps.push({ table, from: chain, to });
  }
  return rules;
}

/**
 * The input for `iptables-restore --noflush` that turns what is there into what is wanted: whole chains where they differ,
 * nothing else. Each table changes at one instant. Undefined where there is nothing to do.
 */
export function planRestore(wanted: Rules, observed: Rules): string | undefined {
  const texts = tables.map((table) => planTable(table, wanted, observed)).filter((text) => text !== '');
  return texts.length === 0 ? undefined : texts.join('');
}

function planTable(table: Table, wanted: Rules, observed: Rules): string {
  const [there, here] = [observed.chains[table], wanted.chains[table]];
  const changed = [...here].filter(([chain, rules]) => !isSame(rules, there.get(chain)));
  const stale = [...there.keys()].filter((chain) => !here.has(chain));
  const missing = wanted.jumps.filter((jump) => jump.table === table && !hasJump(observed, jump));
  const surplus = observed.jumps.filter((jump) => jump.table === table && !hasJump(wanted, jump));
  if (changed.length + stale.length + missing.length + surplus.length === 0) return '';
  return [
    `*${table}`,
    // A chain that is declared is emptied.
    ...[...changed.map(([chain]) => chain), ...stale].map((chain) => `:${chain} - [0:0]`),
    ...surplus.map(({ from, to }) => `-D ${from} -j ${to}`),
    ...changed.flatMap(([chain, rules]) => rules.map((rule) => `-A ${chain} ${rule}`)),
    ...stale.map((chain) => `-X ${chain}`),
    // First in the chain: a firewall's own verdicts come after ours.
    ...missing.map(({ from, to }) => `-I ${from} 1 -j ${to}`),
    'COMMIT',
    '',
  ].join('\n');
}

function isSame(one: readonly string[], other: readonly string[] | undefined): boolean {
  if (one === other) return true;
  return one.length === other?.length && one.every((rule, index) => rule === other[index]);
}

function hasJump(rules: Rules, jump: Jump): boolean {
  return rules.jumps.some(({ table, from, to }) => table === jump.table && from === jump.from && to === jump.to);
}
