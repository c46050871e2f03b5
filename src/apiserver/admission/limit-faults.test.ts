import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LimitRangeItem } from '../../api/kinds/limit-range.ts';
import { type Asked, limitFaults } from './limit-faults.ts';

const container = (bounds: Partial<LimitRangeItem>): LimitRangeItem => ({ type: 'Container', ...bounds });
const asking = (requests?: Asked['requests'], limits?: Asked['limits']): Asked => ({ requests, limits });

const cases: [item: LimitRangeItem, asked: Asked, faults: string[]][] = [
  [container({ min: { cpu: '100m' }, max: { cpu: '1' } }), asking({ cpu: '0.5' }, { cpu: '1000m' }), []],
  [
    container({ min: { cpu: '100m' } }),
    asking(),
    ['minimum cpu usage per Container is 100m.  No request is specified'],
  ],
  [
    container({ min: { memory: '1Gi' } }),
    asking({ memory: '512Mi' }, { memory: '2Gi' }),
    ['minimum memory usage per Container is 1Gi, but request is 512Mi'],
  ],
  [
    container({ max: { cpu: '1' } }),
    asking({ cpu: '1' }),
    ['maximum cpu usage per Container is 1.  No limit is specified'],
  ],
  [
    container({ max: { cpu: '1' } }),
    asking({}, { cpu: '1500m' }),
    ['maximum cpu usage per Container is 1, but limit is 1500m'],
  ],
  [
    container({ maxLimitRequestRatio: { cpu: '2' } }),
    asking({ cpu: '100m' }, { cpu: '250m' }),
    ['cpu max limit to request ratio per Container is 2, but provided ratio is 2.500000'],
  ],
  [
    container({ maxLimitRequestRatio: { cpu: '2' } }),
    asking({ cpu: '0' }, { cpu: '1' }),
    ['cpu max limit to request ratio per Container is 2, but no request is specified or request is 0'],
  ],
  [{ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } }, asking({ storage: '1Gi' }), []],
  [
    { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '5Gi' } },
    asking({ storage: '10Gi' }),
    ['maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 10Gi'],
  ],
];

test('what one item of a limit range says of what is asked for', () => {
  for (const [item, asked, faults] of cases) assert.deepEqual(limitFaults(item, asked), faults);
});
