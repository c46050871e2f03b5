// Plays the agents of some nodes: registers them, keeps their leases, and says of every pod bound to them what an agent
// would say: running and ready after a while, gone when it was to end. It runs nothing.
import { leases, nodeLeaseNamespace } from '../../src/api/kinds/lease.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { localVolumesAnnotation } from '../../src/api/local-path.ts';
import { isBeingDeleted, keyOf } from '../../src/api/meta.ts';
import { isConflict, isNotFound } from '../../src/api/status.ts';
import { microTimestamp, systemClock, timestamp } from '../../src/base/clock.ts';
import { createLog } from '../../src/base/log.ts';
import { WorkQueue } from '../../src/client/work-queue.ts';
import type { TestServer } from './test-server.ts';

/** Where these agents say that they keep volumes. */
export const localVolumesFolder = '/var/lib/stand-in/volumes';

export interface StandInOptions {
  cpu?: string;
  readyAfterMs?: number;
  endAfterMs?: number;
  leaseEveryMs?: number;
  /** Pods that never become ready. */
  isBroken?: (pod: Pod) => boolean;
  /** Pods that do not end when they are told to. */
  isStuck?: (pod: Pod) => boolean;
  /** With what the containers of a pod end by themselves; those of other pods run until they are ended. */
  exitCodeOf?: (pod: Pod) => number | undefined;
}

/** What an agent has of a server. */
export type Reached = Pick<TestServer, 'client' | 'informer'>;

export class StandInAgent {
  readonly #server: Reached;
  readonly #options: StandInOptions;
  readonly #names = new Set<string>();
  readonly #stop = new AbortController();
  #serial = 1;

  constructor(server: Reached, options: StandInOptions = {}) {
    this.#server = server;
    this.#options = options;
  }

  async start(...names: string[]): Promise<void> {
    const informer = await this.#server.informer(pods);
    const queue = new WorkQueue({
      name: 'stand-in',
      log: createLog({ level: 'error' }),
      sync: (key) => this.#play(informer.get(key), queue),
      workers: 64,
    });
    informer.onChange(({ key, object }) => {
      if (object && this.#names.has(object.spec.nodeName ?? '')) queue.add(key);
    });
    queue.start(this.#stop.signal);
    for (const name of names) await this.join(name);
    const timer = setInterval(() => void this.#renewAll(), this.#options.leaseEveryMs ?? 500);
    this.#stop.signal.addEventListener('abort', () => clearInterval(timer));
  }

  stop(): void {
    this.#stop.abort(new Error('the agents are stopped'));
  }

  async join(name: string): Promise<void> {
    this.#names.add(name);
    const { client } = this.#server;
    const metadata = {
      name,
      labels: { 'kubernetes.io/hostname': name },
      annotations: { [localVolumesAnnotation]: localVolumesFolder },
    };
    await client.create(nodes, { metadata });
    await this.reportReady(name);
    await client.create(leases, {
      metadata: { namespace: nodeLeaseNamespace, name },
      spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTimestamp(Date.now()) },
    });
  }

  /** The node falls silent: no lease, no word of its pods. */
  silence(name: string): void {
    this.#names.delete(name);
  }

  async reportReady(name: string): Promise<void> {
    this.#names.add(name);
    const now = timestamp(Date.now());
    const healthy = ['MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({ type, status: 'False' }));
    const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady' };
    const conditions = [...healthy, ready].map((condition) => ({
      ...condition,
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    }));
    const allocatable = { cpu: this.#options.cpu ?? '16', memory: '32Gi', pods: '110' };
    const status = { conditions, allocatable, capacity: allocatable };
    await insist(() => this.#server.client.patch(nodes, { name }, { status }, { subresource: 'status' }));
  }

  async #renewAll(): Promise<void> {
    for (const name of this.#names) {
      const patch = { spec: { renewTime: microTimestamp(Date.now()) } };
      await this.#server.client.patch(leases, { namespace: nodeLeaseNamespace, name }, patch).catch(() => {});
    }
  }

  async #play(pod: Pod | undefined, queue: WorkQueue): Promise<void> {
    if (!pod || !this.#names.has(pod.spec.nodeName ?? '')) return;
    const { readyAfterMs = 20, endAfterMs = 50, isBroken } = this.#options;
    if (isBeingDeleted(pod) && pod.status.phase === 'Running' && this.#options.isStuck?.(pod)) return;
    if (isBeingDeleted(pod)) {
      await systemClock.sleep(endAfterMs);
      if (pod.status.phase === 'Running' && pod.metadata.finalizers?.length) await this.end(pod, 143);
      const options = { gracePeriodSeconds: 0, uid: pod.metadata.uid };
      await this.#server.client.delete(pods, pod.metadata, options).catch(ignoreGone);
    } else if (!pod.status.podIP) {
      await systemClock.sleep(readyAfterMs);
      const broken = isBroken?.(pod) ?? false;
      const status = { ...pod.status, ...this.#runningStatus(broken) };
      await this.#server.client.update(pods, { ...pod, status }, 'status').catch((error: unknown) => {
        ignoreGone(error);
        queue.add(keyOf(pod));
      });
    } else if (pod.status.phase === 'Running') {
      const exitCode = this.#options.exitCodeOf?.(pod);
      if (exitCode !== undefined) await this.end(pod, exitCode);
    }
  }

  /** The pod's containers end with this exit code, and are not started again. */
  async end({ metadata, spec }: Pod, exitCode: number): Promise<void> {
    const now = timestamp(Date.now());
    const ended = { exitCode, startedAt: now, finishedAt: now, reason: exitCode === 0 ? 'Completed' : 'Error' };
    const containerStatuses = spec.containers.map(({ name, image = '' }) => ({
      ...{ name, image, imageID: '', ready: false, restartCount: 0 },
      state: { terminated: ended },
    }));
    const conditions = [{ type: 'Ready', status: 'False', reason: 'PodCompleted', lastTransitionTime: now }];
    const status = { phase: exitCode === 0 ? 'Succeeded' : 'Failed', conditions, containerStatuses };
    await this.#server.client
      .patch(pods, metadata, { metadata: { uid: metadata.uid }, status }, { subresource: 'status' })
      .catch(ignoreGone);
  }

  #runningStatus(broken: boolean): Partial<Pod['status']> {
    this.#serial += 1;
    const podIP = `10.42.${Math.floor(this.#serial / 250)}.${this.#serial % 250}`;
    const lastTransitionTime = timestamp(Date.now());
    return {
      phase: 'Running',
      podIP,
      podIPs: [{ ip: podIP }],
      conditions: [{ type: 'Ready', status: broken ? 'False' : 'True', lastTransitionTime }],
    };
  }
}

/** As an agent does: others write to the same node at the same time. */
async function insist(write: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await write();
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

function ignoreGone(error: unknown): void {
  if (!isNotFound(error) && !isConflict(error)) throw error;
}
