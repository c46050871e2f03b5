// By which way the packets for the pods of another node leave this one. Pure.
import { addressInRange, isInRange, type NetworkBackend } from '../../api/cluster-settings.ts';
import { addressOf, type Node } from '../../api/kinds/node.ts';
import { ipv4Address, ipv4Range } from '../../api/traffic-rules.ts';
import { type Link, linkOf } from '../ip-command.ts';
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
  /** This node's own. */
  nodeAddress: string;
  nodes: Node[];
  links: Link[];
  backend: NetworkBackend;
}

/** The first address of a node's pod network: the node's own there. */
export const gatewayOf = (podCidr: string): string => addressInRange(podCidr, 1);

/** For each other node that has a pod network and an address by now. */
export function nodeWays({ nodeName, nodeAddress, nodes, links, backend }: WaysObserved): NodeWay[] {
  // Wrapped packets come from this address: while its link is down they go nowhere.
  const canWrap = backend !== 'routes' && linkOf(nodeAddress, links)?.flags.includes('UP') === true;
  return nodes.flatMap((node) => {
    // One that says something else must not spoil the ways to all others.
    const address = ipv4Address(addressOf(node, 'InternalIP') ?? '');
    const podCidr = ipv4Range(node.spec.podCIDR ?? '');
    if (node.metadata.name === nodeName || !address || !podCidr) return [];
    return [
      {
        node: node.metadata.name,
        podCidr,
        address,
        by: wayTo(address, { links, canRoute: backend !== 'vxlan', canWrap }),
      },
    ];
  });
}

interface Means {
  links: Link[];
  canRoute: boolean;
  canWrap: boolean;
}

function wayTo(address: string, { links, canRoute, canWrap }: Means): NodeWay['by'] {
  // Several agents on one host share its address, and there is no way from it to itself.
  if (linkOf(address, links)) return undefined;
  const link = canRoute ? linkTo(address, links) : undefined;
  if (link) return { link };
  return canWrap && !isOnPodNetwork(address, links) ? 'tunnel' : undefined;
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
