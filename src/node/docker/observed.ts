// What Docker says of a container, in our words.
import type Docker from 'dockerode';
import { type Clock, pastMonotonicOf } from '../../base/clock.ts';
import { type ContainerResources, type ObservedContainer, pauseName } from '../runtime.ts';
import { labels } from './container-config.ts';
import { processLayer } from './process-layer.ts';

/** Docker's zero time stands for "not yet". */
function millis(time: string | undefined): number | undefined {
  const ms = Date.parse(time ?? '');
  return ms > 0 ? ms : undefined;
}

/** What stands on a container since it was made. */
function written(on: Record<string, string>) {
  const read = (label: string) => on[label] ?? '';
  return {
    podUid: read(labels.podUid),
    podNamespace: read(labels.podNamespace),
    podName: read(labels.podName),
    name: read(labels.name),
    attempt: Number(read(labels.attempt)) || 0,
    pauseId: read(labels.name) === pauseName ? '' : read(labels.pauseId),
    backoffSeconds: Number(read(labels.backoffSeconds)) || 0,
    imageDigest: read(labels.imageDigest),
    namedImage: read(labels.namedImage),
  };
}

/** Docker's zero is no limit. */
function observedResources({ CpuShares, CpuQuota, Memory }: Docker.HostConfig): ContainerResources {
  return { cpuShares: CpuShares ?? 0, cpuQuotaMicros: CpuQuota || undefined, memoryBytes: Memory || undefined };
}

export function observed(
  info: Docker.ContainerInspectInfo,
  clock: Clock,
  user?: ObservedContainer['user'],
): ObservedContainer {
  const { State: state, Config: config } = info;
  // What could not be started stays "created", with the reason.
  const startError = state.Status === 'created' ? state.Error : '';
  const hasEnded = !state.Running && (state.Status !== 'created' || !!startError);
  const createdAt = millis(info.Created) ?? 0;
  const startedAt = millis(state.StartedAt);
  const finishedAt = millis(state.FinishedAt);
  return {
    ...written(config.Labels),
    id: info.Id,
    state: state.Running ? 'running' : hasEnded ? 'exited' : 'created',
    ociRuntime: info.HostConfig.Runtime ?? '',
    pid: state.Pid,
    createdAt,
    startedAt,
    finishedAt,
    startedMs: startedAt === undefined ? undefined : pastMonotonicOf(startedAt, clock),
    endedMs: hasEnded ? pastMonotonicOf(finishedAt ?? createdAt, clock) : undefined,
    exitCode: state.ExitCode,
    oomKilled: state.OOMKilled,
    startError,
    stopSignal: (config as { StopSignal?: string }).StopSignal || 'SIGTERM',
    imageId: info.Image,
    resources: observedResources(info.HostConfig),
    logPath: info.LogPath ?? '',
    layerFolder:
      (info.GraphDriver?.Data as { UpperDir?: string } | null | undefined)?.UpperDir ?? processLayer(state.Pid),
    user,
  };
}

/** What is told of a container of which nothing is known but that it is there. */
const nothingKnown = {
  pid: 0,
  startedAt: undefined,
  finishedAt: undefined,
  startedMs: undefined,
  endedMs: undefined,
  exitCode: 0,
  oomKilled: false,
  startError: '',
  stopSignal: 'SIGTERM',
  logPath: '',
  layerFolder: '',
  user: undefined,
};

/** A container that Docker lists but does not answer for: who it is can be told, how it is cannot. */
export function unseen(info: Docker.ContainerInfo): ObservedContainer {
  return {
    ...nothingKnown,
    ...written(info.Labels),
    id: info.Id,
    state: 'unknown',
    ociRuntime: '',
    createdAt: info.Created * 1000,
    imageId: info.ImageID,
    resources: observedResources({}),
  };
}

/** A container as it was asked for, and made just now. */
export function made(id: string, { Labels, HostConfig }: Docker.ContainerCreateOptions): ObservedContainer {
  return {
    ...nothingKnown,
    ...written(Labels ?? {}),
    id,
    state: 'created',
    ociRuntime: HostConfig?.Runtime ?? '',
    createdAt: Date.now(),
    imageId: '',
    resources: observedResources(HostConfig ?? {}),
  };
}
