// What Docker says of a container, in our words.
import type Docker from 'dockerode';
import { type ObservedContainer, pauseName } from '../runtime.ts';
import { labels } from './container-config.ts';

/** Docker's zero time stands for "not yet". */
function millis(time: string | undefined): number | undefined {
  const ms = Date.parse(time ?? '');
  return ms > 0 ? ms : undefined;
}

export function observed(info: Docker.ContainerInspectInfo): ObservedContainer {
  const { State: state, Config: config } = info;
  const read = (label: string) => config.Labels[label] ?? '';
  // What could not be started stays "created", with the reason.
  const startError = state.Status === 'created' ? state.Error : '';
  return {
    id: info.Id,
    podUid: read(labels.podUid),
    podNamespace: read(labels.podNamespace),
    podName: read(labels.podName),
    name: read(labels.name),
    attempt: Number(read(labels.attempt)) || 0,
    pauseId: read(labels.name) === pauseName ? '' : read(labels.pauseId),
    backoffSeconds: Number(read(labels.backoffSeconds)) || 0,
    state: state.Running ? 'running' : state.Status === 'created' && !startError ? 'created' : 'exited',
    pid: state.Pid,
    createdAt: millis(info.Created) ?? 0,
    startedAt: millis(state.StartedAt),
    finishedAt: millis(state.FinishedAt),
    exitCode: state.ExitCode,
    oomKilled: state.OOMKilled,
    startError,
    stopSignal: (config as { StopSignal?: string }).StopSignal || 'SIGTERM',
    imageId: info.Image,
  };
}
