// What the status of a job may say, whoever writes it: the end of a job is told once and stays told.
import { type Cause, checkNonNegative, duplicate, invalid, invalidWhole, isSame, required } from '../validation.ts';
import { commonIndex, countIndexes } from './job-indexes.ts';
import type { Job } from './job-spec.ts';

type Status = Job['status'];

const isTrue = ({ conditions = [] }: Status, type: string) =>
  conditions.some((condition) => condition.type === type && condition.status === 'True');
const isFinished = (status: Status) => isTrue(status, 'Complete') || isTrue(status, 'Failed');

export function* checkJobCounts(status: Status): Iterable<Cause> {
  for (const field of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const)
    yield* checkNonNegative(`status.${field}`, status[field]);
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const seen = new Set<string>();
  for (const [list, uids] of Object.entries({ succeeded, failed })) {
    for (const [index, uid] of uids.entries()) {
      const at = `status.uncountedTerminatedPods.${list}[${index}]`;
      if (!uid) yield invalid(at, uid, 'must not be empty');
      else if (seen.has(uid)) yield duplicate(at, uid);
      seen.add(uid);
    }
  }
}

interface Rule {
  /** The fields that it is about: it is asked when one of them has changed. */
  fields: readonly (keyof Status)[];
  isBroken(status: Status, job: Job): boolean;
  cause(status: Status): Cause;
}

const ofConditions = (detail: string) => () => invalidWhole('status.conditions', detail);

const rules: readonly Rule[] = [
  {
    fields: ['conditions'],
    isBroken: (status) => isTrue(status, 'Complete') && isTrue(status, 'Failed'),
    cause: ofConditions('cannot set Complete=True and Failed=true conditions'),
  },
  {
    fields: ['conditions'],
    isBroken: (status) => isTrue(status, 'Complete') && isTrue(status, 'FailureTarget'),
    cause: ofConditions('cannot set Complete=True and FailureTarget=true conditions'),
  },
  {
    fields: ['conditions', 'completionTime'],
    isBroken: (status) => status.completionTime !== undefined && !isTrue(status, 'Complete'),
    cause: ({ completionTime }) =>
      invalid(
        'status.completionTime',
        completionTime,
        'cannot set completionTime when there is no Complete=True condition',
      ),
  },
  {
    fields: ['conditions', 'completionTime'],
    isBroken: (status) => status.completionTime === undefined && isTrue(status, 'Complete'),
    cause: () => required('status.completionTime', 'completionTime is required for Complete jobs'),
  },
  {
    fields: ['startTime', 'completionTime'],
    isBroken: ({ startTime, completionTime }) =>
      startTime !== undefined && completionTime !== undefined && Date.parse(completionTime) < Date.parse(startTime),
    cause: ({ completionTime }) =>
      invalid('status.completionTime', completionTime, 'completionTime cannot be set before startTime'),
  },
  {
    fields: ['conditions'],
    isBroken: (status) => isTrue(status, 'Failed') && !isTrue(status, 'FailureTarget'),
    cause: ofConditions('cannot set Failed=True condition without the FailureTarget=true condition'),
  },
  {
    fields: ['conditions'],
    isBroken: (status) => isTrue(status, 'Complete') && !isTrue(status, 'SuccessCriteriaMet'),
    cause: ofConditions('cannot set Complete=True condition without the SuccessCriteriaMet=true condition'),
  },
  {
    fields: ['conditions', 'active'],
    isBroken: (status) => (status.active ?? 0) > 0 && isFinished(status),
    cause: ({ active }) => invalid('status.active', active, 'active>0 is invalid for finished job'),
  },
  {
    fields: ['conditions', 'startTime'],
    isBroken: (status, { spec }) =>
      status.startTime === undefined && isFinished(status) && !(spec.suspend && spec.completions === 0),
    cause: () => required('status.startTime', 'startTime is required for finished job'),
  },
  {
    fields: ['conditions', 'uncountedTerminatedPods'],
    isBroken: (status) => {
      const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
      return isFinished(status) && succeeded.length + failed.length > 0;
    },
    cause: ({ uncountedTerminatedPods }) =>
      invalid(
        'status.uncountedTerminatedPods',
        uncountedTerminatedPods,
        'uncountedTerminatedPods needs to be empty for finished job',
      ),
  },
  {
    fields: ['completedIndexes'],
    isBroken: ({ completedIndexes = '' }, { spec }) => completedIndexes !== '' && spec.completionMode !== 'Indexed',
    cause: ({ completedIndexes }) =>
      invalid(
        'status.completedIndexes',
        completedIndexes,
        'cannot set non-empty completedIndexes when non-indexed completion mode',
      ),
  },
  {
    fields: ['failedIndexes'],
    isBroken: ({ failedIndexes }, { spec }) => failedIndexes !== undefined && spec.backoffLimitPerIndex === undefined,
    cause: ({ failedIndexes }) =>
      invalid(
        'status.failedIndexes',
        failedIndexes,
        'cannot set non-null failedIndexes when backoffLimitPerIndex is null',
      ),
  },
  {
    fields: ['conditions', 'terminating'],
    isBroken: (status) => (status.terminating ?? 0) > 0 && isFinished(status),
    cause: ({ terminating }) => invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job'),
  },
  {
    fields: ['active', 'ready'],
    isBroken: ({ ready = 0, active = 0 }) => ready > active,
    cause: ({ ready }) => invalid('status.ready', ready, 'cannot set more ready pods than active'),
  },
  {
    fields: ['conditions'],
    isBroken: (status) => isTrue(status, 'SuccessCriteriaMet') && isTrue(status, 'Failed'),
    cause: ofConditions('cannot set SuccessCriteriaMet=True and Failed=true conditions'),
  },
  {
    fields: ['conditions'],
    isBroken: (status) => isTrue(status, 'SuccessCriteriaMet') && isTrue(status, 'FailureTarget'),
    cause: ofConditions('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'),
  },
];

export function* checkJobStatus(job: Job, previous: Job): Iterable<Cause> {
  const { status } = job;
  const before = previous.status;
  const hasChanged = (field: keyof Status) => !isSame(status[field], before[field]);
  for (const { fields, isBroken, cause } of rules) {
    if (fields.some(hasChanged) && isBroken(status, job)) yield cause(status);
  }
  yield* checkIndexes(job, hasChanged);
  yield* checkWhatStays(job, previous);
}

function* checkIndexes({ spec, status }: Job, hasChanged: (field: keyof Status) => boolean): Iterable<Cause> {
  const { completions } = spec;
  const { completedIndexes = '', failedIndexes = '' } = status;
  if (completions === undefined) return;
  for (const field of ['completedIndexes', 'failedIndexes'] as const) {
    const indexes = countIndexes(status[field] ?? '', completions);
    if (hasChanged(field) && 'fault' in indexes) {
      yield invalid(`status.${field}`, status[field], `error parsing ${field}: ${indexes.fault}`);
    }
  }
  const common = commonIndex(completedIndexes, failedIndexes, completions);
  if ((hasChanged('completedIndexes') || hasChanged('failedIndexes')) && common !== undefined) {
    yield invalid(
      'status.failedIndexes',
      failedIndexes,
      `failedIndexes and completedIndexes overlap at index: ${common}`,
    );
  }
}

function* checkWhatStays({ spec, status }: Job, { status: before }: Job): Iterable<Cause> {
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (isTrue(before, type) && !isTrue(status, type)) {
      yield invalidWhole('status.conditions', `cannot disable the terminal ${type}=True condition`);
    }
  }
  if ((status.failed ?? 0) < (before.failed ?? 0)) {
    yield invalid('status.failed', status.failed ?? 0, 'cannot decrease the failed counter');
  }
  const mayShrink = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  if (!mayShrink && (status.succeeded ?? 0) < (before.succeeded ?? 0)) {
    yield invalid('status.succeeded', status.succeeded ?? 0, 'cannot decrease the succeeded counter');
  }
  const { completionTime, startTime } = status;
  if (completionTime !== undefined && before.completionTime !== undefined && completionTime !== before.completionTime) {
    yield invalid('status.completionTime', completionTime, 'completionTime cannot be mutated');
  }
  const isResumed = isTrue(before, 'Suspended') && !isTrue(status, 'Suspended');
  if (before.startTime !== undefined && startTime !== before.startTime && !spec.suspend && !isResumed) {
    yield required('status.startTime', 'startTime cannot be removed for unsuspended job');
  }
  if (isTrue(before, 'SuccessCriteriaMet') && !isTrue(status, 'SuccessCriteriaMet')) {
    yield invalidWhole('status.conditions', 'cannot disable the SuccessCriteriaMet=True condition');
  }
  if (isTrue(before, 'Complete') && !isTrue(before, 'SuccessCriteriaMet') && isTrue(status, 'SuccessCriteriaMet')) {
    const why = 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions';
    yield invalidWhole('status.conditions', why);
  }
}
