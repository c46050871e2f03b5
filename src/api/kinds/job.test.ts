import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cronJobs } from './cron-job.ts';
import { jobs } from './job.ts';
import type { Job } from './job-spec.ts';
import { createCases, created, type KindCase, updateCases } from './kind-cases.contract.ts';

const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox:1.36' }] } };
const good = { spec: { template } };
const indexed = { completionMode: 'Indexed', completions: 4 };

const spec = (patch: object, ...faults: string[]): KindCase => [{ spec: patch }, ...faults];

test('a job is told from others by its uid, and so are its pods', () => {
  const { metadata, spec } = created(jobs, good, {}) as Job;
  const labels = {
    'batch.kubernetes.io/controller-uid': 'u',
    'batch.kubernetes.io/job-name': 'x',
    'controller-uid': 'u',
    'job-name': 'x',
  };
  assert.deepEqual(spec.template.metadata?.labels, labels);
  assert.deepEqual(metadata.labels, labels);
  assert.deepEqual(spec.selector, { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } });
});

test('labels of its own stay as they are', () => {
  const { metadata, spec } = created(jobs, good, {
    metadata: { labels: { mine: 'a' } },
    spec: { template: { metadata: { labels: { pods: 'b' } } } },
  }) as Job;
  assert.deepEqual(metadata.labels, { mine: 'a' });
  assert.equal(spec.template.metadata?.labels?.pods, 'b');
});

createCases(jobs, good, [
  spec(
    { parallelism: -1, backoffLimit: -2 },
    'spec.parallelism: Invalid value: -1',
    'spec.backoffLimit: Invalid value: -2',
  ),
  spec(
    { template: { spec: { restartPolicy: 'Always' } } },
    'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
  ),
  spec(
    { template: { metadata: { labels: { 'controller-uid': 'other' } } } },
    'spec.template.metadata.labels[controller-uid]: Invalid value: {"controller-uid":"other"',
  ),
  spec(
    { selector: { matchLabels: { a: 'b' } } },
    'spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"u","a":"b"}}: `selector` not auto',
    'spec.template.metadata.labels: Invalid value: ',
  ),
  spec(
    { manualSelector: true },
    'spec.selector: Required value',
    'spec.template.metadata.labels: Invalid value: null: `selector` does not match',
  ),
  spec({
    manualSelector: true,
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } } },
  }),
  spec(
    { completionMode: 'Sorted' },
    'spec.completionMode: Unsupported value: "Sorted": supported values: "NonIndexed"',
  ),
  spec(
    { completionMode: 'Indexed', parallelism: 1 },
    'spec.completions: Required value: when completion mode is Indexed',
  ),
  spec({ backoffLimitPerIndex: 1 }, 'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode'),
  spec(
    { ...indexed, maxFailedIndexes: 5 },
    'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
    'spec.maxFailedIndexes: Invalid value: 5: must be less than or equal to completions',
  ),
  spec(
    { ...indexed, completions: 200_000, parallelism: 20_000, backoffLimitPerIndex: 1 },
    'spec.maxFailedIndexes: Required value: must be specified when completions is above 100000',
    'spec.parallelism: Invalid value: 20000: must be less than or equal to 10000 when completions are above 100000',
  ),
  spec({ managedBy: 'me' }, 'spec.managedBy: Invalid value: "me": must be a domain-prefixed path'),
  spec(
    { podReplacementPolicy: 'Never' },
    'spec.podReplacementPolicy: Unsupported value: "Never": supported values: "Fa',
  ),
  spec(
    { podFailurePolicy: { rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [3, 0, 3] } }] } },
    'spec.podFailurePolicy.rules[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
    'spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator',
    'spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 3',
    'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [3,0,3]: must be ordered',
  ),
  spec(
    { podFailurePolicy: { rules: [{}] }, template: { spec: { restartPolicy: 'OnFailure' } } },
    'spec.podFailurePolicy.rules[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]',
    'spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
    'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy',
  ),
  spec(
    { successPolicy: { rules: [] } },
    'spec.successPolicy: Invalid value: {"rules":[]}: requires indexed completion mode',
  ),
  spec(
    { ...indexed, successPolicy: { rules: [{ succeededIndexes: '0-1,1', succeededCount: 5 }, {}] } },
    'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0-1,1": error parsing succeededIndexes: non-increasing',
    'spec.successPolicy.rules[0].succeededCount: Invalid value: 5: must be less than or equal to 4 (the number of specified',
    'spec.successPolicy.rules[0].succeededCount: Invalid value: 5: must be less than or equal to 0 (the number of indexes',
    'spec.successPolicy.rules[1]: Required value: at least one of succeededCount or succeededIndexes',
  ),
]);

updateCases(jobs, good, [
  spec({ parallelism: 3, activeDeadlineSeconds: 5, suspend: true }),
  spec({ completions: 2 }, 'spec.completions: Invalid value: 2: field is immutable'),
  spec({ template: { spec: { nodeSelector: { a: 'b' } } } }, 'spec.template: Invalid value: {'),
]);

updateCases(jobs, { spec: { ...good.spec, suspend: true } }, [
  spec({ template: { spec: { nodeSelector: { a: 'b' }, affinity: { nodeAffinity: {} } } } }),
  spec({ template: { metadata: { labels: { more: 'said' } } } }),
  spec({ template: { spec: { affinity: { podAffinity: {} } } } }, 'spec.template: Invalid value: {'),
  spec({ template: { spec: { hostNetwork: true } } }, 'spec.template: Invalid value: {'),
]);

updateCases(jobs, { spec: { ...good.spec, suspend: true }, status: { startTime: '2026-01-01T00:00:00Z' } }, [
  spec({ template: { spec: { nodeSelector: { a: 'b' } } } }, 'spec.template: Invalid value: {'),
]);

updateCases(jobs, { spec: { ...good.spec, ...indexed, parallelism: 4 } }, [
  spec({ completions: 6, parallelism: 6 }),
  spec({ completions: 6 }, 'spec.completions: Invalid value: 6: can only be modified in tandem with spec.parallelism'),
]);

const cronSpec = (patch: object, ...faults: string[]): KindCase => [{ spec: patch }, ...faults];
const goodCron = { spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template } } } };

createCases(cronJobs, goodCron, [
  cronSpec({ schedule: '' }, 'spec.schedule: Required value'),
  cronSpec(
    { schedule: '60 * * * *' },
    'spec.schedule: Invalid value: "60 * * * *": end of range (60) above maximum (59)',
  ),
  cronSpec(
    { schedule: 'TZ=UTC 0 1 * * *' },
    'spec.schedule: Invalid value: "TZ=UTC 0 1 * * *": cannot use TZ or CRON_TZ',
  ),
  cronSpec({ timeZone: 'Europe/Berlin' }),
  cronSpec({ timeZone: 'Mars/Base' }, 'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base'),
  cronSpec({ timeZone: 'local' }, 'spec.timeZone: Invalid value: "local": timeZone must be an explicit time zone'),
  cronSpec({ timeZone: '' }, 'spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string'),
  cronSpec(
    { concurrencyPolicy: 'Nope', startingDeadlineSeconds: -1, failedJobsHistoryLimit: -2 },
    'spec.startingDeadlineSeconds: Invalid value: -1',
    'spec.concurrencyPolicy: Unsupported value: "Nope": supported values: "Allow", "Forbid", "Replace"',
    'spec.failedJobsHistoryLimit: Invalid value: -2',
  ),
  cronSpec(
    { jobTemplate: { spec: { selector: {}, manualSelector: true } } },
    'spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated',
    'spec.jobTemplate.spec.manualSelector: Unsupported value: true',
  ),
]);

updateCases(cronJobs, { spec: { ...goodCron.spec, schedule: 'TZ=UTC 0 1 * * *' } }, [
  cronSpec({ schedule: 'TZ=UTC 0 2 * * *' }),
  cronSpec(
    { timeZone: 'UTC' },
    'spec.schedule: Invalid value: "TZ=UTC 0 1 * * *": cannot use both timeZone field and TZ',
  ),
]);

test('the name of a cron job leaves room for those of its jobs', () => {
  assert.deepEqual(cronJobs.nameRule?.('a'.repeat(52)), []);
  assert.deepEqual(cronJobs.nameRule?.('a'.repeat(53)), ['must be no more than 52 characters']);
});
