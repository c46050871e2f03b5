// Schedules as cron jobs state them: five fields, a macro, or "@every 1h30m". What is wrong with one is told in the
// words of the parser that Kubernetes uses.

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

const macros = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
const duration = /^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;

export const namesTimeZone = (schedule: string): boolean => schedule.includes('TZ');

/** What is wrong with a schedule, if anything. */
export function scheduleFault(schedule: string): string | undefined {
  const zoned = /^(?:CRON_TZ|TZ)=(\S*)\s+(.*)$/.exec(schedule);
  if (zoned) {
    const [, zone = '', rest = ''] = zoned;
    if (!isTimeZone(zone)) return `provided bad location ${zone}: unknown time zone ${zone}`;
    return scheduleFault(rest.trim());
  }
  if (schedule.startsWith('@')) return macroFault(schedule);
  const fields = schedule.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== forms.length) {
    return `expected exactly ${forms.length} fields, found ${fields.length}: [${fields.join(' ')}]`;
  }
  for (const [index, form] of forms.entries()) {
    for (const part of (fields[index] ?? '').split(',')) {
      const fault = partFault(part, form);
      if (fault) return fault;
    }
  }
  return undefined;
}

function macroFault(schedule: string): string | undefined {
  if (macros.includes(schedule)) return undefined;
  const every = /^@every (.*)$/.exec(schedule)?.[1];
  if (every === undefined) return `unrecognized descriptor: ${schedule}`;
  return duration.test(every) ? undefined : `failed to parse duration ${schedule}: time: invalid duration "${every}"`;
}

/** One of the parts between commas: a star or a number or a range, with a step. */
function partFault(part: string, { from, to, names = [] }: FieldForm): string | undefined {
  const [range = '', step, ...tooManySteps] = part.split('/');
  const [low = '', high, ...tooManyEnds] = range.split('-');
  const read = (text: string) => {
    const named = names.indexOf(text.toLowerCase());
    return named < 0 ? readNumber(text) : named + from;
  };
  const isStar = low === '*' || low === '?';
  if (tooManyEnds.length > 0) return `too many hyphens: ${part}`;
  const first = isStar ? from : read(low);
  if (typeof first === 'string') return first;
  const ownLast = high === undefined || isStar ? undefined : read(high);
  if (typeof ownLast === 'string') return ownLast;
  if (tooManySteps.length > 0) return `too many slashes: ${part}`;
  const stepBy = step === undefined ? 1 : readNumber(step);
  if (typeof stepBy === 'string') return stepBy;
  const last = ownLast ?? (isStar || step !== undefined ? to : first);
  if (first < from) return `beginning of range (${first}) below minimum (${from}): ${part}`;
  if (last > to) return `end of range (${last}) above maximum (${to}): ${part}`;
  if (first > last) return `beginning of range (${first}) beyond end of range (${last}): ${part}`;
  return stepBy === 0 ? `step of range should be a positive number: ${part}` : undefined;
}

/** The number, or why it is none. */
function readNumber(text: string): number | string {
  if (/^-\d+$/.test(text)) return `negative number (${text}) not allowed: ${text}`;
  if (/^\+?\d+$/.test(text)) return Number(text);
  return `failed to parse int from ${text}: strconv.Atoi: parsing "${text}": invalid syntax`;
}

/** A name of the time zone database. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
