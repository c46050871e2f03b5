// The pods of this node: those that the API gives it and its own, their control groups and logs, and who has to go when the
// node runs out of something.
import { join } from 'node:path';
import { type Node, nodes } from '../api/kinds/node.ts';
import { isPodFinished, pods } from '../api/kinds/pod.ts';
import { services } from '../api/kinds/service.ts';
import { type Component, runBeside } from '../base/component.ts';
import { admit } from '../node/admission.ts';
import { Checkpoint } from '../node/checkpoint.ts';
import { LogLinks, usualLogDirectory } from '../node/log-links.ts';
import { ContainerWatch, type Sight } from '../node/pods/container-watch.ts';
import { DesiredPods } from '../node/pods/desired-pods.ts';
import { PodAgent } from '../node/pods/pod-agent.ts';
import { PodFiles } from '../node/pods/pod-files.ts';
import { runningContainers } from '../node/pods/pod-progress.ts';
import { Evictions } from '../node/pressure/evictions.ts';
import { PodUsages } from '../node/pressure/pod-usages.ts';
import { isOfEngineDisk, readLevels } from '../node/pressure/signals.ts';
import { groupPath, groupTreeFor } from '../node/resources/group-driver.ts';
import { PodGroups } from '../node/resources/pod-groups.ts';
import { untilDone } from '../node/retry.ts';
import { SealedKeepsakes } from '../node/sealed-keepsakes.ts';
import { startStaticSource } from '../node/static-pods/static-source.ts';
import { Disks } from '../node/stats/disks.ts';
import { Observer } from '../node/stats/observation.ts';
import { VolumeRooms } from '../node/stats/volume-rooms.ts';
import { runLocalFolders } from '../node/volumes/local-folders.ts';
import { keepsakeOwners } from '../node/volumes/object-references.ts';
import { PodVolumes } from '../node/volumes/pod-volumes.ts';
import { type AgentParts, longestTurnMs } from './agent-parts.ts';

export function runningPods(parts: AgentParts): Component {
  const { options, log, vitals } = parts;
  return {
    name: 'pods',
    start: async (signal) => {
      const { podAgent } = parts;
      const links = new LogLinks({ folder: usualLogDirectory, log: log.named('pods') });
      runBeside(links.sweep(), signal, log, 'links to logs');
      podAgent.containers().subscribe((container) => links.heed(container));
      await startStatics(parts, signal);
      await podAgent.start(signal);
      runBeside(createEvictions(parts, signal).run(signal), signal, log, 'evictions');
      vitals.watch('the pods', longestTurnMs, () => podAgent.stalledMs());
      parts.registration.setProblem('start', undefined);
    },
    standstill: () => vitals.standstill() ?? (options.isDockerVital && parts.sight === 'hangs' ? 'Docker' : undefined),
  };
}

/** Made before the watches of the API start, so that they watch what it needs. */
export async function createPodAgent(parts: AgentParts, signal: AbortSignal): Promise<void> {
  const { options, clock, log, metrics, vitals, client, runtime, informers, membership, facts, registration } = parts;
  const { nodeName, dataDir, dockerSocket } = options;
  const podLog = log.named('pods');
  const nodeInformer = informers.for(nodes);
  const serviceInformer = informers.for(services);
  let areServicesKnown = false;
  void serviceInformer.synced.then(() => {
    areServicesKnown = true;
  });
  const nodeFacts = () => ({
    name: nodeName,
    labels: nodeInformer.get(nodeName)?.metadata.labels ?? {},
    allocatable: facts.allocatable,
    volumesDir: options.volumesDir,
  });
  const { recorder } = parts;
  const folders = {
    client,
    informers,
    recorder,
    clock,
    log: log.named('volumes'),
    nodeName,
    folder: options.volumesDir,
  };
  runLocalFolders(folders, signal);
  const desired = new DesiredPods({
    informer: informers.for(pods, boundTo(nodeName)),
    checkpoint: new Checkpoint({ dataDir, log: podLog }),
    clock,
    log: podLog,
    isApiAway: !membership.isFresh,
    statics: parts.statics,
  });
  const isGoingDown = () => parts.isGoingDown;
  const keepsakes = new SealedKeepsakes({ dataDir, nodeKeyPem: parts.identity.key, log: podLog, isGoingDown });
  const owners = () => desired.all().flatMap((pod) => (isPodFinished(pod) ? [] : keepsakeOwners(pod)));
  const sweeping = desired.synced.then(() => keepsakes.retain(owners()));
  sweeping.catch((error: unknown) => podLog.warn('keepsakes of pods that are gone may stay', { error }));
  const onSight = (sight: Sight) => {
    parts.sight = sight;
    const hangs = `Docker hangs: ${dockerSocket} takes calls and answers none`;
    const how = sight === 'hangs' ? hangs : `no answer at ${dockerSocket}`;
    registration.setProblem('Docker', sight === 'current' ? undefined : `container runtime is down: ${how}`);
  };
  const onTurn = vitals.pulse('the containers', longestTurnMs);
  const podAgent = new PodAgent({
    client,
    runtime,
    network: parts.network,
    groups: await startGroups(parts, signal),
    desired,
    watch: (heard) => new ContainerWatch({ runtime, clock, log: podLog, onSight, onTurn, ...heard }),
    puller: parts.images.puller,
    files: new PodFiles({ dataDir, settings: membership.settings }),
    volumes: (onChange) =>
      new PodVolumes({ dataDir, client, clock, log: podLog, node: nodeFacts, keepsakes, onChange }),
    admit: (pod, here) =>
      admit(pod, here, {
        node: nodeInformer.get(nodeName),
        allocatable: facts.allocatable,
        pressures: registration.pressures,
        isShuttingDown: parts.isGoingDown,
        allowedUnsafeSysctls: options.allowedUnsafeSysctls,
      }),
    onSynced: (seconds) => metrics.podSynced(seconds),
    recorder: parts.recorder,
    log: podLog,
    clock,
    hostAddress: membership.address,
    security: { seccompFolder: join(dataDir, 'seccomp'), isSeccompDefault: options.seccompDefault },
    allocatable: () => facts.allocatable,
    services: () => (areServicesKnown ? serviceInformer.list() : undefined),
  });
  parts.podAgent = podAgent;
  parts.observer = new Observer({ pods: () => podAgent.pods(), containers: podAgent.containers(), clock });
  parts.disks = new Disks({ dataDir, clock });
  parts.volumeRooms = new VolumeRooms({ clock });
}

const boundTo = (nodeName: string) => ({ fieldSelector: `spec.nodeName=${nodeName}` });

async function startGroups(parts: AgentParts, signal: AbortSignal): Promise<PodGroups> {
  const { options, clock, log, facts } = parts;
  const { cgroupRoot, podMaxPids } = options.resources;
  const { amounts: capacity, forPods } = facts;
  const tree = groupTreeFor(await parts.whenDockerAnswers(() => parts.runtime.groupDriver()));
  const root = groupPath(cgroupRoot);
  const endLost = (ids: ReadonlySet<string>) => parts.runtime.endLost(ids);
  const groups = new PodGroups({ tree, root, capacity, forPods, podMaxPids, endLost, log: log.named('groups') });
  const failure = 'the control groups of pods cannot be made, trying again';
  await untilDone(() => groups.start(), { clock, log, failure }, signal);
  return groups;
}

async function startStatics(parts: AgentParts, signal: AbortSignal): Promise<void> {
  const { options, client, clock, log, informers, statics, recorder } = parts;
  const { podManifestPath: path, nodeName } = options;
  if (!path) return;
  const informer = informers.for(pods, boundTo(nodeName));
  const known = (): Node | undefined => informers.for(nodes).get(nodeName) ?? parts.node;
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

function createEvictions(parts: AgentParts, signal: AbortSignal): Evictions {
  const { options, clock, log, podAgent, images, registration, observer, disks } = parts;
  const containers = podAgent.containers();
  const places = { nodeFolder: options.dataDir, imageFolder: () => images.store.folder() };
  return new Evictions({
    settings: options.evictions,
    levels: () => readLevels(places),
    isOfEngineDisk: (about) => isOfEngineDisk(about, places),
    usages: new PodUsages({ observer, disks, containers }),
    pods: () => podAgent.active(),
    evict: (pod, verdict) => podAgent.end(pod, verdict),
    isRunning: (uid) => runningContainers(containers.of(uid)).length > 0,
    freeContainers: () => podAgent.removeEnded(signal),
    freeImages: (bytes) => images.garbage.free(bytes),
    tellPressures: (pressures) => registration.setPressures(pressures),
    clock,
    log: log.named('evictions'),
  });
}
