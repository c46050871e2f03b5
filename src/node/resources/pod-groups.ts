// The control groups of this node's pods, as a kubelet has them: one for all pods, in it one for each class, in these one a pod.
//
//   wherry/kubepods/              no more than the node has beyond what is reserved
//     pod<uid>/                   Guaranteed
//     burstable/pod<uid>/         together as much CPU as they ask for
//     besteffort/pod<uid>/        what is left
//
// Containers are started in the group of their pod. It is made while Docker makes the pause container, so no pod waits for it.
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from '../../api/kinds/pod.ts';
import { qosClassOf } from '../../api/kinds/pod-spec/qos.ts';
import type { Container, PodSpec } from '../../api/kinds/pod-spec/types.ts';
import { type Amounts, podRequests } from '../../api/pod-resources.ts';
import type { Log } from '../../base/log.ts';
import type { ObservedContainer, Placement } from '../runtime.ts';
import { cpuShares } from './cpu.ts';
import type { GroupLimits, GroupPath, GroupTree } from './group-tree.ts';
import { lowestOomScore, oomScore, pauseOomScore } from './oom-score.ts';
import { classGroup, podGroup, podGroupLimits, podsGroup, qosClasses, withRunning } from './pod-group.ts';

export interface PodGroupsOptions {
  /** Undefined where Docker may make no groups: pods are then where it puts them. */
  tree: GroupTree | undefined;
  /** The group below which all others are. */
  root: GroupPath;
  /** What this host has, and what of it is for pods. */
  capacity: Amounts;
  forPods: Amounts;
  /** Processes that a pod may have. */
  podMaxPids: number | undefined;
  /** Ends what runs of containers that Docker knows nothing of, or takes for ended. */
  endLost(ids: ReadonlySet<string>): Promise<void>;
  log: Log;
}

/** Takes back all of it, for good. */
export async function removeGroups(tree: GroupTree | undefined, root: GroupPath): Promise<void> {
  for (const qosClass of qosClasses) await tree?.remove(classGroup(root, qosClass));
  if (root.length > 0) await tree?.remove(root);
}

export class PodGroupError extends Error {}

export class PodGroups {
  readonly #options: PodGroupsOptions;
  /** By pod, from when its group is asked for until it is removed. */
  readonly #made = new Map<string, Promise<void>>();
  /** By pod, where its group is and what it was given last. */
  readonly #given = new Map<string, { group: GroupPath; limits: GroupLimits }>();
  /** Thousandths of a core by pod: of those whose class shares what all of it ask for. */
  readonly #burstable = new Map<string, number>();
  #writtenShares: number | undefined;
  #weighing: Promise<void> | undefined;
  #lowestOomScore = 0;

  constructor(options: PodGroupsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { tree, root, forPods, log } = this.#options;
    this.#lowestOomScore = await lowestOomScore();
    if (this.#lowestOomScore > pauseOomScore)
      log.warn('this host does not allow to keep processes from being ended first when memory runs out', {
        missing: 'CAP_SYS_RESOURCE',
      });
    if (!tree) return;
    const shares = cpuShares(forPods.cpu ?? 0);
    // Beside other groups of the host pods count as much as they may use.
    for (const index of root.keys()) await tree.ensure(root.slice(0, index + 1), { cpuShares: shares });
    const limits = { cpuShares: shares, memoryBytes: forPods.memory, noSwap: true };
    await tree.ensure([...root, podsGroup], limits);
    // Those that are there already go on as they were until it is known what pods there are.
    await tree.ensure(classGroup(root, 'Burstable'), {});
    await tree.ensure(classGroup(root, 'BestEffort'), { cpuShares: cpuShares(0) });
  }

  /** Where a container of the pod belongs, or its pause container. */
  placementOf({ metadata, spec }: Pod, container: Container | undefined): Placement {
    const { tree, root, capacity } = this.#options;
    const group = podGroup(root, metadata.uid ?? '', qosClassOf(spec));
    const score = container ? oomScore(spec, container, capacity.memory ?? 0) : pauseOomScore;
    return { cgroupParent: tree?.parentOf(group), oomScore: Math.max(score, this.#lowestOomScore) };
  }

  /** Resolves when the pod's group is there. */
  ensure(pod: Pod): Promise<void> {
    return this.#made.get(pod.metadata.uid ?? '') ?? this.#inTurn(pod, () => this.#make(pod, pod.spec));
  }

  /**
   * Gives the group of a pod that was changed what its containers have or are to be given, whichever is more: asked for before a
   * container is given something else, and after.
   */
  async fit(pod: Pod, containers: () => readonly ObservedContainer[]): Promise<void> {
    const { log } = this.#options;
    await this.#inTurn(pod, () => this.#make(pod, withRunning(pod.spec, containers()))).catch((error: unknown) =>
      log.warn('the limits of a pod cannot be set yet', { error }),
    );
  }

  /** What is written last is what was true last. */
  #inTurn(pod: Pod, make: () => Promise<void>): Promise<void> {
    const uid = pod.metadata.uid ?? '';
    const before = this.#made.get(uid)?.catch(() => {}) ?? Promise.resolve();
    const making = before.then(make);
    this.#made.set(uid, making);
    making.catch(() => {
      if (this.#made.get(uid) === making) this.#made.delete(uid);
    });
    return making;
  }

  /**
   * The containers of a pod that have been started and not taken away again, whatever Docker says: the kernel has not
   * forgotten them.
   */
  async startedIn(podUid: string): Promise<Set<string>> {
    const { tree } = this.#options;
    const found = this.#groupsOf(podUid).map(async (group) => (await tree?.containersIn(group)) ?? []);
    return new Set((await Promise.all(found)).flat());
  }

  /** Where it is, or where it may be. */
  #groupsOf(podUid: string): GroupPath[] {
    const given = this.#given.get(podUid);
    return given ? [given.group] : qosClasses.map((qosClass) => podGroup(this.#options.root, podUid, qosClass));
  }

  /** Of a pod of which nothing is to run any more. */
  async remove(podUid: string): Promise<void> {
    const { tree, endLost } = this.#options;
    const left = await this.startedIn(podUid);
    // By their shims first: without a group nobody would know any more whose they are.
    if (left.size > 0) await endLost(left);
    await Promise.all(this.#groupsOf(podUid).map((group) => tree?.remove(group)));
    this.#made.delete(podUid);
    this.#given.delete(podUid);
    if (this.#burstable.delete(podUid)) this.#weigh();
  }

  /** Pods that are there already when the agent starts. */
  async adopt(pods: Iterable<Pod>, containers: (podUid: string) => readonly ObservedContainer[]): Promise<void> {
    for (const pod of pods) {
      this.#count(pod);
      // A crash may have come while one of its containers was given something else.
      if ((pod.metadata.generation ?? 1) > 1) await this.fit(pod, () => containers(pod.metadata.uid ?? ''));
    }
    this.#weigh();
  }

  /** With the limits of `limited`, which is the pod's own spec but for these. */
  async #make(pod: Pod, limited: PodSpec): Promise<void> {
    const { tree, root, podMaxPids } = this.#options;
    if (!tree) return;
    const uid = pod.metadata.uid ?? '';
    const group = podGroup(root, uid, qosClassOf(pod.spec));
    const limits = podGroupLimits(limited, podMaxPids);
    if (isDeepStrictEqual(this.#given.get(uid)?.limits, limits)) return;
    try {
      this.#given.delete(uid);
      await tree.ensure(group, limits);
      this.#given.set(uid, { group, limits });
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new PodGroupError(`failed to create container for [${group.join(' ')}]: ${text}`, { cause });
    }
    this.#count(pod);
    this.#weigh();
  }

  #count({ metadata, spec }: Pod): void {
    if (qosClassOf(spec) === 'Burstable') this.#burstable.set(metadata.uid ?? '', podRequests(spec).cpu ?? 0);
  }

  /** Told to the kernel beside everything else, and once for pods that come together. */
  #weigh(): void {
    const { tree, root, log } = this.#options;
    if (!tree || this.#weighing !== undefined) return;
    const write = async () => {
      for (let shares = this.#burstableShares(); shares !== this.#writtenShares; shares = this.#burstableShares()) {
        await tree.ensure(classGroup(root, 'Burstable'), { cpuShares: shares });
        this.#writtenShares = shares;
      }
    };
    this.#weighing = write()
      .catch((error: unknown) => log.warn('the share of burstable pods could not be set', { error }))
      .finally(() => {
        this.#weighing = undefined;
      });
  }

  #burstableShares(): number {
    let milliCpu = 0;
    for (const asked of this.#burstable.values()) milliCpu += asked;
    return cpuShares(milliCpu);
  }
}
