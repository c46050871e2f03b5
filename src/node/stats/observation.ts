// What the node and its pods use at one moment, and how fast they use it. Read when somebody asks, and at no other time.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Clock } from '../../base/clock.ts';
import { type ObservedContainer, pauseName } from '../runtime.ts';
import { type GroupUsage, groupOf, podGroupOf, readUsage, sumOfUsages } from './control-group.ts';
import { type HostUsage, readHostUsage } from './host-usage.ts';
import { type InterfaceUsage, readInterfaces } from './network-usage.ts';

export interface ContainerObservation {
  container: ObservedContainer;
  usage: GroupUsage;
  /** Billionths of a core; undefined where one reading is all there is. */
  nanoCores: number | undefined;
}

export interface PodObservation {
  pod: Pod;
  containers: ContainerObservation[];
  pause: ContainerObservation | undefined;
  /** Of the whole pod, its pause container too. */
  usage: GroupUsage | undefined;
  nanoCores: number | undefined;
  interfaces: InterfaceUsage[];
}

export interface Observation {
  atMs: number;
  host: HostUsage;
  nanoCores: number | undefined;
  interfaces: InterfaceUsage[];
  pods: PodObservation[];
}

export interface ObserverOptions {
  pods(): Pod[];
  containers: { of(podUid: string): ObservedContainer[] };
  clock: Clock;
}

/** By what has used it: a container's id, a pod's, or the node. */
type Reading = ReadonlyMap<string, number>;

interface Readings {
  atMs: number;
  cpuNanos: Reading;
}

const nodeKey = 'node';
/** A reading this old is of another time; one this young says too little. */
const oldestMs = 120_000;
const youngestMs = 1_000;
/** Between two readings where there was none before. */
const pauseMs = 250;

export class Observer {
  readonly #options: ObserverOptions;
  #before: Readings | undefined;
  #last: Readings | undefined;
  #running: Promise<Observation> | undefined;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  /** As it stands, with the speeds since the last time. All who ask at once get the same. */
  observe(): Promise<Observation> {
    this.#running ??= this.#observe().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #observe(): Promise<Observation> {
    const { clock } = this.#options;
    const atMs = clock.monotonicMs();
    if (this.#last && atMs - this.#last.atMs > youngestMs) this.#before = this.#last;
    if (!this.#before || atMs - this.#before.atMs > oldestMs) {
      this.#before = await this.#readCpu();
      await clock.sleep(pauseMs);
    }
    const observation = await this.#read();
    const now = { atMs: clock.monotonicMs(), cpuNanos: cpuOf(observation) };
    this.#last = now;
    return withSpeeds(observation, this.#before, now);
  }

  async #readCpu(): Promise<Readings> {
    const observation = await this.#read();
    return { atMs: this.#options.clock.monotonicMs(), cpuNanos: cpuOf(observation) };
  }

  async #read(): Promise<Observation> {
    const { pods, clock } = this.#options;
    const [host, interfaces, found] = await Promise.all([
      readHostUsage(),
      readInterfaces('self'),
      Promise.all(pods().map((pod) => this.#readPod(pod))),
    ]);
    return { atMs: clock.now(), host, nanoCores: undefined, interfaces, pods: found };
  }

  async #readPod(pod: Pod): Promise<PodObservation> {
    const { uid = '' } = pod.metadata;
    const running = this.#options.containers.of(uid).filter(({ state, pid }) => state === 'running' && pid > 0);
    const all = (await Promise.all(running.map(readContainer))).filter((found) => found !== undefined);
    const pause = all.find(({ container }) => container.name === pauseName);
    const [first] = all;
    const podGroup = first && podGroupOf(first.group, uid);
    const wholePod = podGroup && (await readUsage(podGroup));
    const isOnHost = pod.spec.hostNetwork ?? false;
    return {
      pod,
      containers: all.filter((found) => found !== pause),
      pause,
      usage: wholePod ?? (first && sumOfUsages(all.map(({ usage }) => usage))),
      nanoCores: undefined,
      interfaces: pause && !isOnHost ? await readInterfaces(pause.container.pid) : [],
    };
  }
}

async function readContainer(container: ObservedContainer) {
  const group = await groupOf(container.pid);
  const usage = group && (await readUsage(group));
  return usage && { container, group, usage, nanoCores: undefined as number | undefined };
}

function cpuOf({ host, pods }: Observation): Reading {
  const readings = new Map([[nodeKey, host.cpuNanos]]);
  for (const { pod, usage, containers, pause } of pods) {
    if (usage) readings.set(pod.metadata.uid ?? '', usage.cpuNanos);
    for (const { container, usage: own } of pause ? [...containers, pause] : containers)
      readings.set(container.id, own.cpuNanos);
  }
  return readings;
}

export function withSpeeds(observation: Observation, before: Readings, now: Readings): Observation {
  const seconds = (now.atMs - before.atMs) / 1000;
  const speed = (key: string) => {
    const [then, today] = [before.cpuNanos.get(key), now.cpuNanos.get(key)];
    if (then === undefined || today === undefined || seconds <= 0) return undefined;
    return Math.max(0, Math.round((today - then) / seconds));
  };
  const spedUp = (found: ContainerObservation) => ({ ...found, nanoCores: speed(found.container.id) });
  return {
    ...observation,
    nanoCores: speed(nodeKey),
    pods: observation.pods.map((found) => ({
      ...found,
      containers: found.containers.map(spedUp),
      pause: found.pause && spedUp(found.pause),
      nanoCores: speed(found.pod.metadata.uid ?? ''),
    })),
  };
}
