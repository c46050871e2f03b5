// Takes back all that the network ever put into this host: names' program, rules, routes, links with their addresses, kernel
// settings. Asks the kernel what is ours, so it needs no memory of the agent, and may be run again at any time.
import { execute } from '../base/exec.ts';
import type { Log } from '../base/log.ts';
import { dnsSocketPath, endDnsProgram } from './dns/dns-keeper.ts';
import { type Link, observeLinks } from './ip-command.ts';
import { Iptables, observeFlavours } from './iptables/iptables.ts';
import { Nftables } from './nftables/nftables.ts';
import { bridgeName, isPodLinkName, probeTableName, routeProtocol, tableName, tunnelName } from './owned-names.ts';
import { observeRoutes, type Route } from './pods/routes.ts';
import { heldAddresses } from './services/balancer-addresses.ts';
import { ensureSysctls, type Sysctls, sysctlsOfAlias } from './sysctls.ts';

export interface RemovalOptions {
  /** Of the agent that there was. Its DNS program also ends when this folder is taken away. */
  dataDir?: string;
  log: Log;
}

export async function removeNetwork({ dataDir, log }: RemovalOptions): Promise<void> {
  if (dataDir !== undefined && (await endDnsProgram(dnsSocketPath(dataDir)))) log.info('the DNS program has ended');
  for (const { flavour } of await observeFlavours()) await new Iptables(flavour).clear();
  for (const table of [tableName, probeTableName]) await new Nftables(table).clear();
  const { lines, sysctls } = planRemoval(await observeLinks(), await observeRoutes());
  await ensureSysctls(sysctls);
  // The bridge goes last: its alias is the memory of the settings.
  if (lines.length > 0) await execute('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
  log.info('the pod network has been removed', { steps: lines.length, settings: Object.keys(sysctls).join(',') });
}

export function planRemoval(links: Link[], routes: Route[]): { lines: string[]; sysctls: Sysctls } {
  const bridge = links.find(({ ifname }) => ifname === bridgeName);
  const tunnel = links.find(({ ifname }) => ifname === tunnelName);
  const podLinks = links.filter(({ ifname, master }) => isPodLinkName(ifname) && (master === bridgeName || !bridge));
  return {
    lines: [
      ...routes.map(({ dst, dev }) => `route del ${dst} dev ${dev} proto ${routeProtocol}`),
      ...heldAddresses(links).map(({ address, link }) => `address del ${address}/32 dev ${link}`),
      ...podLinks.map(({ ifname }) => `link del ${ifname}`),
      ...(tunnel ? [`link del ${tunnelName}`] : []),
      ...(bridge ? [`link del ${bridgeName}`] : []),
    ],
    sysctls: sysctlsOfAlias(bridge?.ifalias),
  };
}
