// The times of a schedule. A wall clock that is put forward leaves out the times that it leaps over; one that is put back
// shows some times twice, and each time counts. Pure.
import type { Fields, Schedule } from '../../api/cron-schedule.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** What does not come in five years, as the 31st of February, never comes. */
const patienceMs = 5 * 366 * dayMs;

/** The first time of the schedule after this one, in the zone where it names none itself; undefined where none comes. */
export function nextTime(schedule: Schedule, zone: string, afterMs: number): number | undefined {
  if ('everyMs' in schedule) return Math.floor(afterMs / 1000) * 1000 + schedule.everyMs;
  const offsetMs = offsetsOf(schedule.zone ?? zone);
  const firstDayMs = Math.floor((afterMs + offsetMs(afterMs)) / dayMs) * dayMs;
  for (let dayAtMs = firstDayMs; dayAtMs <= firstDayMs + patienceMs; dayAtMs += dayMs) {
    const time = isOn(schedule.fields, dayAtMs) ? firstOn(schedule.fields, dayAtMs, offsetMs, afterMs) : undefined;
    if (time !== undefined) return time;
  }
  return undefined;
}

/** Days are those of the calendar, given as their midnight in UTC. */
function isOn({ months, days, weekdays, needsBothDays }: Fields, dayAtMs: number): boolean {
  const date = new Date(dayAtMs);
  if (!months.has(date.getUTCMonth() + 1)) return false;
  const [isDay, isWeekday] = [days.has(date.getUTCDate()), weekdays.has(date.getUTCDay())];
  return needsBothDays ? isDay && isWeekday : isDay || isWeekday;
}

type Offsets = (atMs: number) => number;

/** The day has one offset from UTC, or two where the clock is changed on it. */
function firstOn(fields: Fields, dayAtMs: number, offsetMs: Offsets, afterMs: number): number | undefined {
  const offsets = new Set([dayAtMs - 14 * hourMs, dayAtMs + 36 * hourMs].map(offsetMs));
  const firsts = [...offsets].flatMap((offset) => {
    for (const hour of sorted(fields.hours)) {
      for (const minute of sorted(fields.minutes)) {
        const time = dayAtMs + hour * hourMs + minute * minuteMs - offset;
        if (time > afterMs && offsetMs(time) === offset) return [time];
      }
    }
    return [];
  });
  return firsts.length > 0 ? Math.min(...firsts) : undefined;
}

const sorted = (values: ReadonlySet<number>) => [...values].sort((a, b) => a - b);

const formats = new Map<string, Intl.DateTimeFormat>();

/** By how much the clocks of a zone are ahead of UTC at a time. */
function offsetsOf(timeZone: string): Offsets {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('en-US', {
      ...{ timeZone, hourCycle: 'h23', calendar: 'gregory', numberingSystem: 'latn' },
      ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
  formats.set(timeZone, format);
  return (atMs) => {
    const shown: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(atMs)) shown[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / 1000) * 1000;
  };
}

/** The time as the clocks of a zone show it, in RFC 3339. */
export function zonedTimestamp(timeZone: string, atMs: number): string {
  const offset = offsetsOf(timeZone)(atMs);
  const local = new Date(atMs + offset).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const minutes = Math.abs(offset) / minuteMs;
  const digits = (count: number) => String(Math.floor(count)).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${digits(minutes / 60)}:${digits(minutes % 60)}`;
}
