import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSchedule } from '../../api/cron-schedule.ts';
import { nextTime, zonedTimestamp } from './cron-times.ts';

/** The next times after one, each after the other. */
function times(text: string, zone: string, after: string, count: number): (string | undefined)[] {
  const read = readSchedule(text);
  if ('fault' in read) throw new Error(read.fault);
  const found: (string | undefined)[] = [];
  let time: number | undefined = Date.parse(after);
  for (let each = 0; each < count && time !== undefined; each++) {
    time = nextTime(read.schedule, zone, time);
    found.push(time === undefined ? undefined : zonedTimestamp(zone, time));
  }
  return found;
}

const cases: [name: string, schedule: string, zone: string, after: string, expected: (string | undefined)[]][] = [
  ['every minute', '* * * * *', 'UTC', '2026-01-31T23:58:30Z', ['2026-01-31T23:59:00Z', '2026-02-01T00:00:00Z']],
  ['never the time itself', '0 12 * * *', 'UTC', '2026-01-01T12:00:00Z', ['2026-01-02T12:00:00Z']],
  [
    'steps and ranges',
    '10-30/10 8,20 * * *',
    'UTC',
    '2026-01-01T08:15:00Z',
    ['2026-01-01T08:20:00Z', '2026-01-01T08:30:00Z', '2026-01-01T20:10:00Z'],
  ],
  [
    'a number with a step goes on to the end',
    '40/10 0 * * *',
    'UTC',
    '2026-01-01T00:41:00Z',
    ['2026-01-01T00:50:00Z', '2026-01-02T00:40:00Z'],
  ],
  [
    'names of months and days',
    '0 0 * FEB,nov Mon',
    'UTC',
    '2026-02-20T00:00:00Z',
    ['2026-02-23T00:00:00Z', '2026-11-02T00:00:00Z'],
  ],
  [
    'the day of the month or of the week, where both are named',
    '0 0 13 * 5',
    'UTC',
    '2026-03-06T12:00:00Z',
    [
      '2026-03-13T00:00:00Z',
      '2026-03-20T00:00:00Z',
      '2026-03-27T00:00:00Z',
      '2026-04-03T00:00:00Z',
      '2026-04-10T00:00:00Z',
      '2026-04-13T00:00:00Z',
    ],
  ],
  ['both, where one is a star', '0 0 * * 5', 'UTC', '2026-03-06T12:00:00Z', ['2026-03-13T00:00:00Z']],
  [
    'a star with a step names days',
    '0 0 */10 * 5',
    'UTC',
    '2026-03-06T12:00:00Z',
    ['2026-03-11T00:00:00Z', '2026-03-13T00:00:00Z'],
  ],
  ['the 29th of February', '0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', ['2028-02-29T00:00:00Z']],
  ['what never comes', '0 0 31 2 *', 'UTC', '2026-01-01T00:00:00Z', [undefined]],
  ['every week', '@weekly', 'UTC', '2026-01-01T00:00:00Z', ['2026-01-04T00:00:00Z']],
  ['every hour', '@hourly', 'UTC', '2026-01-01T00:00:00Z', ['2026-01-01T01:00:00Z']],
  [
    'every 90 minutes from then on',
    '@every 1h30m',
    'UTC',
    '2026-01-01T00:00:07Z',
    ['2026-01-01T01:30:07Z', '2026-01-01T03:00:07Z'],
  ],
  [
    'in a zone',
    '30 9 * * *',
    'Asia/Kolkata',
    '2026-01-01T00:00:00Z',
    ['2026-01-01T09:30:00+05:30', '2026-01-02T09:30:00+05:30'],
  ],
  [
    'in the zone that the schedule names',
    'TZ=Asia/Tokyo 0 9 * * *',
    'UTC',
    '2026-01-01T00:00:00Z',
    ['2026-01-02T00:00:00Z'],
  ],
  [
    'days are those of the zone',
    '0 0 1 * *',
    'America/New_York',
    '2026-01-31T23:00:00Z',
    ['2026-02-01T00:00:00-05:00'],
  ],
  [
    'west of Greenwich it is still yesterday',
    '0 20 * * *',
    'Pacific/Honolulu',
    '2026-01-01T05:00:00Z',
    ['2025-12-31T20:00:00-10:00'],
  ],
  [
    'hours and minutes in any order',
    '30,5 20,4 * * *',
    'UTC',
    '2026-01-01T04:10:00Z',
    ['2026-01-01T04:30:00Z', '2026-01-01T20:05:00Z'],
  ],
  [
    'a clock put forward leaves a time out',
    '30 2 * * *',
    'Europe/Berlin',
    '2026-03-28T00:00:00Z',
    ['2026-03-28T02:30:00+01:00', '2026-03-30T02:30:00+02:00'],
  ],
  [
    'hours go on where it is put forward',
    '0 * * * *',
    'Europe/Berlin',
    '2026-03-29T00:00:00Z',
    ['2026-03-29T03:00:00+02:00', '2026-03-29T04:00:00+02:00'],
  ],
  [
    'a clock put back shows a time twice',
    '30 2 * * *',
    'Europe/Berlin',
    '2026-10-24T22:00:00Z',
    ['2026-10-25T02:30:00+02:00', '2026-10-25T02:30:00+01:00', '2026-10-26T02:30:00+01:00'],
  ],
  [
    'every half hour where it is put back',
    '*/30 * * * *',
    'Europe/Berlin',
    '2026-10-25T00:00:00Z',
    [
      '2026-10-25T02:30:00+02:00',
      '2026-10-25T02:00:00+01:00',
      '2026-10-25T02:30:00+01:00',
      '2026-10-25T03:00:00+01:00',
    ],
  ],
  ['a midnight that is left out', '0 0 * * *', 'Africa/Cairo', '2026-04-22T23:00:00Z', ['2026-04-25T00:00:00+03:00']],
  [
    'the hours of a day that begins at one',
    '0 1 * * *',
    'Africa/Cairo',
    '2026-04-23T12:00:00Z',
    ['2026-04-24T01:00:00+03:00'],
  ],
  ['half an hour forward', '15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00:00Z', ['2026-10-05T02:15:00+11:00']],
];

for (const [name, schedule, zone, after, expected] of cases) {
  test(`${name}: ${schedule}`, () => assert.deepEqual(times(schedule, zone, after, expected.length), expected));
}
