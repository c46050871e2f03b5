// What a job's pods are to it: by what they are told apart, which have failed and when, and what a new one is like. Pure.
import { generateNameAtMost } from '../../api/generated-name.ts';
import type { Job } from '../../api/kinds/job-spec.ts';
import { isPodFinished, type Pod } from '../../api/kinds/pod.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import type { Draft } from '../../client/client.ts';
import { podFromTemplate } from '../children/pod-from-template.ts';
import { trackingFinalizer } from './job-finalizer.ts';

const ownName = 'kubernetes.io/job-controller';
const indexKey = 'batch.kubernetes.io/job-completion-index';
const failuresKey = 'batch.kubernetes.io/job-index-failure-count';
const ignoredFailuresKey = 'batch.kubernetes.io/job-index-ignored-failure-count';
const indexVariable = 'JOB_COMPLETION_INDEX';

/** Others may run a job instead. */
export const isOurs = ({ spec }: Job): boolean => spec.managedBy === undefined || spec.managedBy === ownName;

export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === 'Indexed';
export const hasLimitPerIndex = (job: Job): boolean => isIndexed(job) && job.spec.backoffLimitPerIndex !== undefined;
export const isTerminating = (pod: Pod): boolean => isBeingDeleted(pod) && !isPodFinished(pod);

/** The place of the pod, where it is one of the job's. */
export function indexOf({ metadata }: Pod, { spec }: Job): number | undefined {
  const text = metadata.annotations?.[indexKey] ?? '';
  return /^\d+$/.test(text) && Number(text) < (spec.completions ?? 0) ? Number(text) : undefined;
}

/** One that is being deleted may never say how it ended: it counts as failed, unless replacing it waits for its end. */
export function hasFailed(pod: Pod, { spec }: Job): boolean {
  return pod.status.phase === 'Failed' || (spec.podReplacementPolicy !== 'Failed' && isTerminating(pod));
}

/** When the pod ended, as well as can be told. */
export function endedAtMs({ metadata, status }: Pod): number {
  const ends = (status.containerStatuses ?? []).map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ''));
  if (ends.length > 0 && !ends.some(Number.isNaN)) return Math.max(...ends);
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  const unreadyMs = ready?.status === 'False' ? Date.parse(ready.lastTransitionTime ?? '') : Number.NaN;
  if (!Number.isNaN(unreadyMs)) return unreadyMs;
  const deletedMs = Date.parse(metadata.deletionTimestamp ?? '') - 1000 * (metadata.deletionGracePeriodSeconds ?? 0);
  return Number.isNaN(deletedMs) ? Date.parse(metadata.creationTimestamp ?? '') || 0 : deletedMs;
}

/** How often pods of this one's place had failed before it; not counting those that a rule ignored. */
export const earlierFailures = (pod: Pod): number => numberIn(pod, failuresKey);
export const ignoredFailures = (pod: Pod): number => numberIn(pod, ignoredFailuresKey);

function numberIn({ metadata }: Pod, annotation: string): number {
  return Number.parseInt(metadata.annotations?.[annotation] ?? '', 10) || 0;
}

export interface Place {
  index: number;
  /** Where the limit of failures is by place. */
  failures?: { counted: number; ignored: number };
}

export function draftJobPod(job: Job, place?: Place): Draft<Pod> {
  const draft = podFromTemplate(job.spec.template, job);
  const finalizers = [...new Set([...(draft.metadata.finalizers ?? []), trackingFinalizer])];
  const metadata = { ...draft.metadata, finalizers };
  if (!place) return { ...draft, metadata };
  const { index, failures } = place;
  const suffix = `-${index}-`;
  const spec = draft.spec ?? { containers: [] };
  return {
    ...draft,
    metadata: {
      ...metadata,
      generateName: `${job.metadata.name.slice(0, generateNameAtMost - suffix.length)}${suffix}`,
      labels: { ...metadata.labels, [indexKey]: `${index}` },
      annotations: {
        ...metadata.annotations,
        [indexKey]: `${index}`,
        ...(failures && { [failuresKey]: `${failures.counted}` }),
        ...(failures?.ignored && { [ignoredFailuresKey]: `${failures.ignored}` }),
      },
    },
    spec: {
      ...spec,
      hostname: `${job.metadata.name}-${index}`,
      containers: spec.containers.map(withIndexVariable),
      ...(spec.initContainers && { initContainers: spec.initContainers.map(withIndexVariable) }),
    },
  };
}

type Container = Pod['spec']['containers'][number];

function withIndexVariable(container: Container): Container {
  const { env = [] } = container;
  if (env.some(({ name }) => name === indexVariable)) return container;
  const valueFrom = { fieldRef: { fieldPath: `metadata.labels['${indexKey}']` } };
  return { ...container, env: [...env, { name: indexVariable, valueFrom }] };
}
