// Event: something that happened to an object. Gone after an hour.
import type { IEvent } from 'kubernetes-models/v1/Event';
import type { Served } from '../meta.ts';
import { required } from '../validation.ts';
import { ageSince, nameColumn } from './columns.ts';
import { type Column, defineKind } from './kind.ts';

export type Event = Served<IEvent>;

const firstSeen = (event: Event) => event.firstTimestamp ?? event.eventTime;
const lastSeen = (event: Event) => event.series?.lastObservedTime ?? event.lastTimestamp ?? firstSeen(event);

const columns: Column<Event>[] = [
  {
    name: 'Last Seen',
    type: 'string',
    description: 'When it last happened.',
    value: (event, nowMs) => ageSince(lastSeen(event), nowMs),
  },
  { name: 'Type', type: 'string', description: 'Normal or Warning.', value: (event) => event.type ?? '' },
  {
    name: 'Reason',
    type: 'string',
    description: 'Why it was reported, in one word.',
    value: (event) => event.reason ?? '',
  },
  {
    name: 'Object',
    type: 'string',
    description: 'The object it is about.',
    value: ({ involvedObject: { kind = '', name = '' } }) => `${kind.toLowerCase()}/${name}`,
  },
  {
    name: 'Subobject',
    type: 'string',
    priority: 1,
    description: 'The part of the object.',
    value: (event) => event.involvedObject.fieldPath ?? '',
  },
  {
    name: 'Source',
    type: 'string',
    priority: 1,
    description: 'Who reported it.',
    value: ({ source, reportingComponent }) =>
      [source?.component ?? reportingComponent, source?.host].filter(Boolean).join(', '),
  },
  { name: 'Message', type: 'string', description: 'What happened.', value: (event) => (event.message ?? '').trim() },
  {
    name: 'First Seen',
    type: 'string',
    priority: 1,
    description: 'When it first happened.',
    value: (event, nowMs) => ageSince(firstSeen(event), nowMs),
  },
  {
    name: 'Count',
    type: 'string',
    priority: 1,
    description: 'How often it happened.',
    value: (event) => event.series?.count ?? event.count ?? 1,
  },
  { ...nameColumn, priority: 1 },
];

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const;
const involvedFields = Object.fromEntries(
  involved.map((field) => [`involvedObject.${field}`, ({ involvedObject }: Event) => involvedObject[field] ?? '']),
);

export const events = defineKind<Event>({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  namespaced: true,
  hasStatus: false,
  ttlSeconds: 3600,
  createsOnUpdate: true,
  columns,
  validate: (event) => (event.involvedObject ? [] : [required('involvedObject')]),
  selectableFields: {
    ...involvedFields,
    reason: (event) => event.reason ?? '',
    reportingComponent: (event) => event.reportingComponent ?? '',
    source: (event) => event.source?.component ?? event.reportingComponent ?? '',
    type: (event) => event.type ?? '',
  },
});
