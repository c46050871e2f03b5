// By which way the packets for the pods of another node leave this one. Pure.
import { addressInRange, isInRange, type NetworkBackend } from '../../api/cluster-settings.ts';
import { addressOf, type Node } from '../../api/kinds/node.ts';
import type { Link } from '../ip-command.ts';
import { bridgeName, tunnelName } from '../owned-names.ts';

export interface NodeWay {
  node: string;
  /** The range of its pods. */
  podCidr: string;
  address: string;
  /** The link that both share, for a direct route; "tunnel" where packets go wrapped; undefined where no way leads. */
  by: { link: string } | 'tunnel' | undefined;
}

export interface WaysObserved {
  nodeName: string;
  nodes: Node[];
  links: Link[];
  backend: NetworkBackend;
}

/** The first address of a node's pod network: the node's own there. */
export const gatewayOf = (podCidr: string): string => addressInRange(podCidr, 1);

/** For each other node that has a pod network and an address by now. */
export function nodeWays({ nodeName, nodes, links, backend }: WaysObserved): NodeWay[] {
  return nodes.flatMap((node) => {
    const address = addressOf(node, 'InternalIP');
    const { podCIDR: podCidr } = node.spec;
    if (node.metadata.name === nodeName || !address || !podCidr) return [];
    return [{ node: node.metadata.name, podCidr, address, by: wayTo(address, links, backend) }];
  });
}

function wayTo(address: string, links: Link[], backend: NetworkBackend): NodeWay['by'] {
  // Several agents on one host share its address, and there is no way from it to itself.
  if (links.some(({ addr_info }) => addr_info?.some(({ local }) => local === address))) return undefined;
  const link = backend === 'vxlan' ? undefined : linkTo(address, links);
  if (link) return { link };
  return backend === 'routes' || isOnPodNetwork(address, links) ? undefined : 'tunnel';
}

/** Who names an address of the pod network as its own would be wrapped into itself. */
function isOnPodNetwork(address: string, links: Link[]): boolean {
  const bridge = links.find(({ ifname }) => ifname === bridgeName);
  return (bridge?.addr_info ?? []).some(({ local, prefixlen }) => isInRange(address, `${local}/${prefixlen}`));
}

/** The link in whose network the address lies, the narrowest if there are several. */
function linkTo(address: string, links: Link[]): string | undefined {
  const networks = links
    .filter(({ ifname, flags }) => ifname !== bridgeName && ifname !== tunnelName && flags.includes('UP'))
    .flatMap(({ ifname, addr_info }) => (addr_info ?? []).map((own) => ({ ifname, ...own })))
    .filter(({ local, prefixlen }) => isInRange(address, `${local}/${prefixlen}`));
  return networks.sort((one, other) => other.prefixlen - one.prefixlen)[0]?.ifname;
}
