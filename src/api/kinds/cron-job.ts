// CronJob: a job for each time of a schedule.
import type { ICronJob } from 'kubernetes-models/batch/v1/CronJob';
import { isTimeZone, namesTimeZone, scheduleFault } from '../cron-schedule.ts';
import type { Served } from '../meta.ts';
import { selectorText } from '../selector.ts';
import {
  type Cause,
  checkNonNegative,
  checkOneOf,
  dnsSubdomainFaults,
  invalid,
  required,
  unsupported,
} from '../validation.ts';
import { ageColumn, ageSince, nameColumn, orNone, templateColumns } from './columns.ts';
import { checkJobSpec } from './job-spec.ts';
import { type Column, defineKind } from './kind.ts';
import { setPodTemplateDefaults, warningsForPodTemplate } from './pod-template.ts';
import { podNameWarnings } from './workload.ts';

export type CronJob = Served<ICronJob>;

const columns: Column<CronJob>[] = [
  nameColumn,
  { name: 'Schedule', type: 'string', description: 'When a job is made.', value: ({ spec }) => spec.schedule },
  {
    name: 'Timezone',
    type: 'string',
    description: 'The time zone of the schedule.',
    value: ({ spec }) => orNone(spec.timeZone),
  },
  {
    name: 'Suspend',
    type: 'boolean',
    description: 'Whether no more jobs are made for now.',
    value: ({ spec }) => (spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False'),
  },
  {
    name: 'Active',
    type: 'integer',
    description: 'Jobs that run.',
    value: ({ status }) => status.active?.length ?? 0,
  },
  {
    name: 'Last Schedule',
    type: 'string',
    description: 'When a job was made last.',
    value: ({ status }, nowMs) => (status.lastScheduleTime ? ageSince(status.lastScheduleTime, nowMs) : '<none>'),
  },
  ageColumn,
  ...templateColumns<CronJob>(
    ({ spec }) => spec.jobTemplate.spec?.template,
    ({ spec }) => selectorText(spec.jobTemplate.spec?.selector),
  ),
];

/** Its jobs get 11 characters more, and are to be names of hosts. */
const nameAtMost = 52;

export const cronJobs = defineKind<CronJob>({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  singular: 'cronjob',
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  nameRule: (name) => [
    ...dnsSubdomainFaults(name),
    ...(name.length > nameAtMost ? [`must be no more than ${nameAtMost} characters`] : []),
  ],
  columns,
  setDefaults: ({ spec }) => {
    spec.concurrencyPolicy ||= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    spec.jobTemplate ??= {};
    const { jobTemplate } = spec;
    jobTemplate.metadata ??= {};
    jobTemplate.spec ??= { template: {} };
    jobTemplate.spec.template ??= {};
    setPodTemplateDefaults(jobTemplate.spec.template);
  },
  *validate({ spec }, previous) {
    yield* checkSchedule(spec, previous?.spec);
    yield* checkNonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds);
    if (spec.timeZone !== previous?.spec.timeZone) yield* checkTimeZone(spec.timeZone);
    yield* checkOneOf('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']);
    yield* checkTemplate(spec.jobTemplate);
    yield* checkNonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit);
    yield* checkNonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit);
  },
  validateStatusUpdate: () => [],
  warningsFor: ({ metadata, spec }, previous) => [
    ...(previous ? [] : podNameWarnings(metadata.name)),
    ...warningsForPodTemplate(spec.jobTemplate.spec?.template, 'spec.jobTemplate.spec.template'),
    ...(namesTimeZone(spec.schedule)
      ? [
          'CRON_TZ or TZ used in spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
        ]
      : []),
  ],
});

type Spec = CronJob['spec'];

function* checkSchedule({ schedule, timeZone }: Spec, previous: Spec | undefined): Iterable<Cause> {
  const at = 'spec.schedule';
  if (!schedule) return yield required(at);
  const fault = scheduleFault(schedule);
  if (fault) yield invalid(at, schedule, fault);
  if (!namesTimeZone(schedule)) return;
  if (!previous || !namesTimeZone(previous.schedule)) {
    yield invalid(at, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
  } else if (timeZone !== undefined) {
    yield invalid(at, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule');
  }
}

const zonePart = /^[A-Za-z._0-9+][A-Za-z.\-_0-9+]{0,13}$/;

function* checkTimeZone(timeZone: string | undefined): Iterable<Cause> {
  const at = 'spec.timeZone';
  if (timeZone === undefined) return;
  if (timeZone === '') return yield invalid(at, timeZone, 'timeZone must be nil or non-empty string');
  const isWellFormed = timeZone.split('/').every((part) => part !== '.' && part !== '..' && zonePart.test(part));
  if (timeZone.toLowerCase() === 'local') {
    const why = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
    yield invalid(at, timeZone, why);
  } else if (!isWellFormed || !isTimeZone(timeZone)) {
    yield invalid(at, timeZone, `unknown time zone ${timeZone}`);
  }
}

function* checkTemplate({ spec }: Spec['jobTemplate']): Iterable<Cause> {
  const at = 'spec.jobTemplate.spec';
  if (!spec) return yield required(at);
  yield* checkJobSpec(spec, at);
  if (spec.selector) yield invalid(`${at}.selector`, spec.selector, '`selector` will be auto-generated');
  if (spec.manualSelector) yield unsupported(`${at}.manualSelector`, spec.manualSelector, ['nil', 'false']);
}
