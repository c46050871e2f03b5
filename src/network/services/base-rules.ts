// The rules that are the same for all services: the way from the built-in chains to ours, forwarding, masquerading. Where services
// stand in a table of nftables (see nft-service-rules.ts) those that lead to them are left out.
//
//   nat     PREROUTING, OUTPUT -> WHERRY-SERVICES, WHERRY-NODEPORTS (see service-rules.ts)
//                              -> WHERRY-HOSTPORTS -> WHERRY-HP-... (see host-port-rules.ts)
//           POSTROUTING -> WHERRY-POSTROUTING: masquerade what is marked, and pods that speak to the world outside or to themselves
//   filter  INPUT, FORWARD, OUTPUT -> WHERRY-REFUSED: services that nobody serves; INPUT -> WHERRY-INPUT: pods may ask DNS,
//           and nobody reaches the host's loopback addresses from outside; INPUT -> WHERRY-CHECKS: load balancers may ask for health
//           FORWARD -> WHERRY-FORWARD -> WHERRY-POLICY: what network policies forbid is dropped (see policies/policy-rules.ts);
//           the rest from and to pods is accepted, whatever the host's own rules say
import type { ClusterSettings } from '../../api/cluster-settings.ts';
import { type Jump, noRules, type Rules } from '../iptables/rules.ts';
import { masqueradeMark, reachPort } from '../owned-names.ts';

export const servicesChain = 'WHERRY-SERVICES';
export const nodePortsChain = 'WHERRY-NODEPORTS';
export const hostPortsChain = 'WHERRY-HOSTPORTS';
export const refusedChain = 'WHERRY-REFUSED';
export const hairpinChain = 'WHERRY-HAIRPIN';
/** What policies forbid is dropped in it; what they do not goes on. */
export const policyChain = 'WHERRY-POLICY';
export const checksChain = 'WHERRY-CHECKS';
export const markChain = 'WHERRY-MARK';
const postroutingChain = 'WHERRY-POSTROUTING';
const forwardChain = 'WHERRY-FORWARD';
const inputChain = 'WHERRY-INPUT';

const jumps: Jump[] = [
  { table: 'nat', from: 'PREROUTING', to: hostPortsChain },
  { table: 'nat', from: 'OUTPUT', to: hostPortsChain },
  { table: 'nat', from: 'POSTROUTING', to: postroutingChain },
  { table: 'filter', from: 'FORWARD', to: forwardChain },
  { table: 'filter', from: 'INPUT', to: inputChain },
  { table: 'filter', from: 'INPUT', to: checksChain },
];

/** They stand before the others: services without endpoints are refused before anything is accepted. */
const serviceJumps: Jump[] = [
  { table: 'nat', from: 'PREROUTING', to: servicesChain },
  { table: 'nat', from: 'OUTPUT', to: servicesChain },
  { table: 'filter', from: 'INPUT', to: refusedChain },
  { table: 'filter', from: 'FORWARD', to: refusedChain },
  { table: 'filter', from: 'OUTPUT', to: refusedChain },
];

const isMarked = `-m mark --mark ${masqueradeMark}/${masqueradeMark}`;

/** All but the services: where they stand in iptables, too, their chains are there, and empty. */
export function baseRules(
  { clusterCidr, dnsAddress }: ClusterSettings,
  podCidr: string,
  { withServices }: { withServices: boolean },
): Rules {
  const rules = noRules();
  const { nat, filter } = rules.chains;
  nat.set(markChain, [`-j MARK --set-xmark ${masqueradeMark}/${masqueradeMark}`]);
  nat.set(postroutingChain, [
    `-s ${podCidr} ! -d ${clusterCidr} -j MASQUERADE --random-fully`,
    `-s ${podCidr} -d ${podCidr} -j ${hairpinChain}`,
    `-m mark ! --mark ${masqueradeMark}/${masqueradeMark} -j RETURN`,
    // The mark is taken off: the packet may come by again on its way through a tunnel.
    `-j MARK --set-xmark ${masqueradeMark}/0x0`,
    '-j MASQUERADE --random-fully',
  ]);
  nat.set(hostPortsChain, []);
  // Led to in either case: a change from the one kind of rules to the other leaves pods that ask themselves no gap.
  nat.set(hairpinChain, []);
  if (withServices) {
    nat.set(servicesChain, []);
    nat.set(nodePortsChain, []);
    filter.set(refusedChain, []);
  }
  filter.set(checksChain, []);
  filter.set(policyChain, []);
  filter.set(inputChain, [
    `-s ${clusterCidr} -d ${dnsAddress}/32 -p udp -m udp --dport 53 -j ACCEPT`,
    `-s ${clusterCidr} -d ${dnsAddress}/32 -p tcp -m tcp --dport 53 -j ACCEPT`,
    `-s ${clusterCidr} -d ${podCidr} -p udp -m udp --dport ${reachPort} -j ACCEPT`,
    // The bridge routes loopback addresses, so that ports of the host are there for the host itself, too: for nobody else.
    '! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP',
  ]);
  filter.set(forwardChain, [
    // What the connection tracking takes for no part of a connection would leave with a pod's bare address and end the connection.
    `-s ${clusterCidr} -m conntrack --ctstate INVALID -j DROP`,
    // Here, and not by a jump of its own: nothing may ever be accepted before.
    `-j ${policyChain}`,
    `${isMarked} -j ACCEPT`,
    `-s ${clusterCidr} -j ACCEPT`,
    `-d ${clusterCidr} -j ACCEPT`,
    '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  ]);
  rules.jumps = withServices ? [...serviceJumps, ...jumps] : jumps;
  return rules;
}
