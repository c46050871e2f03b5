// The rules by which ports of this host lead to pods.
//
//   WHERRY-HOSTPORTS  per port of the host: to its chain; what is not sent to this host goes on
//   WHERRY-HP-x       marks what the pod sends to itself or comes from the host's loopback, then translates the destination
//
// What is marked gets the node's own address as its source: else the answer would not come back this way.
import { createHash } from 'node:crypto';
import type { ChainChange, RulePart } from '../iptables/rule-keeper.ts';
import type { Lines } from '../iptables/rules.ts';
import type { HostPort, PodPorts } from '../pods/host-ports.ts';
import { hostPortsChain, markChain } from './base-rules.ts';

/** Keeps them as the ports are whenever the rules are written. */
export function hostPortPart(ports: { all(): Iterable<[string, PodPorts]> }): RulePart {
  let told = new Map<string, Lines>();
  return {
    isComplete: true,
    *takeChanges(): Iterable<ChainChange> {
      const now = hostPortChains(ports.all());
      for (const chain of told.keys()) if (!now.has(chain)) yield { table: 'nat', chain, lines: undefined };
      for (const [chain, lines] of now) yield { table: 'nat', chain, lines };
      told = now;
    },
  };
}

/** The chains of the table nat. */
export function hostPortChains(pods: Iterable<[string, PodPorts]>): Map<string, Lines> {
  const chains = new Map<string, Lines>();
  const entries: string[] = [];
  for (const [podUid, { address, ports }] of pods) {
    for (const port of ports) {
      const { protocol, hostIp, hostPort, containerPort } = port;
      const chain = chainOf(podUid, port);
      const comment = `-m comment --comment "pod ${podUid}"`;
      const to = isAnyAddress(hostIp) ? '' : `-d ${hostIp}/32 `;
      entries.push(`${to}-p ${protocol} -m ${protocol} --dport ${hostPort} ${comment} -j ${chain}`);
      chains.set(chain, [
        `-s ${address}/32 ${comment} -j ${markChain}`,
        `-s 127.0.0.0/8 ${comment} -j ${markChain}`,
        `-p ${protocol} ${comment} -j DNAT --to-destination ${address}:${containerPort}`,
      ]);
    }
  }
  chains.set(hostPortsChain, ['-m addrtype ! --dst-type LOCAL -j RETURN', ...entries]);
  return chains;
}

function isAnyAddress(hostIp: string): boolean {
  return hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::';
}

/** Sixteen characters of a hash: the name of a chain may have 28 in all. */
function chainOf(podUid: string, { protocol, hostIp, hostPort }: HostPort): string {
  const text = `${podUid}/${protocol}/${hostIp}/${hostPort}`;
  return `WHERRY-HP-${createHash('sha256').update(text).digest('hex').slice(0, 16).toUpperCase()}`;
}
