import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CronJob } from '../../api/kinds/cron-job.ts';
import { cronJob } from './cron-job-for-tests.ts';
import { planCronJob } from './cron-job-plan.ts';

const now = Date.parse('2026-01-01T12:00:30Z');

interface Case {
  name: string;
  spec?: Partial<CronJob['spec']>;
  status?: CronJob['status'];
  starts?: string;
  again?: string;
  tells?: string[];
}

const noon = '2026-01-01T12:00:00Z';
const one = '2026-01-01T13:00:00.100Z';

const cases: Case[] = [
  { name: 'a time has passed since it was made', starts: noon, again: one },
  {
    name: 'a time has passed since the last job',
    status: { lastScheduleTime: '2026-01-01T11:00:00Z' },
    starts: noon,
    again: one,
  },
  { name: 'that time is used', status: { lastScheduleTime: noon }, again: one },
  { name: 'it is suspended', spec: { suspend: true } },
  {
    name: 'nothing is due',
    spec: { schedule: '30 * * * *' },
    status: { lastScheduleTime: '2026-01-01T11:30:00Z' },
    again: '2026-01-01T12:30:00.100Z',
  },
  {
    name: 'the job is there, the time was not noted',
    status: { active: [{ name: 'tick-29454480', uid: 'b' }] },
    again: one,
  },
  { name: 'one runs, and both may', status: { active: [{ name: 'tick-1' }] }, starts: noon, again: one },
  {
    name: 'one runs, and no other may',
    spec: { concurrencyPolicy: 'Forbid' },
    status: { active: [{ name: 'tick-1' }] },
    again: one,
    tells: ['JobAlreadyActive'],
  },
  {
    name: 'one runs, and is replaced',
    spec: { concurrencyPolicy: 'Replace' },
    status: { active: [{ name: 'tick-1' }] },
    starts: noon,
    again: one,
  },
  { name: 'it is not too late', spec: { startingDeadlineSeconds: 60 }, starts: noon, again: one },
  { name: 'it is too late', spec: { startingDeadlineSeconds: 20 }, again: one },
  { name: 'it has just become too late', spec: { startingDeadlineSeconds: 30 }, again: one },
  { name: 'it is the last moment', spec: { startingDeadlineSeconds: 31 }, starts: noon, again: one },
  {
    name: 'two were missed, the second is due this very moment',
    spec: { schedule: '@every 30s' },
    status: { lastScheduleTime: '2026-01-01T11:59:30Z' },
    starts: '2026-01-01T12:00:30Z',
    again: '2026-01-01T12:01:00.100Z',
  },
  {
    name: 'of many that were missed the latest',
    spec: { schedule: '*/10 * * * *' },
    status: { lastScheduleTime: '2025-12-31T23:00:00Z' },
    starts: noon,
    again: '2026-01-01T12:10:00.100Z',
  },
  {
    name: 'so many that something is wrong',
    spec: { schedule: '* * * * *' },
    status: { lastScheduleTime: '2026-01-01T09:00:00Z' },
    starts: noon,
    again: '2026-01-01T12:01:00.100Z',
    tells: ['TooManyMissedTimes'],
  },
  {
    name: 'a hundred is not too many',
    spec: { schedule: '* * * * *' },
    status: { lastScheduleTime: '2026-01-01T10:20:00Z' },
    starts: noon,
    again: '2026-01-01T12:01:00.100Z',
  },
  {
    name: 'a schedule of uneven times',
    spec: { schedule: '0 6-18/4 * * *' },
    status: { lastScheduleTime: '2025-12-31T18:00:00Z' },
    starts: '2026-01-01T10:00:00Z',
    again: '2026-01-01T14:00:00.100Z',
  },
  {
    name: 'an interval goes on from the last time',
    spec: { schedule: '@every 7m' },
    status: { lastScheduleTime: '2026-01-01T11:56:10Z' },
    again: '2026-01-01T12:03:10.100Z',
  },
  {
    name: 'its own zone',
    spec: { schedule: '0 17 * * *', timeZone: 'Asia/Kolkata' },
    starts: '2026-01-01T11:30:00Z',
    again: '2026-01-02T11:30:00.100Z',
  },
  { name: 'a time that never comes', spec: { schedule: '0 0 31 2 *' }, tells: ['InvalidSchedule'] },
  { name: 'what nobody can read', spec: { schedule: 'hourly' }, tells: ['UnparseableSchedule'] },
  {
    name: 'a zone where none should be',
    spec: { schedule: 'TZ=Etc/UTC 0 * * * *' },
    starts: noon,
    again: one,
    tells: ['UnsupportedSchedule'],
  },
  {
    name: 'the clock was set back',
    status: { lastScheduleTime: '2026-01-01T15:00:00Z' },
    again: '2026-01-01T16:00:00.100Z',
  },
];
for (const { name, spec = {}, status, starts, again, tells = [] } of cases) {
  test(`planned: ${name}`, () => {
    const plan = planCronJob(cronJob(spec, status), 'UTC', now);
    assert.equal(plan.startAtMs, starts === undefined ? undefined : Date.parse(starts));
    assert.equal(plan.againAtMs, again === undefined ? undefined : Date.parse(again));
    assert.deepEqual(
      plan.tell.map(({ reason }) => reason),
      tells,
    );
  });
}

test('one without a zone goes by the clocks of the server', () => {
  const plan = planCronJob(cronJob({ schedule: '0 13 * * *' }), 'Europe/Berlin', now);
  assert.equal(plan.startAtMs, Date.parse(noon));
});
