import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../meta.ts';
import { type Event, events } from './event.ts';
import { newEvents } from './event-v1.ts';

const view = newEvents.view ?? assert.fail('a view');

const stored = {
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'e', namespace: 'default' },
  involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
  message: 'started',
  reason: 'Started',
  type: 'Normal',
  source: { component: 'kubelet', host: 'n' },
  reportingComponent: 'kubelet',
  reportingInstance: 'n',
  firstTimestamp: '2026-01-01T00:00:00Z',
  lastTimestamp: '2026-01-01T00:00:09Z',
  count: 3,
} as unknown as Event;

test('an event has two names for each of its fields, and loses none', () => {
  const shown = view.fromStored(stored) as KubeObject & Record<string, unknown>;
  assert.deepEqual(shown, {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: stored.metadata,
    regarding: stored.involvedObject,
    note: 'started',
    reason: 'Started',
    type: 'Normal',
    deprecatedSource: stored.source,
    reportingController: 'kubelet',
    reportingInstance: 'n',
    deprecatedFirstTimestamp: stored.firstTimestamp,
    deprecatedLastTimestamp: stored.lastTimestamp,
    deprecatedCount: 3,
  });
  assert.deepEqual(view.toStored(shown), stored);
});

const newer = {
  ...stored,
  eventTime: '2026-01-01T00:00:00.000000Z',
  action: 'Starting',
  source: {},
  firstTimestamp: undefined,
  lastTimestamp: undefined,
  count: undefined,
};

const cases: { name: string; event: object; older: string[]; asNew: string[] }[] = [
  {
    name: 'of the older sort',
    event: stored,
    older: [],
    asNew: ['eventTime', 'firstTimestamp', 'lastTimestamp', 'count', 'source'],
  },
  { name: 'of the newer sort', event: newer, older: [], asNew: [] },
  {
    name: 'of the newer sort that says too little',
    event: { ...newer, action: '', reportingComponent: 'a b', type: 'Odd', series: { count: 1 } },
    older: ['reportingComponent', 'action'],
    asNew: ['series.count', 'series.lastObservedTime', 'type'],
  },
  {
    name: 'about an object elsewhere',
    event: { ...stored, involvedObject: { namespace: 'other' } },
    older: ['involvedObject.namespace'],
    asNew: ['eventTime', 'firstTimestamp', 'lastTimestamp', 'count', 'source'],
  },
];

for (const { name, event, older, asNew } of cases) {
  test(`an event ${name}`, () => {
    const object = event as Event;
    assert.deepEqual(
      [...(events.validate?.(object) ?? [])].map(({ field }) => field),
      older,
    );
    assert.deepEqual(
      [...(view.validate?.(object, undefined) ?? [])].map(({ field }) => field),
      asNew,
    );
  });
}
