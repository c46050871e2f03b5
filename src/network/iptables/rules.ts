// A set of iptables rules: chains of ours, and the jumps by which the built-in chains come to them.
// Rules are written as iptables-save prints them, so that what is wanted and what is there can be compared as text.
import { chainPrefix } from '../owned-names.ts';

export const tables = ['nat', 'filter'] as const;
export type Table = (typeof tables)[number];

/** The rules of a chain, without the leading "-A CHAIN ". */
export type Lines = readonly string[];

export interface Jump {
  table: Table;
  from: string;
  to: string;
}

export interface Rules {
  chains: Record<Table, Map<string, Lines>>;
  /** Of those from one chain the first stands before the others. */
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

/** What has to be written: whole chains, undefined for those that have to go, jumps that are to be taken away and those to be made. */
export interface Changes {
  chains: Record<Table, Map<string, Lines | undefined>>;
  surplus: Jump[];
  missing: Jump[];
}

/** What turns what is there into what is wanted, and nothing else. */
export function planChanges(wanted: Rules, observed: Rules): Changes {
  const chains: Changes['chains'] = { nat: new Map(), filter: new Map() };
  for (const table of tables) {
    const [there, here] = [observed.chains[table], wanted.chains[table]];
    for (const [chain, lines] of here) if (!isSame(lines, there.get(chain))) chains[table].set(chain, lines);
    for (const chain of there.keys()) if (!here.has(chain)) chains[table].set(chain, undefined);
  }
  // Their order matters: where one is missing, too many or out of place, all of that chain are made anew.
  const isDisturbed = ({ table, from }: Jump) =>
    !isSame(targetsFrom(observed, table, from), targetsFrom(wanted, table, from));
  return { chains, surplus: observed.jumps.filter(isDisturbed), missing: wanted.jumps.filter(isDisturbed) };
}

function targetsFrom({ jumps }: Rules, table: Table, from: string): string[] {
  return jumps.filter((jump) => jump.table === table && jump.from === from).map(({ to }) => to);
}

/** The input for `iptables-restore --noflush`; undefined where there is nothing to do. Each table changes at one instant. */
export function renderChanges(changes: Changes): string | undefined {
  const texts = tables.map((table) => renderTable(table, changes)).filter((text) => text !== '');
  return texts.length === 0 ? undefined : texts.join('');
}

function renderTable(table: Table, { chains, missing, surplus }: Changes): string {
  const changed = [...chains[table]];
  const isHere = (jump: Jump) => jump.table === table;
  if (changed.length === 0 && ![...missing, ...surplus].some(isHere)) return '';
  return [
    `*${table}`,
    // A chain that is declared is emptied.
    ...changed.map(([chain]) => `:${chain} - [0:0]`),
    ...surplus.filter(isHere).map(({ from, to }) => `-D ${from} -j ${to}`),
    ...changed.flatMap(([chain, lines = []]) => lines.map((line) => `-A ${chain} ${line}`)),
    ...changed.flatMap(([chain, lines]) => (lines ? [] : [`-X ${chain}`])),
    // First in the chain: a firewall's own verdicts come after ours.
    ...missing
      .filter(isHere)
      .reverse()
      .map(({ from, to }) => `-I ${from} 1 -j ${to}`),
    'COMMIT',
    '',
  ].join('\n');
}

export function isSame(one: Lines, other: Lines | undefined): boolean {
  if (one === other) return true;
  return one.length === other?.length && one.every((rule, index) => rule === other[index]);
}
