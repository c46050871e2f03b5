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

/** Who made a route, as `ip route show proto 87` lists them: "W". */
export const routeProtocol = 87;

export const chainPrefix = 'WHERRY-';

/** The bit of the packet mark by which the address translation knows what it has to masquerade. */
export const masqueradeMark = '0x4000';

/** How an address of a load balancer is known on a link: the kernel takes fifteen characters. */
export function balancerLabel(linkName: string): string {
  return `${linkName}:wh`.slice(0, 15);
}

export function isBalancerLabel(linkName: string, label: string | undefined): boolean {
  return label !== undefined && label !== linkName && label === balancerLabel(linkName);
}
