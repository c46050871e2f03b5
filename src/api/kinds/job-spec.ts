// What a job's spec must say, alone and in the template of a cron job, and what of it may change.
import type { IJob } from 'kubernetes-models/batch/v1/Job';
import { checkLabelSelector, isUsableSelector } from '../label-rules.ts';
import { mutableCopy, type Served } from '../meta.ts';
import { checkDomainPrefixedPath } from '../name-rules.ts';
import { matchesLabelSelector } from '../selector.ts';
import {
  type Cause,
  checkImmutable,
  checkNonNegative,
  dnsLabelFaults,
  invalid,
  isSame,
  required,
  tooLong,
  unsupported,
} from '../validation.ts';
import { checkPodFailurePolicy, checkSuccessPolicy, type JobSpec } from './job-policies.ts';
import { validatePodTemplate } from './pod-template.ts';

export type Job = Served<IJob>;

/** The labels by which the pods of a job are known, and the names that these had before. */
export const jobUidLabels = ['batch.kubernetes.io/controller-uid', 'controller-uid'] as const;
export const jobNameLabels = ['batch.kubernetes.io/job-name', 'job-name'] as const;

const highCompletions = 100_000;
const atMostWithHighCompletions = 10_000;

export function* checkJob(job: Job): Iterable<Cause> {
  const { metadata, spec } = job;
  yield* checkGeneratedSelector(job);
  yield* checkJobSpec(spec, 'spec');
  if (!spec.selector) yield required('spec.selector');
  yield* checkLabelSelector('spec.selector', spec.selector);
  const labels = spec.template?.metadata?.labels;
  if (isUsableSelector(spec.selector) && !matchesLabelSelector(spec.selector, labels)) {
    yield invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`');
  }
  if (spec.completionMode === 'Indexed' && (spec.completions ?? 0) > 0) {
    const longest = `${metadata.name}-${Number(spec.completions) - 1}`;
    if (dnsLabelFaults(longest).length > 0) {
      yield invalid('metadata.name', metadata.name, `will not able to create pod with invalid DNS label: ${longest}`);
    }
  }
}

/** The labels that the server makes must be the ones that are there. */
function* checkGeneratedSelector({ metadata: { name, uid = '' }, spec }: Job): Iterable<Cause> {
  const { selector, template, manualSelector } = spec;
  if (manualSelector || !selector) return;
  const generated: Record<string, string> = {};
  for (const label of jobUidLabels) generated[label] = uid;
  for (const label of jobNameLabels) generated[label] = name;
  const labels = template?.metadata?.labels ?? {};
  for (const label of [jobUidLabels[1], jobNameLabels[1], jobUidLabels[0], jobNameLabels[0]]) {
    const [at, wanted] = [`spec.template.metadata.labels[${label}]`, generated[label]];
    if (labels[label] === undefined) yield required(at, `must be '${wanted}'`);
    else if (labels[label] !== wanted) yield invalid(at, labels, `must be '${wanted}'`);
  }
  if (isUsableSelector(selector) && !matchesLabelSelector(selector, generated)) {
    yield invalid('spec.selector', selector, '`selector` not auto-generated');
  }
}

export function* checkJobSpec(spec: JobSpec, at: string): Iterable<Cause> {
  for (const field of ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit'] as const)
    yield* checkNonNegative(`${at}.${field}`, spec[field]);
  for (const field of ['ttlSecondsAfterFinished', 'backoffLimitPerIndex', 'maxFailedIndexes'] as const)
    yield* checkNonNegative(`${at}.${field}`, spec[field]);
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    yield required(`${at}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified');
  }
  if (spec.managedBy !== undefined) {
    yield* checkDomainPrefixedPath(`${at}.managedBy`, spec.managedBy);
    if (spec.managedBy.length > 63) yield tooLong(`${at}.managedBy`, 63);
  }
  yield* checkCompletionMode(spec, at);
  if (spec.podFailurePolicy) yield* checkPodFailurePolicy(spec, `${at}.podFailurePolicy`);
  if (spec.successPolicy && spec.completionMode !== 'Indexed') {
    yield invalid(`${at}.successPolicy`, spec.successPolicy, 'requires indexed completion mode');
  } else if (spec.successPolicy) {
    yield* checkSuccessPolicy(spec, `${at}.successPolicy`);
  }
  const replacement = spec.podReplacementPolicy;
  const replacements = spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  if (replacement !== undefined && !replacements.includes(replacement)) {
    yield unsupported(`${at}.podReplacementPolicy`, replacement, replacements);
  }
  yield* validatePodTemplate(spec.template, `${at}.template`);
  yield* checkRestartPolicy(spec, `${at}.template.spec.restartPolicy`);
}

function* checkCompletionMode(spec: JobSpec, at: string): Iterable<Cause> {
  const { completionMode = 'NonIndexed', completions, backoffLimitPerIndex, maxFailedIndexes } = spec;
  if (completionMode === 'NonIndexed') {
    for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
      if (spec[field] !== undefined) yield invalid(`${at}.${field}`, spec[field], 'requires indexed completion mode');
    }
    return;
  }
  if (completionMode !== 'Indexed') {
    return yield unsupported(`${at}.completionMode`, completionMode, ['NonIndexed', 'Indexed']);
  }
  if (completions === undefined) yield required(`${at}.completions`, 'when completion mode is Indexed');
  yield* checkAtMost(
    spec,
    'parallelism',
    100_000,
    at,
    'must be less than or equal to 100000 when completion mode is Indexed',
  );
  yield* checkAtMost(spec, 'maxFailedIndexes', completions, at, 'must be less than or equal to completions');
  yield* checkAtMost(spec, 'maxFailedIndexes', 100_000, at, 'must be less than or equal to 100000');
  if (completions === undefined || completions <= highCompletions || backoffLimitPerIndex === undefined) return;
  if (maxFailedIndexes === undefined) {
    yield required(`${at}.maxFailedIndexes`, `must be specified when completions is above ${highCompletions}`);
  }
  const why = `must be less than or equal to ${atMostWithHighCompletions} when completions are above ${highCompletions} and used with backoff limit per index`;
  yield* checkAtMost(spec, 'parallelism', atMostWithHighCompletions, at, why);
  yield* checkAtMost(spec, 'maxFailedIndexes', atMostWithHighCompletions, at, why);
}

function* checkAtMost(
  spec: JobSpec,
  field: 'parallelism' | 'maxFailedIndexes',
  atMost: number | undefined,
  at: string,
  why: string,
): Iterable<Cause> {
  const value = spec[field];
  if (value !== undefined && atMost !== undefined && value > atMost) yield invalid(`${at}.${field}`, value, why);
}

function* checkRestartPolicy({ template, podFailurePolicy }: JobSpec, at: string): Iterable<Cause> {
  const policy = template?.spec?.restartPolicy ?? '';
  if (policy === '' || policy === 'Always') yield required(at, 'valid values: "OnFailure", "Never"');
  else if (policy !== 'OnFailure' && policy !== 'Never') yield unsupported(at, policy, ['OnFailure', 'Never']);
  else if (podFailurePolicy && policy !== 'Never') {
    yield invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified');
  }
}

export function* checkJobUpdate({ spec }: Job, previous: Job): Iterable<Cause> {
  const before = previous.spec;
  const isElastic = spec.completionMode === 'Indexed' && spec.completions !== undefined;
  if (!isElastic) yield* checkImmutable('spec.completions', spec.completions, before.completions);
  else if (spec.completions !== before.completions && spec.completions !== spec.parallelism) {
    yield invalid('spec.completions', spec.completions, 'can only be modified in tandem with spec.parallelism');
  }
  yield* checkImmutable('spec.selector', spec.selector, before.selector);
  if (!isSame(spec.template, changeableTemplate(spec, previous))) {
    yield invalid('spec.template', spec.template, 'field is immutable');
  }
  for (const field of [
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const) {
    yield* checkImmutable(`spec.${field}`, spec[field], before[field]);
  }
}

/** The previous template, with what may still be said of a job that waits to be started: where its pods go. */
function changeableTemplate({ template }: JobSpec, { spec, status }: Job): JobSpec['template'] {
  if (!spec.suspend || status.startTime !== undefined) return spec.template;
  const before = mutableCopy(spec.template);
  if (!before.spec || !template.spec) return before;
  before.metadata = { ...before.metadata };
  for (const field of ['annotations', 'labels'] as const) replace(before.metadata, template.metadata ?? {}, field);
  for (const field of ['nodeSelector', 'tolerations', 'schedulingGates'] as const)
    replace(before.spec, template.spec, field);
  const affinity = { ...before.spec.affinity };
  replace(affinity, template.spec.affinity ?? {}, 'nodeAffinity');
  if (Object.keys(affinity).length > 0 || template.spec.affinity) before.spec.affinity = affinity;
  else delete before.spec.affinity;
  return before;
}

function replace<T extends object>(target: T, source: T, field: keyof T): void {
  if (source[field] === undefined) delete target[field];
  else target[field] = source[field];
}
