// A job's own rules for which failures and successes of its pods decide.
import type { IJobSpec } from 'kubernetes-models/batch/v1/JobSpec';
import { qualifiedNameFaults } from '../label-rules.ts';
import {
  type Cause,
  checkName,
  checkNonNegative,
  duplicate,
  invalid,
  invalidWhole,
  required,
  tooLong,
  tooMany,
  unsupported,
} from '../validation.ts';
import { countIndexes } from './job-indexes.ts';

export type JobSpec = IJobSpec;
type FailureRule = NonNullable<NonNullable<JobSpec['podFailurePolicy']>['rules']>[number];
type SuccessRule = NonNullable<NonNullable<JobSpec['successPolicy']>['rules']>[number];

const rulesAtMost = 20;
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const exitCodesAtMost = 255;
const conditionsAtMost = 20;
const indexesBytesAtMost = 64 * 1024;

const quoted = (values: readonly string[]) => `valid values: [${values.map((value) => `"${value}"`).join(' ')}]`;

function* checkChoice(at: string, value: string | undefined, values: readonly string[]): Iterable<Cause> {
  if (!value) yield required(at, quoted(values));
  else if (!values.includes(value)) yield unsupported(at, value, values);
}

export function* checkPodFailurePolicy(spec: JobSpec, at: string): Iterable<Cause> {
  const rules = spec.podFailurePolicy?.rules ?? [];
  if (rules.length > rulesAtMost) yield tooMany(`${at}.rules`, rules.length, rulesAtMost);
  const { containers = [], initContainers = [] } = spec.template?.spec ?? {};
  const names = new Set([...containers, ...initContainers].map(({ name }) => name));
  for (const [index, rule] of rules.entries()) yield* checkFailureRule(spec, rule, `${at}.rules[${index}]`, names);
}

function* checkFailureRule(spec: JobSpec, rule: FailureRule, at: string, containers: Set<string>): Iterable<Cause> {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  if (action === 'FailIndex') {
    if (spec.backoffLimitPerIndex === undefined) {
      yield invalid(`${at}.action`, action, 'requires the backoffLimitPerIndex to be set');
    }
  } else yield* checkChoice(`${at}.action`, action, actions);
  if (onExitCodes) yield* checkExitCodes(onExitCodes, `${at}.onExitCodes`, containers);
  yield* checkConditions(onPodConditions, `${at}.onPodConditions`);
  if (onExitCodes && onPodConditions.length > 0) {
    yield invalidWhole(at, 'specifying both OnExitCodes and OnPodConditions is not supported');
  }
  if (!onExitCodes && onPodConditions.length === 0) {
    yield invalidWhole(at, 'specifying one of OnExitCodes and OnPodConditions is required');
  }
}

function* checkExitCodes(
  { operator, containerName, values = [] }: NonNullable<FailureRule['onExitCodes']>,
  at: string,
  containers: Set<string>,
): Iterable<Cause> {
  yield* checkChoice(`${at}.operator`, operator, ['In', 'NotIn']);
  if (containerName !== undefined && !containers.has(containerName)) {
    const why = 'must be one of the container or initContainer names in the pod template';
    yield invalid(`${at}.containerName`, containerName, why);
  }
  if (values.length === 0) yield invalid(`${at}.values`, values, 'at least one value is required');
  if (values.length > exitCodesAtMost) yield tooMany(`${at}.values`, values.length, exitCodesAtMost);
  for (const [index, value] of values.entries()) {
    const where = `${at}.values[${index}]`;
    if (operator === 'In' && value === 0) yield invalid(where, value, 'must not be 0 for the In operator');
    if (values.indexOf(value) < index) yield duplicate(where, value);
  }
  if (values.some((value, index) => value < (values[index - 1] ?? value))) {
    yield invalid(`${at}.values`, values, 'must be ordered');
  }
}

function* checkConditions(patterns: NonNullable<FailureRule['onPodConditions']>, at: string): Iterable<Cause> {
  if (patterns.length > conditionsAtMost) yield tooMany(at, patterns.length, conditionsAtMost);
  for (const [index, { type, status }] of patterns.entries()) {
    yield* checkName(`${at}[${index}].type`, type ?? '', qualifiedNameFaults);
    yield* checkChoice(`${at}[${index}].status`, status, ['False', 'True', 'Unknown']);
  }
}

export function* checkSuccessPolicy({ successPolicy, completions = 0 }: JobSpec, at: string): Iterable<Cause> {
  const rules = successPolicy?.rules ?? [];
  if (rules.length === 0) {
    yield required(`${at}.rules`, 'at least one rules must be specified when the successPolicy is specified');
  }
  if (rules.length > rulesAtMost) yield tooMany(`${at}.rules`, rules.length, rulesAtMost);
  for (const [index, rule] of rules.entries()) yield* checkSuccessRule(rule, completions, `${at}.rules[${index}]`);
}

function* checkSuccessRule(rule: SuccessRule, completions: number, at: string): Iterable<Cause> {
  const { succeededCount, succeededIndexes } = rule;
  if (succeededCount === undefined && succeededIndexes === undefined) {
    yield required(at, 'at least one of succeededCount or succeededIndexes must be specified');
  }
  const indexes = countIndexes(succeededIndexes ?? '', completions);
  if (succeededIndexes !== undefined) {
    const where = `${at}.succeededIndexes`;
    if (succeededIndexes.length > indexesBytesAtMost) yield tooLong(where, indexesBytesAtMost);
    if ('fault' in indexes) {
      yield invalid(where, succeededIndexes, `error parsing succeededIndexes: ${indexes.fault}`);
    }
  }
  if (succeededCount === undefined) return;
  const where = `${at}.succeededCount`;
  const total = 'count' in indexes ? indexes.count : 0;
  yield* checkNonNegative(where, succeededCount);
  if (succeededCount > completions) {
    const why = `must be less than or equal to ${completions} (the number of specified completions)`;
    yield invalid(where, succeededCount, why);
  }
  if (succeededIndexes !== undefined && succeededCount > total) {
    const why = `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`;
    yield invalid(where, succeededCount, why);
  }
}
