// What a node says of its way to the others, out of what became of asking them: the condition NetworkUnavailable. Pure.
// Holds: a node that was there before is never called unavailable because of one that joined after it.

import { tunnelPort } from '../../api/cluster-settings.ts';
import type { Node } from '../../api/kinds/node.ts';
import type { NodeWay } from './node-ways.ts';

/** What became of asking a node: "small" where only small packets come through. */
export type Answer = 'reached' | 'silent' | 'small';

export interface Finding {
  way: NodeWay;
  answer: Answer;
  /** Whether what that node asks arrives here. */
  isHeard: boolean;
}

export interface ReachVerdict {
  status: 'True' | 'False';
  reason: string;
  message: string;
}

export interface AskingNode {
  name: string;
  address: string;
  clusterCidr: string;
}

export function judge(self: AskingNode, nodes: readonly Node[], findings: readonly Finding[]): ReachVerdict {
  const faults = findings.filter(({ answer }) => answer !== 'reached');
  if (faults.length === 0)
    return { status: 'False', reason: 'PodNetworkIsUp', message: 'the pod networks of all ready nodes are reached' };
  const message = faults.map((fault) => faultOf(self, fault)).join('; ');
  const own = nodes.find(({ metadata }) => metadata.name === self.name);
  const isOlder = ({ way }: Finding) => {
    const other = nodes.find(({ metadata }) => metadata.name === way.node);
    return own !== undefined && other !== undefined && joined(other) < joined(own);
  };
  const older = findings.filter(isOlder);
  const isAlone = faults.filter(isOlder).length * 2 > older.length;
  return isAlone
    ? { status: 'True', reason: 'NodesNotReached', message }
    : { status: 'False', reason: 'SomeNodesNotReached', message };
}

const joined = ({ metadata }: Node): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;

function faultOf(self: AskingNode, { way, answer, isHeard }: Finding): string {
  const { node, address, by } = way;
  const who = `the pods of node ${node} (${address})`;
  if (by === undefined)
    return `no way leads to ${who}: its address is on no link of this node, and the cluster has --network-backend=routes`;
  if (answer === 'small')
    return `large packets are lost on the way to ${who}: some link between is smaller than this node's; give this node's link its MTU`;
  const where = isHeard ? `on ${node}` : `on ${node} and, from ${address}, on this node`;
  const means = by === 'tunnel' ? `VXLAN, UDP port ${tunnelPort}` : 'a direct route';
  return `${who} are not reached by ${means}${isHeard ? ', though they reach this node' : ''}: open it ${where}: ${rulesFor(self, by).join(', or ')}`;
}

/** What to say to a firewall, by which it is. */
function rulesFor({ address, clusterCidr }: AskingNode, by: NonNullable<NodeWay['by']>): string[] {
  if (by === 'tunnel') {
    const rule = `rule family=ipv4 source address=${address} port port=${tunnelPort} protocol=udp accept`;
    return [
      `\`iptables -I INPUT -p udp -s ${address} --dport ${tunnelPort} -j ACCEPT\``,
      `\`ufw allow proto udp from ${address} to any port ${tunnelPort}\``,
      `\`firewall-cmd --permanent --add-rich-rule='${rule}' && firewall-cmd --reload\``,
    ];
  }
  return [
    `\`iptables -I FORWARD -s ${clusterCidr} -j ACCEPT && iptables -I INPUT -s ${clusterCidr} -j ACCEPT\``,
    `\`ufw route allow from ${clusterCidr} && ufw allow from ${clusterCidr}\``,
    `\`firewall-cmd --permanent --zone=trusted --add-source=${clusterCidr} && firewall-cmd --reload\``,
    `let the network between them carry addresses of ${clusterCidr} (clouds call it source or destination check)`,
  ];
}
