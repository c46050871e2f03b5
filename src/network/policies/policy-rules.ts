// A plan of policies as chains of iptables' table filter. What is new passes them; replies of what was allowed once do not.
//
//   WHERRY-FORWARD ─► WHERRY-POLICY     per pod: to itself is accepted; what leaves it goes to its chain
//                       │  └─► WHERRY-POL-E…   per permit: accept what may leave, if it may enter ─► WHERRY-POL-LEAVE; else drop
//                       └────► WHERRY-POL-ENTER   per pod: what enters it goes to its chain
//                                └─► WHERRY-POL-I…   per permit: accept; else drop
//   WHERRY-POL-P…  the addresses of a set of pods, or a range with exceptions: shared by all who permit it
//
// Chains are named for what they are, not for what is in them: a pod that comes or goes changes the one small chain it stands in.
// What is the node's own (its probes, its names, pods on its network) is not forwarded, and so never comes here.
import { createHash } from 'node:crypto';
import type { Lines } from '../iptables/rules.ts';
import { policyChain } from '../services/base-rules.ts';
import type { Peer, Permit, PodVerdict, PolicyPlan, PortRange } from './policy-plan.ts';

const enterChain = 'WHERRY-POL-ENTER';
const leaveChain = 'WHERRY-POL-LEAVE';

/** Where a set is larger, its addresses stand in chains of their own, by the first three numbers. */
const flatSetSize = 32;

interface Direction {
  letter: 'I' | 'E';
  /** Whether it is the source or the destination by which a peer is known. */
  side: '-s' | '-d';
  accept: string;
}

const ingress: Direction = { letter: 'I', side: '-s', accept: '-j ACCEPT' };
const egress: Direction = { letter: 'E', side: '-d', accept: `-j ${leaveChain}` };

/** The chains of the table filter; an empty one where there is nothing to be watched. */
export function policyChains(plan: PolicyPlan): Map<string, Lines> {
  const chains = new Map<string, Lines>([[policyChain, []]]);
  if (plan.verdicts.length === 0) return chains;
  const rendered = new Chains(plan.sets, chains);
  const verdicts = [...plan.verdicts].sort((one, other) => (one.address < other.address ? -1 : 1));
  chains.set(policyChain, [
    '-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN',
    // A pod always reaches itself, by way of a service, too.
    ...verdicts.map(({ address }) => `-s ${address}/32 -d ${address}/32 -j RETURN`),
    ...verdicts.flatMap((verdict) => rendered.dispatch(verdict, 'egress')),
    `-j ${enterChain}`,
  ]);
  chains.set(
    enterChain,
    verdicts.flatMap((verdict) => rendered.dispatch(verdict, 'ingress')),
  );
  chains.set(leaveChain, [`-j ${enterChain}`, '-j ACCEPT']);
  return chains;
}

class Chains {
  readonly #sets: PolicyPlan['sets'];
  readonly #chains: Map<string, Lines>;

  constructor(sets: PolicyPlan['sets'], chains: Map<string, Lines>) {
    this.#sets = sets;
    this.#chains = chains;
  }

  /** The rule that leads to the chain of the pod's permits. Pods of which the same is said share it. */
  dispatch(verdict: PodVerdict, name: 'ingress' | 'egress'): Lines {
    const permits = verdict[name];
    if (!permits) return [];
    const [direction, own] = name === 'ingress' ? [ingress, '-d'] : [egress, '-s'];
    const chain = `WHERRY-POL-${direction.letter}${hashOf(JSON.stringify(permits))}`;
    if (!this.#chains.has(chain)) {
      const lines = permits.flatMap((permit) => this.#permit(permit, direction));
      this.#chains.set(chain, [...new Set(lines), '-j DROP']);
    }
    return [`${own} ${verdict.address}/32 -j ${chain}`];
  }

  #permit({ peers, ports }: Permit, direction: Direction): string[] {
    const matches = ports ? ports.map(matchOf) : [''];
    return matches.flatMap((match) =>
      peers ? peers.map((peer) => this.#peer(peer, match, direction)) : [`${match}${direction.accept}`],
    );
  }

  #peer(peer: Peer, match: string, direction: Direction): string {
    const { side, accept } = direction;
    if ('set' in peer) return `${match}-j ${this.#setChain(peer.set, direction)}`;
    const { block, except } = peer;
    if (except.length > 0) return `${match}-j ${this.#blockChain(block, except, direction)}`;
    return `${sideMatch(side, block)}${match}${accept}`;
  }

  #setChain(set: string, { letter, side, accept }: Direction): string {
    const chain = `WHERRY-POL-P${letter}${hashOf(set)}`;
    if (this.#chains.has(chain)) return chain;
    const addresses = this.#sets.get(set) ?? [];
    const linesFor = (some: readonly string[]) => some.map((address) => `${side} ${address}/32 ${accept}`);
    if (addresses.length <= flatSetSize) {
      this.#chains.set(chain, linesFor(addresses));
      return chain;
    }
    const byRange = [...Map.groupBy(addresses, (address) => address.slice(0, address.lastIndexOf('.')))];
    this.#chains.set(
      chain,
      byRange.map(([start]) => `${side} ${start}.0/24 -j ${chain}${hexOf(start)}`),
    );
    for (const [start, some] of byRange) this.#chains.set(`${chain}${hexOf(start)}`, linesFor(some));
    return chain;
  }

  #blockChain(block: string, except: readonly string[], { letter, side, accept }: Direction): string {
    const chain = `WHERRY-POL-P${letter}${hashOf(JSON.stringify([block, except]))}`;
    const exceptions = except.map((part) => `${sideMatch(side, part)}-j RETURN`);
    this.#chains.set(chain, [...exceptions, `${sideMatch(side, block)}${accept}`]);
    return chain;
  }
}

/** Everything matches without being told, and iptables does not repeat it. */
function sideMatch(side: string, range: string): string {
  return range === '0.0.0.0/0' ? '' : `${side} ${range} `;
}

function matchOf({ protocol, ports }: PortRange): string {
  if (!ports) return `-p ${protocol} `;
  const { first, last } = ports;
  return `-p ${protocol} -m ${protocol} --dport ${first === last ? first : `${first}:${last}`} `;
}

function hexOf(start: string): string {
  return start
    .split('.')
    .map((byte) => Number(byte).toString(16).padStart(2, '0').toUpperCase())
    .join('');
}

/** A name has 28 characters at the most: "WHERRY-POL-PI", nine of these, and six for a range of a large set. */
function hashOf(text: string): string {
  const bits = createHash('sha256').update(text).digest().readBigUInt64BE() >> 19n;
  return bits.toString(32).padStart(9, '0').toUpperCase();
}
