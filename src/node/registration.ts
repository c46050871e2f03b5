// The Node object of this host: made when it is missing, then told of when something has changed, and every five minutes.
// What others have set (labels, annotations, taints, conditions of theirs) stays.

import { isDeepStrictEqual } from 'node:util';
import { type Node, type NodeCondition, nodeReadiness, nodes } from '../api/kinds/node.ts';
import { localVolumesAnnotation } from '../api/local-path.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../api/status.ts';
import { kubernetesVersion } from '../api/version.ts';
import { Backoff } from '../base/backoff.ts';
import { type Clock, timestamp } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import type { HostFacts } from './host-facts.ts';
import type { NodeImages } from './images/node-images.ts';
import type { Pressure } from './pressure/pressure.ts';

const reportMs = 300_000;
const mostAttempts = 5;
const conflictPauseMs = 20;

export interface NodeDescription {
  name: string;
  address: string;
  agentPort: number;
  /** Where volumes that are made on this node are kept. */
  volumesDir: string;
  runtimeVersion: string;
  facts: HostFacts;
  images(): NodeImages;
}

/** How a node is. */
export interface NodeSituation {
  /** Why it takes no pods; none when it does. */
  problems: readonly string[];
  /** What is to be mended though it takes pods. */
  warning?: string | undefined;
  pressures: ReadonlySet<Pressure>;
  /** What it found of the way to the pods of other nodes; undefined as long as it has not looked. */
  network?: NetworkFinding | undefined;
}

/** The condition NetworkUnavailable. */
export interface NetworkFinding {
  status: 'True' | 'False';
  reason: string;
  message: string;
}

/** How it is told that there is no such pressure, and that there is. */
const pressureWords: readonly { type: Pressure; reasons: [string, string]; messages: [string, string] }[] = [
  {
    type: 'MemoryPressure',
    reasons: ['KubeletHasSufficientMemory', 'KubeletHasInsufficientMemory'],
    messages: ['kubelet has sufficient memory available', 'kubelet has insufficient memory available'],
  },
  {
    type: 'DiskPressure',
    reasons: ['KubeletHasNoDiskPressure', 'KubeletHasDiskPressure'],
    messages: ['kubelet has no disk pressure', 'kubelet has disk pressure'],
  },
  {
    type: 'PIDPressure',
    reasons: ['KubeletHasSufficientPID', 'KubeletHasInsufficientPID'],
    messages: ['kubelet has sufficient PID available', 'kubelet has insufficient PID available'],
  },
];

/** What of a node can keep it from taking pods. */
export type NodePart = 'start' | 'Docker' | 'shutdown';

export interface RegistrationOptions {
  client: Client;
  description: NodeDescription;
  clock: Clock;
  log: Log;
}

export class Registration {
  readonly #options: RegistrationOptions;
  /** Why this node takes no pods, by the part of it that says so. */
  readonly #problems = new Map<NodePart, string>();
  #warning: string | undefined;
  #pressures: ReadonlySet<Pressure> = new Set();
  #network: NetworkFinding | undefined;
  #isRegistered = false;
  #changed = Promise.withResolvers<void>();

  /** A node begins with the problem that it is being set up. */
  constructor(options: RegistrationOptions, problem: string) {
    this.#options = options;
    this.#problems.set('start', problem);
  }

  /** Makes or completes the Node object; answers it. Until it has done so once, `run` goes on trying. */
  async register(): Promise<Node> {
    const { client, description } = this.#options;
    const labels = ownLabels(description);
    const annotations = { [localVolumesAnnotation]: description.volumesDir };
    try {
      await client.create(nodes, { metadata: { name: description.name, labels, annotations } });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      await client.patch(nodes, { name: description.name }, { metadata: { labels, annotations } });
    }
    const node = await this.#report();
    this.#isRegistered = true;
    return node;
  }

  /** Each part takes back what it has said, and nothing else. */
  setProblem(part: NodePart, problem: string | undefined): void {
    if (problem === this.#problems.get(part)) return;
    if (problem === undefined) this.#problems.delete(part);
    else this.#problems.set(part, problem);
    this.#changed.resolve();
  }

  setWarning(warning: string | undefined): void {
    if (warning === this.#warning) return;
    this.#warning = warning;
    this.#changed.resolve();
  }

  /** What the description tells is not what it was. */
  changed(): void {
    this.#changed.resolve();
  }

  /** What it runs out of. */
  get pressures(): ReadonlySet<Pressure> {
    return this.#pressures;
  }

  setPressures(pressures: ReadonlySet<Pressure>): void {
    const isSame = pressures.size === this.#pressures.size && [...pressures].every((each) => this.#pressures.has(each));
    this.#pressures = pressures;
    if (!isSame) this.#changed.resolve();
  }

  setNetwork(network: NetworkFinding): void {
    if (isDeepStrictEqual(network, this.#network)) return;
    this.#network = network;
    this.#changed.resolve();
  }

  /** What others make of the node: who was silent for a while is taken for lost, until it says otherwise. */
  observe(node: Node): void {
    const told = this.#problems.size === 0 ? 'True' : 'False';
    if (this.#isRegistered && nodeReadiness(node)?.status !== told) this.#changed.resolve();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const backoff = new Backoff({ firstMs: 200, ceilingMs: 10_000 });
    if (!this.#isRegistered) this.#changed.resolve();
    while (!signal.aborted) {
      const changed = this.#changed;
      const pause = new AbortController();
      const until = AbortSignal.any([signal, pause.signal]);
      await Promise.race([changed.promise, clock.sleep(reportMs, until).catch(() => {})]);
      pause.abort();
      if (signal.aborted) return;
      this.#changed = Promise.withResolvers();
      try {
        if (this.#isRegistered) await this.#report();
        else await this.register();
        backoff.forget('report');
      } catch (error) {
        if (isNotFound(error)) {
          log.warn('this node has been deleted from the cluster: start the agent again to have it back');
          continue;
        }
        log.warn('the node could not be reported, trying again', { error });
        await clock.sleep(backoff.nextMs('report'), signal).catch(() => {});
        this.#changed.resolve();
      }
    }
  }

  #situation(): NodeSituation {
    return {
      problems: [...this.#problems.values()],
      warning: this.#warning,
      pressures: this.#pressures,
      network: this.#network,
    };
  }

  /** Others write to the node at the same time, above all when it is new: who was overtaken looks again. */
  async #report(): Promise<Node> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#writeStatus();
      } catch (error) {
        if (!isConflict(error) || attempt === mostAttempts) throw error;
        await this.#options.clock.sleep(conflictPauseMs);
      }
    }
  }

  async #writeStatus(): Promise<Node> {
    const { client, description, clock } = this.#options;
    const node = await client.get(nodes, { name: description.name });
    const status = nodeStatus(node, description, this.#situation(), clock.now());
    const changed = Object.entries(status).filter(
      ([key, value]) => !isDeepStrictEqual(value, (node.status as Record<string, unknown>)[key]),
    );
    if (changed.length === 0) return node;
    // Conditions go as one list: it must not be an older one that another has added his to meanwhile.
    const { resourceVersion } = node.metadata;
    const patch = { metadata: { resourceVersion }, status: Object.fromEntries(changed) };
    return client.patch(nodes, { name: description.name }, patch, { subresource: 'status' });
  }
}

function ownLabels({ name, facts }: NodeDescription): Record<string, string> {
  return {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': facts.architecture,
    'beta.kubernetes.io/os': 'linux',
    'beta.kubernetes.io/arch': facts.architecture,
  };
}

export function nodeStatus(
  node: Node,
  { name, address, agentPort, runtimeVersion, facts, images }: NodeDescription,
  condition: NodeSituation,
  nowMs: number,
): Node['status'] {
  const own = conditions(node, condition, nowMs);
  const foreign = (node.status.conditions ?? []).filter(
    ({ type }) => !own.some((condition) => condition.type === type),
  );
  return {
    capacity: facts.capacity,
    allocatable: facts.allocatable,
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: agentPort } },
    nodeInfo: {
      ...facts.info,
      containerRuntimeVersion: runtimeVersion,
      kubeletVersion: kubernetesVersion,
      kubeProxyVersion: '',
    },
    conditions: [...foreign, ...own],
    images: images(),
  };
}

function conditions(
  node: Node,
  { problems, warning, pressures, network }: NodeSituation,
  nowMs: number,
): NodeCondition[] {
  const condition = (type: string, holds: boolean, reason: string, message: string): NodeCondition => {
    const status = holds ? 'True' : 'False';
    const before = node.status.conditions?.find((known) => known.type === type);
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : undefined;
    return {
      type,
      status,
      lastHeartbeatTime: timestamp(nowMs),
      lastTransitionTime: lastTransitionTime ?? timestamp(nowMs),
      reason,
      message,
    };
  };
  return [
    ...pressureWords.map(({ type, reasons, messages }) => {
      const isUnder = pressures.has(type);
      return condition(type, isUnder, isUnder ? reasons[1] : reasons[0], isUnder ? messages[1] : messages[0]);
    }),
    ...(network ? [condition('NetworkUnavailable', network.status === 'True', network.reason, network.message)] : []),
    problems.length === 0
      ? condition('Ready', true, 'KubeletReady', withWarning('wherry agent is posting ready status', warning))
      : condition('Ready', false, 'KubeletNotReady', withWarning(listed(problems), warning)),
  ];
}

/** As Kubernetes tells of several errors. */
const listed = (problems: readonly string[]) => (problems.length === 1 ? problems.join() : `[${problems.join(', ')}]`);

const withWarning = (text: string, warning: string | undefined) => (warning ? `${text}. WARNING: ${warning}` : text);
