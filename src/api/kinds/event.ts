// Event: something that happened to an object. Gone after an hour.
import type { IEvent } from 'kubernetes-models/v1/Event';
import { qualifiedNameFaults } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { type Causes, checkName, invalid, required } from '../validation.ts';
import { ageSince, nameColumn } from './columns.ts';
import { type Column, defineKind } from './kind.ts';

export type Event = Served<IEvent>;

const firstSeen = (event: Event) => event.firstTimestamp ?? event.eventTime;
const lastSeen = (event: Event) => event.series?.lastObservedTime ?? event.lastTimestamp ?? firstSeen(event);

export const eventColumns: Column<Event>[] = [
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
    value: ({ involvedObject: { kind = '', name } }) => (name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase()),
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
    value: ({ source, reportingComponent, reportingInstance }) => {
      const component = source?.component || reportingComponent || '';
      const instance = source?.host || reportingInstance;
      return instance ? `${component}, ${instance}` : component;
    },
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
    value: (event) => event.series?.count ?? (event.count || 1),
  },
  { ...nameColumn, priority: 1 },
];

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const;
const involvedFields = Object.fromEntries(
  involved.map((field) => [`involvedObject.${field}`, ({ involvedObject }: Event) => involvedObject[field] ?? '']),
);

const maxNameLength = 128;
const maxMessageLength = 1024;
/** Where events about objects outside of namespaces may be. */
const homesOfOthers = { older: ['default'], newer: ['default', 'kube-system'] };

/** Events with a time of their own are of the newer sort, which says more. */
function* validateEvent(event: Event): Causes {
  const { namespace = '' } = event.metadata;
  const about = event.involvedObject.namespace ?? '';
  const isNewer = Boolean(event.eventTime);
  const isAtHome = about
    ? isNewer || about === namespace
    : homesOfOthers[isNewer ? 'newer' : 'older'].includes(namespace);
  if (!isAtHome) yield invalid('involvedObject.namespace', about, 'does not match event.namespace');
  if (!isNewer) return;
  const { reportingComponent = '', message = '' } = event;
  if (!reportingComponent) yield required('reportingComponent');
  yield* checkName('reportingComponent', reportingComponent, qualifiedNameFaults);
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    const text = event[field] ?? '';
    if (!text) yield required(field);
    if (text.length > maxNameLength) yield invalid(field, '', `can have at most ${maxNameLength} characters`);
  }
  if (message.length > maxMessageLength) {
    yield invalid('message', '', `can have at most ${maxMessageLength} characters`);
  }
}

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
  columns: eventColumns,
  setDefaults: (event) => {
    event.involvedObject ??= {};
    event.source ??= {};
    event.reportingComponent ??= '';
    event.reportingInstance ??= '';
  },
  validate: validateEvent,
  selectableFields: {
    ...involvedFields,
    reason: (event) => event.reason ?? '',
    reportingComponent: (event) => event.reportingComponent ?? '',
    source: (event) => event.source?.component || event.reportingComponent || '',
    type: (event) => event.type ?? '',
  },
});
