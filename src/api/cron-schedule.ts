// Schedules as cron jobs state them: five fields, a macro, or "@every 1h30m". What is wrong with one is told in the
// words of the parser that Kubernetes uses.

export interface Fields {
  minutes: ReadonlySet<number>;
  hours: ReadonlySet<number>;
  days: ReadonlySet<number>;
  /** From 1 on. */
  months: ReadonlySet<number>;
  /** From Sunday, 0, on. */
  weekdays: ReadonlySet<number>;
  /** A day must be both of the month's and of the week's days; one of them is enough where both are named. */
  needsBothDays: boolean;
}

/** Times of a calendar, or an interval. */
export type Schedule = { zone?: string } & ({ fields: Fields } | { everyMs: number });

interface FieldForm {
  from: number;
  to: number;
  /** The name of `from`, and of each number after it. */
  names?: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Minute, hour, day of the month, month, day of the week. */
const forms: readonly FieldForm[] = [
  { from: 0, to: 59 },
  { from: 0, to: 23 },
  { from: 1, to: 31 },
  { from: 1, to: 12, names: months },
  { from: 0, to: 6, names: weekdays },
];

const macros: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const duration = /^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;
const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, ms: 1 };

export const namesTimeZone = (schedule: string): boolean => schedule.includes('TZ');

/** The schedule, or what is wrong with it. */
export function readSchedule(text: string): { schedule: Schedule } | { fault: string } {
  try {
    return { schedule: read(text) };
  } catch (error) {
    if (error instanceof ScheduleFault) return { fault: error.message };
    throw error;
  }
}

/** What is wrong with a schedule, if anything. */
export function scheduleFault(text: string): string | undefined {
  const answer = readSchedule(text);
  return 'fault' in answer ? answer.fault : undefined;
}

class ScheduleFault extends Error {}

function read(text: string): Schedule {
  const zoned = /^(?:CRON_TZ|TZ)=(\S*)\s+(.*)$/.exec(text);
  if (zoned) {
    const [, zone = '', rest = ''] = zoned;
    if (!isTimeZone(zone)) throw new ScheduleFault(`provided bad location ${zone}: unknown time zone ${zone}`);
    return { zone, ...read(rest.trim()) };
  }
  if (text.startsWith('@')) return readMacro(text);
  const fields = text.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== forms.length) {
    throw new ScheduleFault(`expected exactly ${forms.length} fields, found ${fields.length}: [${fields.join(' ')}]`);
  }
  const [minute, hour, day, month, weekday] = forms.map((form, index) => readField(fields[index] ?? '', form));
  if (!minute || !hour || !day || !month || !weekday) throw new Error('there are five forms');
  return {
    fields: {
      minutes: minute.values,
      hours: hour.values,
      days: day.values,
      months: month.values,
      weekdays: weekday.values,
      needsBothDays: day.isAny || weekday.isAny,
    },
  };
}

function readMacro(text: string): Schedule {
  const fields = macros[text];
  if (fields !== undefined) return read(fields);
  const every = /^@every (.*)$/.exec(text)?.[1];
  if (every === undefined) throw new ScheduleFault(`unrecognized descriptor: ${text}`);
  if (!duration.test(every)) {
    throw new ScheduleFault(`failed to parse duration ${text}: time: invalid duration "${every}"`);
  }
  const parts = every.startsWith('-') ? [] : [...every.matchAll(/([\d.]+)([a-zµμ]+)/g)];
  const ms = parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitMs[unit] ?? 0), 0);
  return { everyMs: Math.max(1000, Math.floor(ms / 1000) * 1000) };
}

interface Field {
  values: Set<number>;
  /** It leaves the choice to the others. */
  isAny: boolean;
}

function readField(text: string, form: FieldForm): Field {
  const field: Field = { values: new Set(), isAny: false };
  for (const part of text.split(',')) {
    const { first, last, stepBy, isAny } = readPart(part, form);
    for (let value = first; value <= last; value += stepBy) field.values.add(value);
    field.isAny ||= isAny;
  }
  return field;
}

/** One of the parts between commas: a star or a number or a range, with a step. */
function readPart(part: string, { from, to, names = [] }: FieldForm) {
  const [range = '', step, ...tooManySteps] = part.split('/');
  const [low = '', high, ...tooManyEnds] = range.split('-');
  const readValue = (text: string) => {
    const named = names.indexOf(text.toLowerCase());
    return named < 0 ? readNumber(text) : named + from;
  };
  const isStar = low === '*' || low === '?';
  if (tooManyEnds.length > 0) throw new ScheduleFault(`too many hyphens: ${part}`);
  const first = isStar ? from : readValue(low);
  const ownLast = high === undefined || isStar ? undefined : readValue(high);
  if (tooManySteps.length > 0) throw new ScheduleFault(`too many slashes: ${part}`);
  const stepBy = step === undefined ? 1 : readNumber(step);
  const last = ownLast ?? (isStar || step !== undefined ? to : first);
  if (first < from) throw new ScheduleFault(`beginning of range (${first}) below minimum (${from}): ${part}`);
  if (last > to) throw new ScheduleFault(`end of range (${last}) above maximum (${to}): ${part}`);
  if (first > last) throw new ScheduleFault(`beginning of range (${first}) beyond end of range (${last}): ${part}`);
  if (stepBy === 0) throw new ScheduleFault(`step of range should be a positive number: ${part}`);
  return { first, last, stepBy, isAny: isStar && stepBy === 1 };
}

function readNumber(text: string): number {
  if (/^-\d+$/.test(text)) throw new ScheduleFault(`negative number (${text}) not allowed: ${text}`);
  if (/^\+?\d+$/.test(text)) return Number(text);
  throw new ScheduleFault(`failed to parse int from ${text}: strconv.Atoi: parsing "${text}": invalid syntax`);
}

/** A name of the time zone database, in its own letters. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    const known = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
    return known === name || known.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}
