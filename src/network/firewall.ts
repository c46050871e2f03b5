// What this host's own firewall does to connections from other hosts. Looks only, and loads nothing into the kernel.
import { existsSync, readFileSync } from 'node:fs';
import { ExecError, execute } from '../base/exec.ts';

export interface PortNeed {
  protocol: 'tcp' | 'udp';
  port: number;
  /** What does not work without. */
  for: string;
}

/** Those of the ports to which no host may come. */
export async function observeClosedPorts(needs: readonly PortNeed[]): Promise<PortNeed[]> {
  const closed = closedPorts(await execute('iptables', ['--wait=10', '-S']), needs);
  if (!(await succeeds('firewall-cmd', ['--state']))) return closed;
  const unopened = await Promise.all(
    needs.map(async (need) =>
      (await succeeds('firewall-cmd', [`--query-port=${need.port}/${need.protocol}`])) ? [] : [need],
    ),
  );
  return needs.filter((need) => closed.includes(need) || unopened.flat().includes(need));
}

/** Whether rules are kept in both of the kernel's tables: what the one lets pass the other may drop. */
export async function observeMixedFlavours(): Promise<boolean> {
  const isNft = (await execute('iptables', ['--version'])).includes('nf_tables');
  const legacyTables = '/proc/net/ip_tables_names';
  if (!isNft || !existsSync(legacyTables) || readFileSync(legacyTables, 'utf8').trim() === '') return false;
  return (await execute('iptables-legacy-save', []).catch(() => '')).split('\n').some((line) => line.startsWith('-A'));
}

async function succeeds(program: string, args: string[]): Promise<boolean> {
  try {
    await execute(program, args, { timeoutMs: 10_000 });
    return true;
  } catch (error) {
    if (error instanceof ExecError) return false;
    throw error;
  }
}

type Verdict = 'accept' | 'drop' | undefined;

/** Of the ports those to which a first packet from another host does not come, by what `iptables -S` says. */
export function closedPorts(rules: string, needs: readonly PortNeed[]): PortNeed[] {
  const lines = rules.split('\n').map((line) => line.split(' '));
  const policy = lines.find(([command, chain]) => command === '-P' && chain === 'INPUT')?.[2];
  const chains = Map.groupBy(
    lines.filter(([command]) => command === '-A'),
    ([, chain = '']) => chain,
  );
  const verdictIn = (chain: string, need: PortNeed, depth = 0): Verdict => {
    for (const rule of chains.get(chain) ?? []) {
      if (!mayMatch(rule, need)) continue;
      const target = after(rule, '-j') ?? after(rule, '-g') ?? '';
      if (target === 'ACCEPT') return 'accept';
      if (target === 'RETURN') return undefined;
      // One that is for some senders only leaves others.
      if (target === 'DROP' || target === 'REJECT') {
        if (!rule.includes('-s') && !rule.includes('!')) return 'drop';
      } else if (chains.has(target) && depth < 20) {
        const verdict = verdictIn(target, need, depth + 1);
        if (verdict) return verdict;
      }
    }
    return undefined;
  };
  return needs.filter((need) => (verdictIn('INPUT', need) ?? (policy === 'DROP' ? 'drop' : 'accept')) === 'drop');
}

/** Whether the first packet to the port may be meant; what is not understood may be. */
function mayMatch(rule: readonly string[], { protocol, port }: PortNeed): boolean {
  const wanted = after(rule, '-p');
  if (wanted !== undefined && wanted !== protocol && wanted !== 'all') return false;
  if (after(rule, '-i') === 'lo' || rule.includes('--icmp-type')) return false;
  const states = after(rule, '--ctstate') ?? after(rule, '--state');
  if (states !== undefined && !states.split(',').includes('NEW')) return false;
  if (['LOCAL', undefined].indexOf(after(rule, '--dst-type')) === -1) return false;
  const ports = after(rule, '--dport') ?? after(rule, '--dports');
  return ports === undefined || ports.split(',').some((range) => includes(range, port));
}

function includes(range: string, port: number): boolean {
  const [first = '', last = first] = range.split(':');
  return Number(first) <= port && port <= Number(last);
}

function after(rule: readonly string[], flag: string): string | undefined {
  const index = rule.indexOf(flag);
  // "! -p tcp" is all but that.
  return index === -1 || rule[index - 1] === '!' ? undefined : rule[index + 1];
}
