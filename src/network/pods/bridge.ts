// The bridge that pods are plugged into, with the node's address in the pod network and the address of the cluster's DNS.
// Pods have /32 addresses and send everything to the bridge, so what goes from pod to pod on one node is routed, not bridged:
// it passes the host's rules both ways whether or not bridged traffic does (br_netfilter), and service replies are translated back.
import type { ClusterSettings } from '../../api/cluster-settings.ts';
import { type IpBatch, ipJson, type Link, linkOf, observeLinks } from '../ip-command.ts';
import { bridgeName, cardAddress, routeProtocol, tunnelName, tunnelOverheadBytes, usualMtu } from '../owned-names.ts';
import { aliasOf, ensureSysctls, neededSysctls, observeSysctls, type Sysctls } from '../sysctls.ts';
import { ipv6Switch } from './no-ipv6.ts';
import { gatewayOf } from './node-ways.ts';

export interface BridgeWish {
  podCidr: string;
  nodeAddress: string;
  settings: ClusterSettings;
}

export interface Bridge {
  /** The node's own address in its pod network: the gateway of the pods. */
  gateway: string;
  mtu: number;
}

/** Makes the bridge as it should be and answers how it is. */
export async function ensureBridge(wish: BridgeWish, ip: IpBatch): Promise<Bridge> {
  const [links, sysctls] = await Promise.all([observeLinks(), observeSysctls(Object.keys(neededSysctls))]);
  await ip.run(planBridge(wish, links, sysctls));
  const mtu = mtuOfPods(wish, links);
  const ofIpv6 = ipv6Switch(bridgeName, mtu);
  await ensureSysctls({
    ...neededSysctls,
    [`net/ipv4/conf/${bridgeName}/send_redirects`]: '0',
    ...(ofIpv6 && { [ofIpv6]: '1' }),
  });
  // Only now, for a bridge has no routes while it is down.
  await ip.run(planServiceRoute(wish.settings, await ipJson<HostRoute>(['-4', 'route', 'show'])));
  return { gateway: gatewayOf(wish.podCidr), mtu };
}

/** The lines for `ip -batch`; none where the bridge is as it should be. */
export function planBridge(wish: BridgeWish, links: Link[], sysctls: Sysctls): string[] {
  const { podCidr, settings } = wish;
  const bridge = links.find(({ ifname }) => ifname === bridgeName);
  const mtu = mtuOfPods(wish, links);
  const gateway = gatewayOf(podCidr);
  const wanted = [`${gateway}/${podCidr.split('/')[1]}`, `${settings.dnsAddress}/32`];
  const present = (bridge?.addr_info ?? []).map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  const lines: string[] = [];
  // Its own card address: without one it would change with every pod that comes and goes.
  if (!bridge) lines.push(`link add ${bridgeName} address ${cardAddress(gateway)} type bridge`);
  if (!bridge?.ifalias) lines.push(`link set ${bridgeName} alias ${aliasOf(sysctls)}`);
  if (bridge?.mtu !== mtu) lines.push(`link set ${bridgeName} mtu ${mtu}`);
  for (const address of present) if (!wanted.includes(address)) lines.push(`address del ${address} dev ${bridgeName}`);
  for (const address of wanted) if (!present.includes(address)) lines.push(`address add ${address} dev ${bridgeName}`);
  if (!bridge?.flags.includes('UP')) lines.push(`link set ${bridgeName} up`);
  return lines;
}

/** A route as `ip -json route show` tells it. */
interface HostRoute {
  dst: string;
  dev?: string;
}

/**
 * Where the host has no default route, its own programs need one to the services: without any route a connection fails before
 * the rules see it. Where it has one, ours would hide whatever else of the world lies in the service range.
 */
export function planServiceRoute({ serviceCidr }: ClusterSettings, routes: HostRoute[]): string[] {
  const route = `${serviceCidr} dev ${bridgeName} proto ${routeProtocol}`;
  const isThere = routes.some(({ dst, dev }) => dst === serviceCidr && dev === bridgeName);
  const isWanted = !routes.some(({ dst }) => dst === 'default');
  if (isWanted === isThere) return [];
  return [isWanted ? `route add ${route}` : `route del ${route}`];
}

/**
 * That of the link by which the node is reached, less what the tunnel adds to a packet where there is one. As long as the node's
 * address is on no link, what was found out stays.
 */
function mtuOfPods({ nodeAddress }: BridgeWish, links: Link[]): number {
  const below = linkOf(nodeAddress, links);
  const bridge = links.find(({ ifname }) => ifname === bridgeName);
  if (!below && bridge) return bridge.mtu;
  const hasTunnel = links.some(({ ifname }) => ifname === tunnelName);
  return (below?.mtu ?? usualMtu) - (hasTunnel ? tunnelOverheadBytes : 0);
}
