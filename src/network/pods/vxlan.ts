// The tunnel to nodes with which no link is shared: one VXLAN link, and for each such node who it is (a neighbour) and where (an
// entry of the forwarding table). Both are written by us alone: nothing is learned, nobody is asked, nothing is flooded.
import { tunnelPort } from '../../api/cluster-settings.ts';
import { execute } from '../../base/exec.ts';
import { ipJson, type Link, linkOf } from '../ip-command.ts';
import { tunnelCard, tunnelId, tunnelName, tunnelOverheadBytes, usualMtu } from '../owned-names.ts';
import { gatewayOf, type NodeWay } from './node-ways.ts';

/** The link as `ip -json -details link show` tells it. */
interface TunnelLink extends Link {
  address?: string;
  linkinfo?: { info_data?: { id?: number; port?: number; local?: string; learning?: boolean } };
}

export interface Tunnel {
  link: TunnelLink | undefined;
  neighbours: { dst: string; lladdr?: string }[];
  entries: { mac: string; dst?: string }[];
}

export interface TunnelWish {
  /** This node's own. */
  nodeAddress: string;
  podCidr: string;
  links: Link[];
  /** The nodes at the other ends; without any there is no tunnel. */
  ways: NodeWay[];
}

export interface TunnelPlan {
  /** Lines for `ip -batch`. */
  lines: string[];
  /** Lines for `bridge -batch`, to be run after them. */
  entries: string[];
  /** The link is not the one that was there: its routes went with it. */
  isAnew: boolean;
}

export async function observeTunnel(links: Link[]): Promise<Tunnel> {
  const shown = links.find(({ ifname }) => ifname === tunnelName);
  if (!shown) return { link: undefined, neighbours: [], entries: [] };
  const [[link], neighbours, entries] = await Promise.all([
    ipJson<TunnelLink>(['-details', 'link', 'show', 'dev', tunnelName]),
    ipJson<Tunnel['neighbours'][number]>(['-4', 'neighbour', 'show', 'dev', tunnelName, 'nud', 'permanent']),
    execute('bridge', ['-json', 'fdb', 'show', 'dev', tunnelName]).then(
      (text) => JSON.parse(text || '[]') as Tunnel['entries'],
    ),
  ]);
  return { link: link && { ...link, addr_info: shown.addr_info ?? [] }, neighbours, entries };
}

export async function writeEntries(lines: string[]): Promise<void> {
  if (lines.length > 0) await execute('bridge', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
}

export function planTunnel(wish: TunnelWish, { link, neighbours, entries }: Tunnel): TunnelPlan {
  const { ways, podCidr, links } = wish;
  if (ways.length === 0) return { lines: link ? [`link del ${tunnelName}`] : [], entries: [], isAnew: false };
  const gateway = gatewayOf(podCidr);
  const isRight = link !== undefined && isAsWished(link, wish);
  const found = isRight ? { neighbours, entries, link } : { neighbours: [], entries: [], link: undefined };
  const lines = link && !isRight ? [`link del ${tunnelName}`] : [];
  if (!isRight) lines.push(...linesOfLink(wish));
  const below = linkOf(wish.nodeAddress, links);
  const mtu = (below?.mtu ?? usualMtu) - tunnelOverheadBytes;
  // Without the node's address nobody knows: what is there stays until it is back.
  if (found.link?.mtu !== mtu && (below || !found.link)) lines.push(`link set ${tunnelName} mtu ${mtu}`);
  // Who speaks through the tunnel without an address of its own gets this one: pods at the other end know the way back to it.
  const present = (found.link?.addr_info ?? []).map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  for (const address of present)
    if (address !== `${gateway}/32`) lines.push(`address del ${address} dev ${tunnelName}`);
  if (!present.includes(`${gateway}/32`)) lines.push(`address add ${gateway}/32 dev ${tunnelName}`);
  if (!found.link?.flags.includes('UP')) lines.push(`link set ${tunnelName} up`);

  const wanted = ways.map(({ podCidr: range, address }) => ({
    far: gatewayOf(range),
    card: tunnelCard(gatewayOf(range)),
    address,
  }));
  for (const { dst } of found.neighbours)
    if (!wanted.some(({ far }) => far === dst)) lines.push(`neighbour del ${dst} dev ${tunnelName}`);
  for (const { far, card } of wanted) {
    if (!found.neighbours.some(({ dst, lladdr }) => dst === far && lladdr === card))
      lines.push(`neighbour replace ${far} lladdr ${card} dev ${tunnelName} nud permanent`);
  }
  return { lines, entries: planEntries(wanted, found.entries), isAnew: !isRight };
}

function planEntries(wanted: { card: string; address: string }[], present: Tunnel['entries']): string[] {
  const isWanted = ({ mac, dst }: Tunnel['entries'][number]) =>
    wanted.some(({ card, address }) => card === mac && address === dst);
  const isThere = ({ card, address }: { card: string; address: string }) =>
    present.some(({ mac, dst }) => mac === card && dst === address);
  return [
    ...present
      .filter((entry) => entry.dst && !isWanted(entry))
      .map(({ mac, dst }) => `fdb del ${mac} dev ${tunnelName} dst ${dst} self`),
    ...wanted
      .filter((one) => !isThere(one))
      .map(({ card, address }) => `fdb append ${card} dev ${tunnelName} dst ${address} self permanent`),
  ];
}

function isAsWished({ address, linkinfo }: TunnelLink, { nodeAddress, podCidr }: TunnelWish): boolean {
  const { id, port, local, learning } = linkinfo?.info_data ?? {};
  const isOurs = id === tunnelId && port === tunnelPort && local === nodeAddress && learning !== true;
  return isOurs && address === tunnelCard(gatewayOf(podCidr));
}

function linesOfLink({ nodeAddress, podCidr }: TunnelWish): string[] {
  const card = tunnelCard(gatewayOf(podCidr));
  const kind = `type vxlan id ${tunnelId} local ${nodeAddress} dstport ${tunnelPort} nolearning`;
  return [`link add ${tunnelName} address ${card} ${kind}`, `link set ${tunnelName} addrgenmode none`];
}
