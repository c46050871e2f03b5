// The names by which everything that we put into a host's network is known, so that it can be listed and taken back.

/** The bridge to which the pods of a node are plugged. */
export const bridgeName = 'wherry0';

/** The host's end of a pod's link is named for the pod's address: "wh" and eight hexadecimal digits. */
export function podLinkName(address: string): string {
  const bytes = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return `wh${bytes.join('')}`;
}

export function isPodLinkName(name: string): boolean {
  return /^wh[0-9a-f]{8}$/.test(name);
}

/** A card's address that follows from the IP address: who takes over one takes over the other, and no neighbour is stale. */
export function cardAddress(address: string): string {
  const bytes = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return `0a:58:${bytes.join(':')}`;
}

/** The link by which packets go wrapped to nodes with which no link is shared. */
export const tunnelName = 'wherry-vxlan';

/** Its card's address follows from the node's pod network, so that the other nodes know it without asking. */
export function tunnelCard(gateway: string): string {
  return cardAddress(gateway).replace(/^0a/, '0e');
}

/** What tells our packets from those of others on the same port: "W", as below. */
export const tunnelId = 87;

/** The UDP port by which nodes ask each other, inside the pod network, whether they are reached. */
export const reachPort = 8473;

/** That of Ethernet, where the link cannot be asked. */
export const usualMtu = 1500;

/** Ethernet, IP, UDP and VXLAN headers around each packet. */
export const tunnelOverheadBytes = 50;

/** Who made a route, as `ip route show proto 87` lists them: "W". */
export const routeProtocol = 87;

export const chainPrefix = 'WHERRY-';

/** Our table of nftables, where services stand in one; and one that is made to see whether that works. */
export const tableName = 'wherry';
export const probeTableName = 'wherry-probe';

/** The bit of the packet mark by which the address translation knows what it has to masquerade. */
export const masqueradeMark = '0x4000';

/** The kernel takes so many characters for the name of a link, and for the label of an address, which begins with that name. */
const longestLabel = 15;
const balancerMetric = 87;

/** How an address of a load balancer is marked on a link: by a label, or, where the link's name leaves no room for one, by a metric. */
export function balancerMark(linkName: string): string {
  return hasLabel(linkName) ? `label ${balancerLabel(linkName)}` : `metric ${balancerMetric}`;
}

export function isBalancerMarked(linkName: string, { label, metric }: { label?: string; metric?: number }): boolean {
  return hasLabel(linkName) ? label === balancerLabel(linkName) : metric === balancerMetric;
}

const hasLabel = (linkName: string): boolean => linkName.length < longestLabel;
const balancerLabel = (linkName: string): string => `${linkName}:wh`.slice(0, longestLabel);
