import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTimeZone, scheduleFault } from './cron-schedule.ts';

const good = [
  '* * * * *',
  '*/5 0-23/2 1,15 JAN-mar sun',
  '0 0 ? * ?',
  '5/10 * * * *',
  '@daily',
  '@every 1h30m',
  'TZ=Europe/Berlin 0 1 * * *',
  '  0 0 1 1 *  ',
];

const bad: [schedule: string, fault: string][] = [
  ['every day', 'expected exactly 5 fields, found 2: [every day]'],
  ['* * * * * *', 'expected exactly 5 fields, found 6: [* * * * * *]'],
  ['60 * * * *', 'end of range (60) above maximum (59): 60'],
  ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
  ['* * * * 7', 'end of range (7) above maximum (6): 7'],
  ['9-5 * * * *', 'beginning of range (9) beyond end of range (5): 9-5'],
  ['*/0 * * * *', 'step of range should be a positive number: */0'],
  ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
  ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
  ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
  ['@fortnightly', 'unrecognized descriptor: @fortnightly'],
  ['@every soon', 'failed to parse duration @every soon: time: invalid duration "soon"'],
  ['TZ=Mars/Base 0 1 * * *', 'provided bad location Mars/Base: unknown time zone Mars/Base'],
];

for (const schedule of good) test(`"${schedule}" is good`, () => assert.equal(scheduleFault(schedule), undefined));
for (const [schedule, fault] of bad) test(`"${schedule}" is not`, () => assert.equal(scheduleFault(schedule), fault));

test('time zones are names, no offsets', () => {
  assert.deepEqual(
    ['Europe/Berlin', 'UTC', 'Etc/GMT+1', 'Asia/Calcutta', '+01:00', 'Mars/Base', 'europe/berlin', ''].map(isTimeZone),
    [true, true, true, true, false, false, false, false],
  );
});
