// The ordered table of what an agent starts: who it is, its engine, its place in the cluster, then network and pods.
// Holds: an agent that has joined once starts with the master away too, and goes on with what it knew.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type Node, nodes } from './api/kinds/node.ts';
import { pods } from './api/kinds/pod.ts';
import { services } from './api/kinds/service.ts';
import type { Amounts } from './api/pod-resources.ts';
import { systemClock } from './base/clock.ts';
import { type Component, runBeside } from './base/component.ts';
import type { Log } from './base/log.ts';
import { Vitals } from './base/vitals.ts';
import { Client } from './client/client.ts';
import { EventRecorder } from './client/event-recorder.ts';
import { HttpTransport } from './client/http-transport.ts';
import { Informers } from './client/informers.ts';
import { Network } from './network/network.ts';
import { endAbandonedCommands } from './node/abandoned-commands.ts';
import { admit } from './node/admission.ts';
import { Callers } from './node/api/callers.ts';
import { NodeApi } from './node/api/node-api.ts';
import { nodeRoutes } from './node/api/routes.ts';
import { Checkpoint } from './node/checkpoint.ts';
import type { LogLimits } from './node/docker/container-config.ts';
import { DockerImages } from './node/docker/docker-images.ts';
import { DockerRuntime } from './node/docker/docker-runtime.ts';
import { UnknownOciRuntime } from './node/docker/oci-runtimes.ts';
import { ownerOf } from './node/docker/owner.ts';
import { runHeartbeat } from './node/heartbeat.ts';
import { type HostFacts, observeHost } from './node/host-facts.ts';
import { HostShutdown, isHostGoingDown, type ShutdownSettings } from './node/host-shutdown.ts';
import { ensureIdentity, ensureServingCertificate, type NodeIdentity } from './node/identity.ts';
import { type ImageSettings, Images } from './node/images/images.ts';
import { type NodeImages, nodeImages } from './node/images/node-images.ts';
import { LogLinks, usualLogDirectory } from './node/log-links.ts';
import { ensureMembership, type Membership } from './node/membership.ts';
import { NodeMetrics } from './node/node-metrics.ts';
import { PodConnector } from './node/pod-connector.ts';
import { ContainerWatch, type Sight } from './node/pods/container-watch.ts';
import { DesiredPods } from './node/pods/desired-pods.ts';
import { PodAgent } from './node/pods/pod-agent.ts';
import { PodFiles } from './node/pods/pod-files.ts';
import { runningContainers } from './node/pods/pod-progress.ts';
import { type EvictionSettings, Evictions } from './node/pressure/evictions.ts';
import { PodUsages } from './node/pressure/pod-usages.ts';
import { readLevels } from './node/pressure/signals.ts';
import { Registration } from './node/registration.ts';
import { groupPath, groupTreeFor } from './node/resources/group-driver.ts';
import { PodGroups } from './node/resources/pod-groups.ts';
import { untilDone } from './node/retry.ts';
import { SealedKeepsakes } from './node/sealed-keepsakes.ts';
import { StaticPods } from './node/static-pods/static-pods.ts';
import { startStaticSource } from './node/static-pods/static-source.ts';
import { Disks } from './node/stats/disks.ts';
import { Observer } from './node/stats/observation.ts';
import { runTunnel, type TunnelMode } from './node/tunnel.ts';
import { keepsakeOwners } from './node/volumes/object-references.ts';
import { PodVolumes } from './node/volumes/pod-volumes.ts';

export interface ResourceSettings {
  /** The control group below which all of pods are. */
  cgroupRoot: string;
  /** What of this host is not for pods. */
  reserve: Amounts;
  /** Processes that a pod may have. */
  podMaxPids: number | undefined;
  maxPods: number;
}

/** A loop that has not turned for so long stands still. Each waits for Docker or the API for some minutes at most. */
const loopMs = 300_000;

export interface AgentOptions {
  /** The API, as https://ADDRESS:PORT. */
  server: string;
  /** Needed to join; later starts do without. */
  token?: string | undefined;
  nodeName: string;
  /** The address by which other nodes reach this one; the local end of the connection to the server unless told. */
  nodeIp?: string | undefined;
  dataDir: string;
  dockerSocket: string;
  agentPort: number;
  /** Whether the master reaches this node through a connection that the agent opens. */
  tunnel: TunnelMode;
  images: ImageSettings;
  /** The pause container's image, where it is not to be our own. */
  pauseImage?: string | undefined;
  /** The program that runs containers, by Docker's name for it, where it is not to be Docker's default. */
  ociRuntime?: string | undefined;
  resources: ResourceSettings;
  logLimits: LogLimits;
  evictions: EvictionSettings;
  shutdown: ShutdownSettings;
  /** The folder of this node's own pods, or one file; undefined where it has none. */
  podManifestPath?: string | undefined;
  /** Kernel settings that pods may have beside the safe ones, as "net.core.*". */
  allowedUnsafeSysctls: readonly string[];
  /** Containers that name no seccomp profile get Docker's own one, not none. */
  seccompDefault: boolean;
  /** A Docker that hangs counts as the agent's own standstill: the service manager's watchdog ends it. */
  isDockerVital: boolean;
  log: Log;
}

export function agentComponents(options: AgentOptions): Component[] {
  const { nodeName, dataDir, server, log } = options;
  const clock = systemClock;
  const metrics = new NodeMetrics(nodeName);
  const statics = new StaticPods({ clock });
  const onNode = { fieldSelector: `spec.nodeName=${nodeName}` };
  let identity: NodeIdentity;
  let transport: HttpTransport;
  let client: Client;
  let membership: Membership;
  let runtime: DockerRuntime;
  let whenDockerAnswers: <T>(work: () => Promise<T>) => Promise<T>;
  let registration: Registration;
  let node: Node | undefined;
  let facts: HostFacts;
  let informers: Informers;
  let network: Network;
  let images: Images;
  let imagesOfNode: NodeImages = [];
  let recorder: EventRecorder;
  let groups: PodGroups;
  let podAgent: PodAgent;
  let observer: Observer;
  let disks: Disks;
  const shutdown = createShutdown();
  let api: NodeApi | undefined;
  let sight: Sight | undefined;
  const vitals = new Vitals(clock);

  return [
    {
      name: 'identity',
      start: async (signal) => {
        await mkdir(dataDir, { recursive: true, mode: 0o700 });
        identity = await ensureIdentity({ ...options, token: options.token, clock }, signal);
        transport = new HttpTransport({
          server,
          ca: identity.ca,
          identity,
          program: 'wherry-agent',
          log: log.named('client'),
        });
        client = new Client(transport);
        const localAddress = () => transport.localAddress();
        membership = await ensureMembership({ client, localAddress, nodeIp: options.nodeIp, dataDir, log });
      },
      stop: async () => transport?.close(),
    },
    {
      name: 'Docker',
      start: async (signal) => {
        const owner = ownerOf(identity.ca, nodeName);
        const { dockerSocket: socketPath, pauseImage, ociRuntime, logLimits } = options;
        const dockerLog = log.named('docker');
        const docker = new DockerRuntime({ socketPath, owner, pauseImage, ociRuntime, logLimits, log: dockerLog });
        runtime = metrics.measured(docker);
        whenDockerAnswers = (work) => {
          const failure = `Docker does not answer at ${options.dockerSocket}: is it installed and running? Waiting for it`;
          const isFinal = (error: unknown) => error instanceof UnknownOciRuntime;
          return untilDone(work, { clock, log, failure, isFinal }, signal);
        };
        await whenDockerAnswers(() => runtime.prepare());
        await whenDockerAnswers(() => docker.checkOciRuntime());
      },
    },
    {
      name: 'images',
      start: async (signal) => {
        recorder = new EventRecorder({ client, log: log.named('events'), component: 'kubelet', host: nodeName, clock });
        images = await openImages();
        await images.loadFolder(signal);
        imagesOfNode = nodeImages(await whenDockerAnswers(() => images.store.list()));
        runBeside(images.garbage.run(signal), signal, log, 'images');
      },
    },
    {
      name: 'registration',
      start: async (signal) => {
        facts = await observeHost(dataDir, options.resources);
        const { address } = membership;
        const runtimeVersion = await whenDockerAnswers(() => runtime.version());
        const description = {
          name: nodeName,
          address,
          agentPort: options.agentPort,
          runtimeVersion,
          facts,
          images: () => imagesOfNode,
        };
        registration = new Registration(
          { client, description, clock, log: log.named('node') },
          'container runtime network not ready: the pod network is being set up',
        );
        if (membership.isFresh) node = await registration.register();
        runBeside(registration.run(signal), signal, log, 'registration');
        const onTurn = vitals.pulse('the heartbeat', loopMs);
        const heartbeat = { client, clock, log: log.named('heartbeat'), nodeName, node: () => node, onTurn };
        runBeside(runHeartbeat(heartbeat, signal), signal, log, 'heartbeat');
      },
    },
    {
      name: 'network',
      start: async (signal) => {
        const { address: nodeAddress, settings } = membership;
        informers = new Informers(client, log.named('watch'), clock);
        network = new Network({ nodeName, nodeAddress, dataDir, settings, informers, log: log.named('network') });
        groups = await startGroups(signal);
        podAgent = createPodAgent();
        observer = new Observer({ pods: () => podAgent.pods(), containers: podAgent.containers(), clock });
        disks = new Disks({ dataDir, clock });
        informers.for(nodes).onChange(({ key, object }) => {
          if (key === nodeName && object) registration.observe(object);
        });
        runBeside(informers.start(signal), signal, log, 'informers');
        await network.start(signal);
      },
    },
    {
      name: 'pods',
      start: async (signal) => {
        const links = new LogLinks({ folder: usualLogDirectory, log: log.named('pods') });
        runBeside(links.sweep(), signal, log, 'links to logs');
        podAgent.containers().subscribe((container) => links.heed(container));
        await startStatics(signal);
        await podAgent.start(signal);
        runBeside(createEvictions().run(signal), signal, log, 'evictions');
        vitals.watch('the pods', loopMs, () => podAgent.stalledMs());
        registration.setProblem(undefined);
      },
      standstill: () => vitals.standstill() ?? (options.isDockerVital && sight === 'hangs' ? 'Docker' : undefined),
    },
    {
      name: 'API',
      start: async (signal) => {
        const listening = untilDone(
          async () => {
            const { address: nodeAddress } = membership;
            const { ca } = identity;
            const host = { nodeName, nodeAddress, dataDir, clock, apiCa: ca };
            const serving = await ensureServingCertificate(client, host, signal);
            const apiLog = log.named('api');
            const containers = podAgent.containers();
            const routes = nodeRoutes({
              nodeName,
              nodeAddress,
              dataDir,
              runtime,
              containers,
              pods: () => podAgent.pods(),
              metrics,
              probeCounts: () => podAgent.probeCounts(),
              observer,
              disks,
              connector: new PodConnector(dataDir),
              settings: () => ({
                port: options.agentPort,
                clusterDomain: membership.settings.clusterDomain,
                containerLogMaxSize: String(options.logLimits.maxBytes),
                containerLogMaxFiles: options.logLimits.maxFiles,
              }),
              clock,
              log: apiLog,
            });
            const callers = new Callers({ client, nodeName, clock, log: apiLog });
            api = new NodeApi({ ca, serving, callers, routes, log: apiLog });
            await endAbandonedCommands(runtime, containers, apiLog);
            await api.listen(options.agentPort);
          },
          { clock, log, failure: "the agent's API cannot be served yet, trying again" },
          signal,
        );
        const { tunnel: mode } = options;
        const take = (stream: Duplex) => api?.take(stream);
        const tunnelled = { mode, server, identity: () => identity, take, clock, log: log.named('tunnel') };
        runBeside(
          listening.then(() => runTunnel(tunnelled, signal)),
          signal,
          log,
          'tunnel',
        );
        if (membership.isFresh) await listening;
        else runBeside(listening, signal, log, 'API');
      },
      stop: async () => api?.close(),
    },
    {
      name: 'host shutdown',
      start: async () => {},
      // Before all else stops: pods are ended by those who look after them.
      stop: async () => {
        if (options.shutdown.graceMs > 0 && (await isHostGoingDown())) await shutdown.endPods();
      },
    },
  ];

  function createShutdown(): HostShutdown {
    return new HostShutdown({
      settings: options.shutdown,
      pods: () => podAgent.pods(),
      end: (pod, verdict) => podAgent.end(pod, verdict),
      onBegin: () => registration.setProblem('node is shutting down'),
      clock,
      log: log.named('shutdown'),
    });
  }

  async function openImages(): Promise<Images> {
    const imageLog = log.named('images');
    const store = new DockerImages({ socketPath: options.dockerSocket });
    const tellNew = async () => {
      imagesOfNode = nodeImages(await store.list());
      registration.changed();
    };
    return Images.open({
      store,
      dataDir,
      settings: options.images,
      clock,
      log: imageLog,
      onChange: () => void tellNew().catch((error: unknown) => imageLog.warn('the images cannot be listed', { error })),
      tell: (reason, message) => node && recorder.record(node, { type: 'Warning', reason, message }),
    });
  }

  async function startStatics(signal: AbortSignal): Promise<void> {
    const { podManifestPath: path } = options;
    if (!path) return;
    const informer = informers.for(pods, onNode);
    const known = () => informers.for(nodes).get(nodeName) ?? node;
    const owner = () => {
      const uid = known()?.metadata.uid;
      return uid ? { name: nodeName, uid } : undefined;
    };
    const tell = (reason: string, message: string) => {
      const object = known();
      if (object) recorder.record(object, { type: 'Warning', reason, message });
    };
    const source = { path, nodeName, client, informer, statics, node: owner, clock, log: log.named('static'), tell };
    await startStaticSource(source, signal);
  }

  async function startGroups(signal: AbortSignal): Promise<PodGroups> {
    const { cgroupRoot, podMaxPids } = options.resources;
    const { amounts: capacity, forPods } = facts;
    const tree = groupTreeFor(await whenDockerAnswers(() => runtime.groupDriver()));
    const root = groupPath(cgroupRoot);
    const made = new PodGroups({ tree, root, capacity, forPods, podMaxPids, log: log.named('groups') });
    const failure = 'the control groups of pods cannot be made, trying again';
    await untilDone(() => made.start(), { clock, log, failure }, signal);
    return made;
  }

  function createEvictions(): Evictions {
    const containers = podAgent.containers();
    return new Evictions({
      settings: options.evictions,
      levels: () => readLevels({ nodeFolder: dataDir, imageFolder: () => images.store.folder() }),
      usages: new PodUsages({ observer, disks, containers }),
      pods: () => podAgent.active(),
      evict: (pod, verdict) => podAgent.end(pod, verdict),
      isRunning: (uid) => runningContainers(containers.of(uid)).length > 0,
      freeImages: (bytes) => images.garbage.free(bytes),
      tellPressures: (pressures) => registration.setPressures(pressures),
      clock,
      log: log.named('evictions'),
    });
  }

  function createPodAgent(): PodAgent {
    const podLog = log.named('pods');
    const { address: hostAddress, settings } = membership;
    const serviceInformer = informers.for(services);
    const onSight = (now: Sight) => {
      sight = now;
      const socket = options.dockerSocket;
      const how = sight === 'hangs' ? `Docker hangs: ${socket} takes calls and answers none` : `no answer at ${socket}`;
      registration.setProblem(sight === 'current' ? undefined : `container runtime is down: ${how}`);
    };
    const onTurn = vitals.pulse('the containers', loopMs);
    const nodeInformer = informers.for(nodes);
    const nodeFacts = () => ({
      name: nodeName,
      labels: nodeInformer.get(nodeName)?.metadata.labels ?? {},
      allocatable: facts.allocatable,
    });
    const desired = new DesiredPods({
      informer: informers.for(pods, onNode),
      checkpoint: new Checkpoint({ dataDir, log: podLog }),
      clock,
      log: podLog,
      isApiAway: !membership.isFresh,
      statics,
    });
    const keepsakes = new SealedKeepsakes({ dataDir, nodeKeyPem: identity.key, log: podLog });
    const sweeping = desired.synced.then(() => keepsakes.retain(desired.all().flatMap(keepsakeOwners)));
    sweeping.catch((error: unknown) => podLog.warn('keepsakes of pods that are gone may stay', { error }));
    return new PodAgent({
      client,
      runtime,
      network,
      groups,
      desired,
      watch: (onChange) => new ContainerWatch({ runtime, clock, log: podLog, onChange, onSight, onTurn }),
      puller: images.puller,
      files: new PodFiles({ dataDir, settings }),
      volumes: (onChange) =>
        new PodVolumes({ dataDir, client, clock, log: podLog, node: nodeFacts, keepsakes, onChange }),
      admit: (pod, here) => {
        const ofNode = nodeInformer.get(nodeName);
        const { allocatable } = facts;
        return admit(pod, here, {
          node: ofNode,
          allocatable,
          pressures: registration.pressures,
          isShuttingDown: shutdown.isUnderWay,
          allowedUnsafeSysctls: options.allowedUnsafeSysctls,
        });
      },
      onSynced: (seconds) => metrics.podSynced(seconds),
      recorder,
      log: podLog,
      clock,
      hostAddress,
      security: { seccompFolder: join(dataDir, 'seccomp'), isSeccompDefault: options.seccompDefault },
      allocatable: () => facts.allocatable,
      services: () => serviceInformer.list(),
    });
  }
}
