// How a container of ours is asked for in Docker's words, and what is written on it so that it is known again.
import type Docker from 'dockerode';
import { cpuPeriodMicros } from '../resources/cpu.ts';
import {
  type ContainerIdentity,
  type ContainerResources,
  type ContainerSpec,
  type PauseSpec,
  type Placement,
  pauseName,
} from '../runtime.ts';
import { bindMount } from './bind-mount.ts';
import type { Owner } from './owner.ts';
import { checkPaths } from './path-limit.ts';
import { labelOptions, securityConfig } from './security-config.ts';

export const labels = {
  podUid: 'io.kubernetes.pod.uid',
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  name: 'io.kubernetes.container.name',
  attempt: 'io.kubernetes.container.restartCount',
  pauseId: 'io.kubernetes.sandbox.id',
  backoffSeconds: 'io.wherry.backoff-seconds',
  imageDigest: 'io.wherry.image-digest',
  namedImage: 'io.wherry.image',
  cluster: 'io.wherry.cluster',
  node: 'io.wherry.node',
} as const;

/** When the log of a container is put aside for a new one, and how many there may be, the newest among them. */
export interface LogLimits {
  maxBytes: number;
  maxFiles: number;
}

export const usualLogLimits: LogLimits = { maxBytes: 10 * 2 ** 20, maxFiles: 5 };

/** Who makes a container, and with which Docker. */
export interface Maker {
  owner: Owner;
  /** Whether what is mounted below a read-only mount can be told to be so, too. */
  knowsReadOnlyBelow: boolean;
  pauseImage: string;
  logs: LogLimits;
}

/** The names that Kubernetes' own Docker agent used; read by people and log shippers, never by us. */
export function containerName({ name, podName, podNamespace, podUid, attempt }: ContainerIdentity): string {
  return `k8s_${name}_${podName}_${podNamespace}_${podUid}_${attempt}`;
}

function labelsOf(identity: ContainerIdentity, { cluster, node }: Owner): Record<string, string> {
  return {
    [labels.cluster]: cluster,
    [labels.node]: node,
    [labels.podUid]: identity.podUid,
    [labels.podName]: identity.podName,
    [labels.podNamespace]: identity.podNamespace,
    [labels.name]: identity.name,
    [labels.attempt]: String(identity.attempt),
  };
}

export function pauseConfig(spec: PauseSpec, { owner, pauseImage }: Maker): Docker.ContainerCreateOptions {
  const identity = { ...spec, name: pauseName };
  return {
    name: containerName(identity),
    Image: pauseImage,
    // A host's network keeps the host's name.
    ...(!spec.hostNetwork && { Hostname: spec.hostname, NetworkDisabled: true }),
    Labels: labelsOf(identity, owner),
    HostConfig: {
      NetworkMode: spec.hostNetwork ? 'host' : 'none',
      IpcMode: spec.hostIpc ? 'host' : 'shareable',
      ...(Object.keys(spec.sysctls).length > 0 && { Sysctls: spec.sysctls }),
      ...(spec.seLinux.length > 0 && { SecurityOpt: labelOptions(spec.seLinux) }),
      ...(spec.ociRuntime && { Runtime: spec.ociRuntime }),
      LogConfig: { Type: 'none', Config: {} },
      ...placementConfig(spec),
    },
  };
}

export function containerConfig(
  spec: ContainerSpec,
  { owner, knowsReadOnlyBelow, logs }: Maker,
): Docker.ContainerCreateOptions {
  const { resources, security } = spec;
  checkPaths(spec);
  const ofPause = `container:${spec.pauseId}`;
  return {
    name: containerName(spec),
    Image: spec.image,
    ...(spec.entrypoint && { Entrypoint: spec.entrypoint }),
    ...(spec.args && { Cmd: spec.args }),
    Env: spec.env,
    ...(spec.stopSignal && { StopSignal: spec.stopSignal }),
    ...(spec.workingDir && { WorkingDir: spec.workingDir }),
    ...(security.user !== undefined && { User: security.user }),
    Tty: spec.tty,
    OpenStdin: spec.stdin,
    StdinOnce: spec.stdinOnce,
    // Probes are Kubernetes' business; an image's own check would only cost.
    Healthcheck: { Test: ['NONE'] },
    Labels: {
      ...labelsOf(spec, owner),
      [labels.pauseId]: spec.pauseId,
      [labels.backoffSeconds]: String(spec.backoffSeconds),
      [labels.imageDigest]: spec.imageDigest,
      [labels.namedImage]: spec.namedImage,
    },
    HostConfig: {
      NetworkMode: ofPause,
      IpcMode: spec.hostIpc ? 'host' : ofPause,
      ...pidMode(spec),
      Mounts: spec.mounts.map((mount) => bindMount(mount, knowsReadOnlyBelow)),
      ...resourcesConfig(resources),
      ...(spec.ociRuntime && { Runtime: spec.ociRuntime }),
      ...securityConfig(security),
      LogConfig: {
        Type: 'json-file',
        // Whatever the engine's own defaults are: what is put aside stays readable.
        Config: { 'max-size': `${logs.maxBytes}`, 'max-file': `${logs.maxFiles}`, compress: 'false' },
      },
      ...placementConfig(spec),
    },
  };
}

export function resourcesConfig({ cpuShares, cpuQuotaMicros, memoryBytes }: ContainerResources): Docker.HostConfig {
  return {
    CpuShares: cpuShares,
    ...(cpuQuotaMicros && { CpuPeriod: cpuPeriodMicros, CpuQuota: cpuQuotaMicros }),
    // No swap beyond the memory limit, as Kubernetes has it.
    ...(memoryBytes && { Memory: memoryBytes, MemorySwap: memoryBytes }),
  };
}

function placementConfig({ cgroupParent, oomScore }: Placement): Docker.HostConfig {
  return { OomScoreAdj: oomScore, ...(cgroupParent !== undefined && { CgroupParent: cgroupParent }) };
}

function pidMode({ processes, pauseId }: ContainerSpec): { PidMode?: string } {
  if (processes === 'own') return {};
  if (processes === 'of the host') return { PidMode: 'host' };
  return { PidMode: `container:${processes === 'of the pod' ? pauseId : processes.of}` };
}
