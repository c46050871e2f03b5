// What a controller is, and what it is given. One controller is one file: it observes through informers, plans with a
// pure function, and does the steps; its WorkQueue runs it when something changed.
import type { AddressRange } from '../api/address-range.ts';
import type { ClusterSettings } from '../api/cluster-settings.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Client } from '../client/client.ts';
import type { EventRecorder } from '../client/event-recorder.ts';
import type { Informers } from '../client/informers.ts';
import type { WorkQueue, WorkQueueOptions } from '../client/work-queue.ts';
import type { Authority } from '../pki/authority.ts';
import type { TokenKey } from '../pki/token-key.ts';

export interface ControllerContext {
  client: Client;
  informers: Informers;
  log: Log;
  clock: Clock;
  settings: ClusterSettings;
  /** Signs the certificates of the API's clients. */
  authority: Authority;
  /** Signs the certificates of agents as servers. */
  agentAuthority: Authority;
  /** Signs the tokens of service accounts. */
  tokenKey: TokenKey;
  /** Where a loop counts what only it knows. */
  metrics: Metrics;
  /** The queue of a loop, which tells of itself in the metrics. */
  workQueue(options: WorkQueueOptions): WorkQueue;
  /** Writes events in the name of a component, as "deployment-controller". */
  recorder(component: string): EventRecorder;
  /** From what services of type LoadBalancer get addresses. */
  loadBalancers: { pool: readonly AddressRange[]; reservedPorts: ReadonlySet<string> };
  /** The folder of manifests that are kept applied, and whether the objects of a file go with it. */
  manifests: { folder: string; prunes: boolean };
  /** How long a node may be silent before it counts as lost. */
  nodeGraceMs: number;
}

/** Asks for its informers and registers its handlers when it is made; works from `start`, when all copies are complete. */
export interface Controller {
  name: string;
  start(signal: AbortSignal): void;
}
