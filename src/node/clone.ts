// A machine that was copied with the key of a node: two of them would take pods, addresses and routes from each other in turn. The one
// that starts looks whether the other one lives, and then does not go on.
import { leases, nodeLeaseNamespace } from '../api/kinds/lease.ts';
import { addressOf, type Node, nodes } from '../api/kinds/node.ts';
import { isNotFound } from '../api/status.ts';
import type { Clock } from '../base/clock.ts';
import type { Client } from '../client/client.ts';

export class CloneError extends Error {}

export interface ThisMachine {
  client: Client;
  nodeName: string;
  address: string;
  /** Made by the kernel at each boot. */
  bootId: string;
  clock: Clock;
}

/** Longer than it takes from one heartbeat to the next. */
const heartbeatWithinMs = 12_000;
const lookEveryMs = 1_000;
const freshMs = 45_000;

/** Throws CloneError. Costs nothing but a look, unless this machine has just booted or changed its address. */
export async function refuseClone(machine: ThisMachine, signal: AbortSignal): Promise<void> {
  const { client, nodeName, clock } = machine;
  const node = await client.get(nodes, { name: nodeName }).catch(unlessNotFound);
  if (!node || isThisMachine(node, machine)) return;
  const ref = { namespace: nodeLeaseNamespace, name: nodeName };
  const lease = await client.get(leases, ref).catch(unlessNotFound);
  const renewedMs = Date.parse(lease?.spec.renewTime ?? '');
  if (!lease || !(Math.abs(clock.now() - renewedMs) < freshMs)) return;
  // To watch its lease is no right of a node's.
  for (let waitedMs = 0; waitedMs < heartbeatWithinMs; waitedMs += lookEveryMs) {
    await clock.sleep(lookEveryMs, signal);
    const now = await client.get(leases, ref).catch(unlessNotFound);
    if (now && now.metadata.resourceVersion !== lease.metadata.resourceVersion) throw aliveElsewhere(node);
  }
}

function isThisMachine(node: Node, { bootId, address }: ThisMachine): boolean {
  const known = node.status.nodeInfo?.bootID;
  if (!known) return true;
  return known === bootId && addressOf(node, 'InternalIP') === address;
}

function aliveElsewhere(node: Node): CloneError {
  const { name } = node.metadata;
  return new CloneError(
    `the node ${name} lives on another machine (${addressOf(node, 'InternalIP') ?? 'of no address'}): this one seems to be a copy of it and has its key. Remove the agent's data here (/var/lib/wherry/agent), and join with a token under a name of its own (--node-name)`,
  );
}

function unlessNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}
