// One node agent's pod part on a Docker Engine of the test's own, with the API played from memory. Pods get addresses
// but no links: the test's machine keeps its network as it is.
import { mkdtemp, readFile } from 'node:fs/promises';
import { availableParallelism, constants, totalmem } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { clusterSettings } from '../../src/api/cluster-settings.ts';
import type { Event } from '../../src/api/kinds/event.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import type { Service } from '../../src/api/kinds/service.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { createLog } from '../../src/base/log.ts';
import { Client } from '../../src/client/client.ts';
import { EventRecorder } from '../../src/client/event-recorder.ts';
import { Informers } from '../../src/client/informers.ts';
import { admit, type NodeRoom } from '../../src/node/admission.ts';
import { Checkpoint } from '../../src/node/checkpoint.ts';
import type { Deadlines } from '../../src/node/docker/deadlines.ts';
import { DockerImages } from '../../src/node/docker/docker-images.ts';
import { DockerRuntime } from '../../src/node/docker/docker-runtime.ts';
import { type ImageSettings, Images } from '../../src/node/images/images.ts';
import type { PodNetwork } from '../../src/node/pod-network.ts';
import { ContainerWatch, type Sight } from '../../src/node/pods/container-watch.ts';
import { DesiredPods } from '../../src/node/pods/desired-pods.ts';
import { PodAgent } from '../../src/node/pods/pod-agent.ts';
import { PodFiles } from '../../src/node/pods/pod-files.ts';
import { groupTreeFor } from '../../src/node/resources/group-driver.ts';
import { PodGroups } from '../../src/node/resources/pod-groups.ts';
import { StaticPods } from '../../src/node/static-pods/static-pods.ts';
import { startStaticSource } from '../../src/node/static-pods/static-source.ts';
import { PodVolumes } from '../../src/node/volumes/pod-volumes.ts';
import { type DockerEngine, type DockerEngineOptions, startDockerEngine } from '../bench/docker-engine.ts';
import { runName } from '../bench/leftovers.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage, ensureImages } from '../images/images.ts';
import { FakeApi } from './fake-api.ts';

const node = 'n1';
const allocatable = { cpu: '2', memory: '4Gi', 'ephemeral-storage': '10Gi' };
const settings = clusterSettings({
  clusterCidr: '10.99.0.0/16',
  serviceCidr: '10.96.0.0/16',
  clusterDomain: 'cluster.local',
});

/** Hands out addresses as the real one does: the same for the same pod, also to an agent that comes later. */
class AddressesOnly implements PodNetwork {
  readonly addresses = new Map<string, string>();
  /** Three bytes, before the first pod. */
  prefix = '10.99.0';
  #next = 2;

  async attach(podUid: string): Promise<string> {
    const address = this.addresses.get(podUid) ?? `${this.prefix}.${this.#next++}`;
    this.addresses.set(podUid, address);
    return address;
  }

  async guard(): Promise<void> {}

  async openPorts(): Promise<void> {}

  async withdrawn(): Promise<void> {}

  async detach(podUid: string): Promise<void> {
    this.addresses.delete(podUid);
  }

  async detachAllBut(podUids: ReadonlySet<string>): Promise<void> {
    for (const uid of this.addresses.keys()) if (!podUids.has(uid)) this.addresses.delete(uid);
  }
}

export interface AgentOptions {
  /** The folder of the node's own pods. */
  manifests?: string;
  cluster?: string;
  clock?: Clock;
  podMaxPids?: number;
  /** Of the way to Docker, where it is not the direct one. */
  socketPath?: string;
  deadlines?: Deadlines;
  pauseImage?: string;
  ociRuntime?: string;
  onSight?(sight: Sight): void;
}

export interface RunningAgent {
  agent: PodAgent;
  runtime: DockerRuntime;
  images: Images;
  /** Ends it as kill -9 does: nothing is tidied up, nothing is waited for. */
  kill(): void;
}

export class PodBench {
  readonly api = new FakeApi();
  readonly client = new Client(this.api);
  readonly network = new AddressesOnly();
  readonly engine: DockerEngine;
  readonly docker: Docker;
  readonly dataDir: string;
  readonly room: NodeRoom = {
    allowedUnsafeSysctls: ['net.ipv4.conf.*'],
    node: undefined,
    allocatable: { cpu: '64', memory: '64Gi', pods: '110' },
    pressures: new Set(),
    isShuttingDown: false,
  };
  /** What the cluster has of them. */
  services: Service[] = [];
  readonly imageSettings: ImageSettings;
  /** What agents have told of the node, as "REASON: MESSAGE". */
  readonly nodeEvents: string[] = [];
  #agents: RunningAgent[] = [];

  private constructor(engine: DockerEngine, dataDir: string) {
    this.engine = engine;
    this.dataDir = dataDir;
    this.docker = new Docker({ socketPath: engine.socket });
    this.imageSettings = {
      imagesDir: join(dataDir, 'images'),
      registriesFile: join(dataDir, 'registries.yaml'),
      garbage: { highPercent: 85, lowPercent: 80, leastAgeMs: 120_000 },
    };
  }

  static async open(options: DockerEngineOptions = {}): Promise<PodBench> {
    const engine = await startDockerEngine(options);
    await ensureImages(engine.socket);
    return new PodBench(engine, await mkdtemp(join(engine.folder, 'agent-')));
  }

  async startAgent(options: AgentOptions = {}): Promise<RunningAgent> {
    const { client, dataDir } = this;
    const { cluster = 'c1', clock = systemClock, socketPath = this.engine.socket, deadlines, onSight } = options;
    const { pauseImage, ociRuntime } = options;
    const abort = new AbortController();
    const log = createLog({ level: 'warn', part: 'agent' });
    const owner = { cluster, node };
    const chosen = { pauseImage, ociRuntime, ...(deadlines && { deadlines }) };
    const runtime = new DockerRuntime({ socketPath, owner, log, clock, ...chosen });
    const images = await Images.open({
      store: new DockerImages({ socketPath: this.engine.socket }),
      dataDir,
      settings: this.imageSettings,
      clock,
      log,
      onChange: () => {},
      tell: (reason, message) => this.nodeEvents.push(`${reason}: ${message}`),
    });
    const informers = new Informers(client, log);
    const informer = informers.for(pods, { fieldSelector: `spec.nodeName=${node}` });
    const statics = new StaticPods({ clock });
    const desired = new DesiredPods({
      informer,
      statics,
      checkpoint: new Checkpoint({ dataDir, log }),
      clock,
      log,
    });
    void informers.start(abort.signal);
    if (options.manifests) {
      const tell = (reason: string, message: string) => this.nodeEvents.push(`${reason}: ${message}`);
      const owner = () => ({ name: node, uid: 'node-uid' });
      const source = {
        path: options.manifests,
        nodeName: node,
        client,
        informer,
        statics,
        node: owner,
        clock,
        log,
        tell,
      };
      await startStaticSource(source, abort.signal);
    }
    await runtime.prepare();
    const tree = groupTreeFor(await runtime.groupDriver());
    const capacity = { cpu: availableParallelism() * 1000, memory: totalmem() };
    const groups = new PodGroups({
      tree,
      root: [runName],
      capacity,
      forPods: capacity,
      podMaxPids: options.podMaxPids,
      endLost: (ids) => runtime.endLost(ids),
      log,
    });
    await groups.start();
    const agent = new PodAgent({
      client,
      runtime,
      network: this.network,
      groups,
      desired,
      watch: (heard) => new ContainerWatch({ runtime, clock, log, ...heard, ...(onSight && { onSight }) }),
      puller: images.puller,
      files: new PodFiles({ dataDir, settings }),
      volumes: (onChange) => {
        const facts = { name: node, labels: { 'kubernetes.io/hostname': node }, allocatable };
        return new PodVolumes({ dataDir, client, clock, log, node: () => facts, onChange });
      },
      recorder: new EventRecorder({ client, log, component: 'kubelet', host: node }),
      log,
      clock,
      hostAddress: '192.0.2.7',
      security: { seccompFolder: join(dataDir, 'seccomp'), isSeccompDefault: false },
      allocatable: () => allocatable,
      admit: (pod, here) => admit(pod, here, this.room),
      services: () => this.services,
    });
    await agent.start(abort.signal);
    const running = { agent, runtime, images, kill: () => abort.abort() };
    this.#agents.push(running);
    return running;
  }

  async createPod(name: string, spec: Partial<Pod['spec']> = {}): Promise<Pod> {
    const containers = spec.containers ?? [{ name: 'main', image: busyboxImage, command: ['sleep', '1000'] }];
    return this.client.create(pods, {
      metadata: { name, namespace: 'default' },
      spec: { nodeName: node, restartPolicy: 'Always', ...spec, containers },
      status: { phase: 'Pending' },
    });
  }

  async pod(name: string): Promise<Pod> {
    return this.client.get(pods, { namespace: 'default', name });
  }

  async podWhen(name: string, what: string, holds: (pod: Pod) => boolean, timeoutMs = 30_000): Promise<Pod> {
    let last: Pod | undefined;
    const look = async () => {
      last = await this.pod(name);
      return holds(last) ? last : undefined;
    };
    try {
      return await waitUntil(`pod ${name} ${what}`, look, { timeoutMs, intervalMs: 5 });
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(last?.status)}`, { cause: error });
    }
  }

  /**
   * A pod that is ready, and each of its shells has come to its trap: before that the first process of a container heeds
   * no SIGTERM at all, and is killed when its grace is over.
   */
  async heeding(name: string): Promise<Pod> {
    const pod = await this.podWhen(name, 'ready', isReady);
    const { containerStatuses = [], initContainerStatuses = [] } = pod.status;
    for (const { name: container, state, containerID = '' } of [...initContainerStatuses, ...containerStatuses]) {
      if (!state?.running) continue;
      const { State } = await this.docker.getContainer(containerID.replace('docker://', '')).inspect();
      await waitUntil(`${container} of pod ${name} heeds SIGTERM`, async () => {
        const status = await readFile(`/proc/${State.Pid}/status`, 'utf8');
        return /^Name:\s+sh$/m.test(status) && catchesSigterm(status);
      });
    }
    return pod;
  }

  async gone(name: string): Promise<void> {
    await waitUntil(
      `pod ${name} gone`,
      () =>
        this.pod(name).then(
          () => false,
          () => true,
        ),
      { intervalMs: 5 },
    );
  }

  async containersOf(pod: Pod): Promise<Docker.ContainerInfo[]> {
    return this.docker.listContainers({ all: true, filters: { label: [`io.kubernetes.pod.uid=${pod.metadata.uid}`] } });
  }

  /** What a command in a container of the pod writes. */
  async inside(pod: Pod, text: string, container = pod.spec.containers[0]?.name ?? ''): Promise<string> {
    const statuses = [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])];
    const id = statuses.find(({ name }) => name === container)?.containerID?.replace('docker://', '') ?? '';
    const { runtime } = this.#agents.at(-1) ?? {};
    const options = { signal: AbortSignal.timeout(20_000), outputBytes: 100_000 };
    return (await runtime?.exec(id, ['sh', '-c', text], options))?.output ?? '';
  }

  /** The events of a pod so far, as "Reason: message". */
  eventsOf(name: string): string[] {
    const written = this.api.history().filter(({ plural }) => plural === 'events');
    const events = written.map(({ object }) => object as Event).filter((event) => event.involvedObject.name === name);
    return events.map(({ reason, message }) => `${reason}: ${message}`);
  }

  /** Resolves when this is among the events of a pod: they are told beside its status, sooner or later. */
  async eventOf(name: string, event: string | RegExp): Promise<string> {
    const isIt = (text: string) => (typeof event === 'string' ? text === event : event.test(text));
    return waitUntil(`"${event}" of pod ${name}`, () => this.eventsOf(name).find(isIt)).catch((error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(this.eventsOf(name))}`, { cause: error });
    });
  }

  async close(): Promise<void> {
    for (const agent of this.#agents) agent.kill();
    await this.engine.stop();
  }
}

/** By what the kernel says of a process. */
function catchesSigterm(status: string): boolean {
  const caught = BigInt(`0x${/^SigCgt:\s+(\S+)/m.exec(status)?.[1] ?? '0'}`);
  return ((caught >> BigInt(constants.signals.SIGTERM - 1)) & 1n) === 1n;
}

export function isReady(pod: Pod): boolean {
  return pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
