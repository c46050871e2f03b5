// Pods and containers for the tables of cases in the tests of this folder.
import type { Pod } from '../../api/kinds/pod.ts';
import { type ObservedContainer, pauseName } from '../runtime.ts';
import { newPodMemory, type PodMemory, type PodView } from './pod-view.ts';

/** The time of all samples: containers were made ten seconds before, and ended one second before. */
export const nowMs = Date.parse('2026-11-20T12:00:00Z');
/** No clock was ever set: both times are the same. */
export const moment = { monotonicMs: nowMs, wallMs: nowMs };

export function samplePod(spec: Partial<Pod['spec']> = {}, metadata: Partial<Pod['metadata']> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', uid: 'u1', resourceVersion: '1', ...metadata },
    spec: {
      nodeName: 'n1',
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      containers: [{ name: 'main', image: 'nginx' }],
      ...spec,
    },
    status: { phase: 'Pending' },
  };
}

export function sampleContainer(name: string, changes: Partial<ObservedContainer> = {}): ObservedContainer {
  const { state = 'running', attempt = 0 } = changes;
  return {
    id: `${name}-${attempt}`,
    podUid: 'u1',
    podNamespace: 'default',
    podName: 'web',
    name,
    attempt,
    pauseId: name === pauseName ? '' : `${pauseName}-0`,
    backoffSeconds: 0,
    state,
    ociRuntime: 'runc',
    pid: state === 'running' ? 42 : 0,
    createdAt: nowMs - 10_000,
    startedAt: state === 'created' ? undefined : nowMs - 9_000,
    finishedAt: state === 'exited' ? nowMs - 1_000 : undefined,
    startedMs: state === 'created' ? undefined : nowMs - 9_000,
    endedMs: state === 'exited' ? nowMs - 1_000 : undefined,
    exitCode: 0,
    oomKilled: false,
    startError: '',
    stopSignal: 'SIGTERM',
    namedImage: '',
    imageId: 'sha256:00',
    resources: { cpuShares: 2, cpuQuotaMicros: undefined, memoryBytes: undefined },
    logPath: '',
    layerFolder: '',
    imageDigest: '',
    user: undefined,
    ...changes,
  };
}

export const samplePause = (changes: Partial<ObservedContainer> = {}) => sampleContainer(pauseName, changes);

/** A view of a pod whose files are in place, whose network is wired, and whose images are there. */
export function sampleView(
  pod: Pod | undefined,
  containers: ObservedContainer[],
  memory: Partial<PodMemory> = {},
): PodView {
  const image = { source: 'i', digest: '', sizeBytes: 1 };
  const named = { init: 'busybox', main: 'nginx', side: 'busybox' };
  const ready = Object.entries(named).map(([name, of]) => [name, { of, state: 'ready', image }] as const);
  const attached = { pauseId: `${pauseName}-0`, address: '10.42.0.2' };
  return {
    pod,
    containers,
    memory: { ...newPodMemory(nowMs - 11_000), prepared: true, attached, images: new Map(ready), ...memory },
  };
}
