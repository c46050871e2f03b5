// The rules of one service, and of all services together.
//
//   WHERRY-SERVICES   one rule per cluster address and port, in the end to WHERRY-NODEPORTS for what is sent to this host itself
//   WHERRY-NODEPORTS  per node port: mark, then to the service's chain
//   WHERRY-SVC-x      marks what does not come from a pod, then one of the backends by chance
//   WHERRY-SEP-x      a backend: marks a pod that reaches itself, then translates the destination
//   WHERRY-REJECT     one rule per address, port and node port without any backend
//
// What is marked gets the node's own address as its source on the way out, so that answers come back this way.
import { createHash } from 'node:crypto';
import type { ClusterSettings } from '../../api/cluster-settings.ts';
import { markChain, nodePortsChain, rejectChain, servicesChain } from './base-rules.ts';
import type { Backend, Frontend } from './frontends.ts';
import type { Rules } from './rules.ts';

/** What one service contributes: chains of its own, and lines to the shared ones. */
export interface ServiceRules {
  chains: Map<string, string[]>;
  services: string[];
  nodePorts: string[];
  rejects: string[];
}

export function serviceRules(frontends: Frontend[], settings: ClusterSettings): ServiceRules {
  const rules: ServiceRules = { chains: new Map(), services: [], nodePorts: [], rejects: [] };
  // On the DNS address this host answers by itself; a service of that address is there only to be seen.
  for (const frontend of frontends.filter(({ clusterIp }) => clusterIp !== settings.dnsAddress)) {
    if (frontend.backends.length === 0) addRejects(rules, frontend);
    else addTranslation(rules, frontend, settings);
  }
  return rules;
}

function addRejects({ rejects }: ServiceRules, frontend: Frontend): void {
  // The kernel sends few ICMP errors a second to one client, the rest would wait in vain; resets it does not count.
  const answer = frontend.protocol === 'tcp' ? 'tcp-reset' : 'icmp-port-unreachable';
  const verdict = `${commentOf(frontend)} -j REJECT --reject-with ${answer}`;
  rejects.push(`${toClusterIp(frontend)} ${verdict}`);
  if (frontend.nodePort) rejects.push(`${toNodePort(frontend)} -m addrtype --dst-type LOCAL ${verdict}`);
}

function addTranslation(rules: ServiceRules, frontend: Frontend, { clusterCidr }: ClusterSettings): void {
  const { name, protocol, backends, nodePort } = frontend;
  const comment = commentOf(frontend);
  const chain = `WHERRY-SVC-${hashOf(`${name}/${protocol}`)}`;
  const endpoints = backends.map((backend) => ({ ...backend, chain: backendChain(frontend, backend) }));
  rules.services.push(`${toClusterIp(frontend)} ${comment} -j ${chain}`);
  if (nodePort) {
    rules.nodePorts.push(`${toNodePort(frontend)} ${comment} -j ${markChain}`);
    rules.nodePorts.push(`${toNodePort(frontend)} ${comment} -j ${chain}`);
  }
  rules.chains.set(chain, [
    `! -s ${clusterCidr} ${toClusterIp(frontend)} -j ${markChain}`,
    ...endpoints.map((endpoint, index) => `${chanceOf(endpoints.length - index)}-j ${endpoint.chain}`),
  ]);
  for (const { chain: endpointChain, address, port } of endpoints) {
    rules.chains.set(endpointChain, [
      `-s ${address}/32 ${comment} -j ${markChain}`,
      `-p ${protocol} ${comment} -j DNAT --to-destination ${address}:${port}`,
    ]);
  }
}

/** Adds what the services contribute to the rules that are the same for all. */
export function addServices(base: Rules, services: Iterable<ServiceRules>): Rules {
  const nat = new Map(base.chains.nat);
  const filter = new Map(base.chains.filter);
  const shared = { services: [] as string[], nodePorts: [] as string[], rejects: [] as string[] };
  for (const service of services) {
    for (const [chain, rules] of service.chains) nat.set(chain, rules);
    shared.services.push(...service.services);
    shared.nodePorts.push(...service.nodePorts);
    shared.rejects.push(...service.rejects);
  }
  // Not on the loopback addresses: what comes from there must not leave the host, so it could not be answered.
  const toThisHost = `! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j ${nodePortsChain}`;
  nat.set(servicesChain, [...shared.services, toThisHost]);
  nat.set(nodePortsChain, shared.nodePorts);
  const onlyNew = shared.rejects.length > 0 ? ['-m conntrack ! --ctstate NEW -j RETURN'] : [];
  filter.set(rejectChain, [...onlyNew, ...shared.rejects]);
  return { chains: { nat, filter }, jumps: base.jumps };
}

const toClusterIp = ({ clusterIp, protocol, port }: Frontend) =>
  `-d ${clusterIp}/32 -p ${protocol} -m ${protocol} --dport ${port}`;

const toNodePort = ({ protocol, nodePort }: Frontend) => `-p ${protocol} -m ${protocol} --dport ${nodePort}`;

const commentOf = ({ name }: Frontend) => `-m comment --comment "${name}"`;

const backendChain = ({ name, protocol }: Frontend, { address, port }: Backend) =>
  `WHERRY-SEP-${hashOf(`${name}/${protocol}/${address}:${port}`)}`;

/** One in so many, as the kernel keeps it: in steps of 2^-31. The last one takes what is left. */
function chanceOf(count: number): string {
  if (count === 1) return '';
  const probability = Math.round(2 ** 31 / count) / 2 ** 31;
  return `-m statistic --mode random --probability ${probability.toFixed(11)} `;
}

/** Sixteen characters: the name of a chain may have 28 in all. */
function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16).toUpperCase();
}
