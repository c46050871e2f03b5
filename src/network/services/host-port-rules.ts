// The rules by which ports of this host lead to pods.
//
//   WHERRY-HOSTPORTS  per port of the host: to its chain; what is not sent to this host goes on, and so does what asks for names:
//                     the address of DNS is on this host, but it is the cluster's
//   WHERRY-HP-x       marks what the pod sends to itself or comes from the host's loopback, then translates the destination
//
// What is marked gets the node's own address as its source: else the answer would not come back this way.
import { createHash } from 'node:crypto';
import { ipv4Address } from '../../api/traffic-rules.ts';
import type { ChainChange, RulePart } from '../iptables/rule-keeper.ts';
import type { Lines } from '../iptables/rules.ts';
import type { HostPort, PodPorts } from '../pods/host-ports.ts';
import { hostPortsChain, markChain } from './base-rules.ts';

export interface HostPortPartOptions {
  ports: { all(): Iterable<[string, PodPorts]> };
  dnsAddress: string;
  /** The kernel leads ports over UDP otherwise than before. */
  onUdpWritten: () => void;
}

/** Keeps them as the ports are whenever the rules are written. */
export function hostPortPart({ ports, dnsAddress, onUdpWritten }: HostPortPartOptions): RulePart {
  let told = new Map<string, Lines>();
  let isUdpChanged = false;
  return {
    isComplete: true,
    *takeChanges(): Iterable<ChainChange> {
      const before = told;
      told = hostPortChains(ports.all(), dnsAddress);
      isUdpChanged ||= udpIn(before) !== udpIn(told);
      for (const chain of before.keys()) if (!told.has(chain)) yield { table: 'nat', chain, lines: undefined };
      for (const [chain, lines] of told) yield { table: 'nat', chain, lines };
    },
    written(): void {
      if (isUdpChanged) onUdpWritten();
      isUdpChanged = false;
    },
  };
}

/** What the chains say of UDP. */
const udpIn = (chains: ReadonlyMap<string, Lines>): string =>
  [...chains.values()]
    .flat()
    .filter((line) => line.includes('-p udp '))
    .join();

/** The chains of the table nat. */
export function hostPortChains(pods: Iterable<[string, PodPorts]>, dnsAddress: string): Map<string, Lines> {
  const chains = new Map<string, Lines>();
  const entries: string[] = [];
  for (const [podUid, { address, ports }] of pods) {
    for (const port of ports) {
      const { protocol, hostPort, containerPort } = port;
      const chain = chainOf(podUid, port);
      const comment = `-m comment --comment "pod ${podUid}"`;
      const to = matchOf(port);
      if (to === undefined) continue;
      entries.push(`${to}-p ${protocol} -m ${protocol} --dport ${hostPort} ${comment} -j ${chain}`);
      chains.set(chain, [
        `-s ${address}/32 ${comment} -j ${markChain}`,
        `-s 127.0.0.0/8 ${comment} -j ${markChain}`,
        `-p ${protocol} ${comment} -j DNAT --to-destination ${address}:${containerPort}`,
      ]);
    }
  }
  const others = ['-m addrtype ! --dst-type LOCAL -j RETURN', `-d ${dnsAddress}/32 -j RETURN`];
  chains.set(hostPortsChain, [...others, ...entries]);
  return chains;
}

/** Undefined where no packet can come: over IPv6, which no pod has, or to what is no address. */
function matchOf({ hostIp }: HostPort): string | undefined {
  if (isAnyAddress(hostIp)) return '';
  const address = ipv4Address(hostIp);
  return address && `-d ${address}/32 `;
}

export function isAnyAddress(hostIp: string): boolean {
  return hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::';
}

/** Sixteen characters of a hash: the name of a chain may have 28 in all. */
function chainOf(podUid: string, { protocol, hostIp, hostPort }: HostPort): string {
  const text = `${podUid}/${protocol}/${hostIp}/${hostPort}`;
  return `WHERRY-HP-${createHash('sha256').update(text).digest('hex').slice(0, 16).toUpperCase()}`;
}
