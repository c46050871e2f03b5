// Shows the cluster that this node lives: its Lease is renewed every ten seconds, or four times within the time after which
// a silent node is given up, where that is shorter.
import { leases, nodeLeaseNamespace } from '../api/kinds/lease.ts';
import type { Node } from '../api/kinds/node.ts';
import { isNotFound } from '../api/status.ts';
import { Backoff } from '../base/backoff.ts';
import { type Clock, microTimestamp } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';

const longestRenewMs = 10_000;

export interface HeartbeatOptions {
  client: Client;
  clock: Clock;
  log: Log;
  nodeName: string;
  /** How long the node may be silent. */
  graceMs: number;
  /** The Node that owns the lease, as soon as it is known: with it the lease goes too. */
  node(): Node | undefined;
  /** Called with every turn, whatever came of it. */
  onTurn?(): void;
  /** Called when the master has answered. */
  onRenewed?(): void;
}

export async function runHeartbeat(options: HeartbeatOptions, signal: AbortSignal): Promise<void> {
  const { clock, log } = options;
  const backoff = new Backoff({ firstMs: 200, ceilingMs: Math.min(7_000, renewMs(options)) });
  let isLost = false;
  while (!signal.aborted) {
    options.onTurn?.();
    try {
      await renewLease(options);
      options.onRenewed?.();
      backoff.forget('renew');
      if (isLost) log.info('the heartbeat reaches the master again');
      isLost = false;
    } catch (error) {
      // Said once: a master that is away for an hour is one happening.
      if (!isLost && !signal.aborted) log.warn('the heartbeat does not reach the master', { error });
      isLost = true;
    }
    await clock.sleep(isLost ? backoff.nextMs('renew') : renewMs(options), signal).catch(() => {});
  }
}

const renewMs = ({ graceMs }: HeartbeatOptions) => Math.min(longestRenewMs, graceMs / 4);

export async function renewLease(options: HeartbeatOptions): Promise<void> {
  const { client, clock, nodeName, node } = options;
  const leaseDurationSeconds = Math.max(1, Math.ceil((4 * renewMs(options)) / 1000));
  const spec = { holderIdentity: nodeName, leaseDurationSeconds, renewTime: microTimestamp(clock.now()) };
  const ref = { namespace: nodeLeaseNamespace, name: nodeName };
  try {
    await client.patch(leases, ref, { spec });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const owner = node();
    const ownerReferences = owner?.metadata.uid
      ? [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: owner.metadata.uid }]
      : [];
    await client.create(leases, { metadata: { ...ref, ownerReferences }, spec });
  }
}
