// Job: pods that run until so many of them have succeeded.
import { selectorText } from '../selector.ts';
import { isSame } from '../validation.ts';
import { ageColumn, ageSince, nameColumn, templateColumns } from './columns.ts';
import { checkJob, checkJobUpdate, type Job, jobNameLabels, jobUidLabels } from './job-spec.ts';
import { checkJobCounts, checkJobStatus } from './job-status.ts';
import { type Column, defineKind } from './kind.ts';
import { setPodTemplateDefaults } from './pod-template.ts';
import { workloadWarnings } from './workload.ts';

const has = ({ status }: Job, type: string) =>
  status.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;

const columns: Column<Job>[] = [
  nameColumn,
  {
    name: 'Status',
    type: 'string',
    description: 'How far the job is.',
    value: (job) => {
      for (const end of ['Complete', 'Failed']) if (has(job, end)) return end;
      if (job.metadata.deletionTimestamp) return 'Terminating';
      return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find((type) => has(job, type)) ?? 'Running';
    },
  },
  {
    name: 'Completions',
    type: 'string',
    description: 'Pods that have succeeded of those that shall.',
    value: ({ spec: { completions, parallelism = 0 }, status: { succeeded = 0 } }) => {
      if (completions !== undefined) return `${succeeded}/${completions}`;
      return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
    },
  },
  {
    name: 'Duration',
    type: 'string',
    description: 'How long the job ran, or runs.',
    value: ({ status: { startTime, completionTime } }, nowMs) =>
      startTime === undefined ? '' : ageSince(startTime, completionTime ? Date.parse(completionTime) : nowMs),
  },
  ageColumn,
  ...templateColumns<Job>(
    ({ spec }) => spec.template,
    ({ spec }) => selectorText(spec.selector),
  ),
];

export const jobs = defineKind<Job>({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  singular: 'job',
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  orphansDependents: {
    warning:
      'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  },
  columns,
  prepareCreate: (job) => {
    if (!job.spec.manualSelector) generateSelector(job);
  },
  setDefaults: ({ metadata, spec }) => {
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2 ** 31 - 1;
    spec.completionMode ??= 'NonIndexed';
    spec.suspend ??= false;
    spec.manualSelector ??= false;
    spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
    for (const rule of spec.podFailurePolicy?.rules ?? []) {
      for (const condition of rule.onPodConditions ?? []) condition.status ||= 'True';
    }
    spec.template ??= {};
    setPodTemplateDefaults(spec.template);
    const { labels } = spec.template.metadata ?? {};
    if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
  },
  validate: checkJob,
  validateUpdate: checkJobUpdate,
  *validateStatusUpdate(job, previous) {
    yield* checkJobCounts(job.status);
    yield* checkJobStatus(job, previous);
  },
  warningsFor: (job, previous) => [
    ...workloadWarnings(job, previous),
    ...(isHardToTrack(job.spec)
      ? [
          'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail',
        ]
      : []),
  ],
  selectableFields: { 'status.successful': ({ status }) => String(status.succeeded ?? 0) },
});

const isHardToTrack = ({ completionMode, completions = 0, parallelism = 0 }: Job['spec']) =>
  completionMode === 'Indexed' && completions > 100_000 && parallelism > 10_000;

/** Pods are told apart from those of every other job by its uid. What the user has set is left for validation to judge. */
function generateSelector({ metadata, spec }: Job): void {
  const { name, uid = '' } = metadata;
  const { template } = spec;
  const given = template.metadata?.labels ?? {};
  const labels = { ...given };
  for (const label of jobUidLabels) labels[label] ??= uid;
  for (const label of jobNameLabels) labels[label] ??= name;
  // A job without labels of its own has those of its pods.
  if (isSame(metadata.labels ?? {}, given)) metadata.labels = { ...labels };
  template.metadata = { ...template.metadata, labels };
  spec.selector = { ...spec.selector, matchLabels: { [jobUidLabels[0]]: uid, ...spec.selector?.matchLabels } };
}
