// Event of events.k8s.io: the same stored events, by newer names, and with stricter rules for who writes them so.
import type { IEvent as INewEvent } from 'kubernetes-models/events.k8s.io/v1/Event';
import { type KubeObject, mutableCopy, type Served } from '../meta.ts';
import { type Causes, checkImmutable, invalid, isSame, required } from '../validation.ts';
import { type Event, eventColumns, events } from './event.ts';
import { defineKind } from './kind.ts';

export type NewEvent = Served<INewEvent>;

/** Fields that have another name here: stored name, name here. */
const renamed = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
] as const;

function withNames<T extends KubeObject>(
  object: KubeObject,
  names: readonly (readonly [string, string])[],
  apiVersion: string,
): T {
  const newName = new Map(names);
  const fields = Object.entries(mutableCopy(object)).map(([name, value]) => [newName.get(name) ?? name, value]);
  return { ...Object.fromEntries(fields), apiVersion } as T;
}

const toStored = (object: KubeObject) =>
  withNames<Event>(
    object,
    renamed.map(([stored, here]) => [here, stored] as const),
    'v1',
  );
const fromStored = (object: KubeObject) => withNames<NewEvent>(object, renamed, 'events.k8s.io/v1');

const unused = ['firstTimestamp', 'lastTimestamp', 'count'] as const;
const fixed = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'type',
  'eventTime',
  'action',
  'related',
  'reportingComponent',
  'reportingInstance',
] as const;

function* validateNew(event: Event): Causes {
  yield* validateSeries(event);
  if (!event.eventTime) yield required('eventTime');
  if (event.type !== 'Normal' && event.type !== 'Warning') {
    yield invalid('type', '', `has invalid value: ${event.type ?? ''}`);
  }
  for (const field of unused) if (event[field]) yield invalid(field, '', 'needs to be unset');
  if (event.source?.component || event.source?.host) yield invalid('source', '', 'needs to be unset');
}

function* validateSeries({ series }: Event): Causes {
  if (!series) return;
  if ((series.count ?? 0) < 2) yield invalid('series.count', '', 'should be at least 2');
  if (!series.lastObservedTime) yield required('series.lastObservedTime');
}

function* validateChanged(event: Event, previous: Event): Causes {
  if (!isSame(event.series, previous.series)) yield* validateSeries(event);
  for (const field of fixed) yield* checkImmutable(field, event[field], previous[field]);
}

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const;

export const newEvents = defineKind<NewEvent>({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  namespaced: true,
  hasStatus: false,
  columns: eventColumns.map((column) => ({
    ...column,
    value: (event: NewEvent, nowMs: number) => column.value(toStored(event), nowMs),
  })),
  view: {
    stored: events,
    toStored,
    fromStored,
    validate: (object, previous) =>
      previous ? validateChanged(object as Event, previous as Event) : validateNew(object as Event),
  },
  selectableFields: {
    ...Object.fromEntries(
      involved.map((field) => [`regarding.${field}`, ({ regarding }: NewEvent) => regarding?.[field] ?? '']),
    ),
    reason: (event) => event.reason ?? '',
    reportingController: (event) => event.reportingController ?? '',
    type: (event) => event.type ?? '',
  },
});
