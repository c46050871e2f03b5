// When a cron job is to make its next job, and whether it makes one now. Pure.
import { namesTimeZone, readSchedule, type Schedule } from '../../api/cron-schedule.ts';
import type { CronJob } from '../../api/kinds/cron-job.ts';
import type { Happening } from '../../client/event-recorder.ts';
import { nextTime } from './cron-times.ts';

/** A job is made a little after its time rather than a little before. */
const graceMs = 100;
const manyMissed = 100;

export interface CronPlan {
  /** The time for which a job is made now. */
  startAtMs?: number;
  /** When to look again; never where nothing comes any more, or nobody can say when. */
  againAtMs?: number;
  tell: Happening[];
}

const warning = (reason: string, message: string): Happening => ({ type: 'Warning', reason, message });

/** The zone of the clocks by which a cron job goes that names none is the server's. */
export function planCronJob(cronJob: CronJob, serverZone: string, nowMs: number): CronPlan {
  const { spec, status } = cronJob;
  const zone = spec.timeZone ?? serverZone;
  const read = readSchedule(spec.schedule);
  if (spec.suspend) return { tell: [] };
  if ('fault' in read) {
    const message = `unparseable schedule: "${spec.schedule}" : ${read.fault}`;
    return { tell: [warning('UnparseableSchedule', message)] };
  }
  const times: Times = { schedule: read.schedule, zone };
  const due = missedTime(times, nowMs, earliestStart(cronJob, nowMs));
  if (due === 'never') {
    const why = 'time difference between two schedules is less than 1 second';
    return { tell: [warning('InvalidSchedule', `invalid schedule: ${spec.schedule} : ${why}`)] };
  }
  const tell = namesTimeZone(spec.schedule) ? [unsupportedZone(spec.schedule)] : [];
  if (due.atMs === undefined) return { ...again(cronJob, times, nowMs), tell };
  if (due.missed > manyMissed) {
    const message = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
    tell.push(warning('TooManyMissedTimes', message));
  }
  const name = jobNameAt(cronJob, due.atMs);
  const isMade = status.active?.some((job) => job.name === name);
  if (isMade || atOf(status.lastScheduleTime) === due.atMs) return { ...again(cronJob, times, nowMs), tell };
  if (spec.concurrencyPolicy === 'Forbid' && status.active?.length) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    tell.push({ type: 'Normal', reason: 'JobAlreadyActive', message });
    return { ...again(cronJob, times, nowMs), tell };
  }
  return { startAtMs: due.atMs, ...again(cronJob, times, nowMs), tell };
}

/** By its name a job is made once for its time, whatever was forgotten. */
export function jobNameAt({ metadata }: CronJob, atMs: number): string {
  return `${metadata.name}-${Math.floor(atMs / 60_000)}`;
}

interface Times {
  schedule: Schedule;
  zone: string;
}

const atOf = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time));

/** From when on times count that have not been used. */
function firstUnused({ metadata, status }: CronJob): number {
  return atOf(status.lastScheduleTime) ?? atOf(metadata.creationTimestamp) ?? 0;
}

/** Nothing before it is started any more. */
function earliestStart(cronJob: CronJob, nowMs: number): number {
  const { startingDeadlineSeconds } = cronJob.spec;
  const unusedMs = firstUnused(cronJob);
  return startingDeadlineSeconds === undefined ? unusedMs : Math.max(unusedMs, nowMs - startingDeadlineSeconds * 1000);
}

interface Missed {
  /** The latest of them. */
  atMs?: number;
  /** About how many there are: by the distance of the first two. */
  missed: number;
}

function missedTime({ schedule, zone }: Times, nowMs: number, sinceMs: number): Missed | 'never' {
  const firstMs = nextTime(schedule, zone, sinceMs);
  if (firstMs === undefined) return 'never';
  if (firstMs > nowMs) return { missed: 0 };
  const secondMs = nextTime(schedule, zone, firstMs);
  if (secondMs === undefined) return 'never';
  if (secondMs > nowMs) return { atMs: firstMs, missed: 0 };
  const intervalMs = secondMs - firstMs;
  const missed = Math.floor((nowMs - firstMs) / intervalMs) + 1;
  // From shortly before the latest one, where all times have the same distance.
  let atMs: number | undefined;
  let time = nextTime(schedule, zone, firstMs + (missed - 2) * intervalMs);
  for (; time !== undefined && time <= nowMs; time = nextTime(schedule, zone, time)) atMs = time;
  return { ...(atMs !== undefined && { atMs }), missed };
}

function again(cronJob: CronJob, times: Times, nowMs: number): Pick<CronPlan, 'againAtMs'> {
  const sinceMs = firstUnused(cronJob);
  const due = missedTime(times, nowMs, sinceMs);
  const latestMs = due === 'never' ? nowMs : (due.atMs ?? (due.missed === 0 ? sinceMs : nowMs));
  const nextMs = nextTime(times.schedule, times.zone, latestMs);
  return nextMs === undefined ? {} : { againAtMs: nextMs + graceMs };
}

function unsupportedZone(schedule: string): Happening {
  const where = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/';
  const message = `CRON_TZ or TZ used in schedule "${schedule}" is not officially supported, see ${where} for more details`;
  return warning('UnsupportedSchedule', message);
}
