// Jobs and pods as the tables of cases name them.
import type { Job } from '../../api/kinds/job-spec.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { trackingFinalizer } from './job-finalizer.ts';
import type { ObservedJob } from './job-tally.ts';

export const now = Date.parse('2026-01-01T12:00:00Z');
export const ago = (seconds: number): string => `${new Date(now - seconds * 1000).toISOString().slice(0, 19)}Z`;

export function job(spec: Partial<Job['spec']> = {}, status: Job['status'] = {}): Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'work', namespace: 'default', uid: 'job' },
    spec: {
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'work' }] } },
      ...spec,
    },
    status,
  };
}

export const indexed = (completions: number, spec: Partial<Job['spec']> = {}, status: Job['status'] = {}): Job =>
  job({ completionMode: 'Indexed', completions, parallelism: completions, ...spec }, status);

export interface Traits {
  index?: number;
  isReady?: boolean;
  isCounted?: boolean;
  isDeleted?: boolean;
  isDismissed?: boolean;
  exitCode?: number;
  endedAgo?: number;
  failures?: number;
  condition?: string;
  restarts?: number;
}

export function pod(uid: string, phase: Pod['status']['phase'] & string, traits: Traits = {}): Pod {
  const {
    index,
    isReady,
    isCounted,
    isDeleted,
    isDismissed,
    exitCode,
    endedAgo = 60,
    failures,
    condition,
    restarts = 0,
  } = traits;
  const code = exitCode ?? { Succeeded: 0, Failed: 1 }[phase as string];
  const finishedAt = ago(endedAgo);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `work-${uid}`,
      namespace: 'default',
      uid,
      creationTimestamp: ago(3600),
      ...(!isCounted && { finalizers: [trackingFinalizer] }),
      ...(isDeleted && { deletionTimestamp: ago(endedAgo), deletionGracePeriodSeconds: 0 }),
      annotations: {
        ...(index !== undefined && { 'batch.kubernetes.io/job-completion-index': `${index}` }),
        ...(isDismissed && { 'wherry.io/dismissed': 'true' }),
        ...(failures !== undefined && { 'batch.kubernetes.io/job-index-failure-count': `${failures}` }),
      },
    },
    spec: { containers: [] },
    status: {
      phase,
      conditions: [
        ...(isReady ? [{ type: 'Ready', status: 'True' }] : []),
        ...(condition ? [{ type: condition, status: 'True' }] : []),
      ],
      containerStatuses: [
        {
          ...{ name: 'main', image: '', imageID: '', ready: false, restartCount: restarts },
          ...(code !== undefined && { state: { terminated: { exitCode: code, finishedAt } } }),
        },
      ],
    },
  };
}

export function observe(of: Job, pods: readonly Pod[], more: Partial<ObservedJob> = {}): ObservedJob {
  return { job: of, pods, released: new Set(), record: { failures: 0, lastMs: 0 }, nowMs: now, ...more };
}
