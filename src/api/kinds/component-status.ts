// ComponentStatus: how the parts of the master are, as older clients ask for it. It is looked up, never kept.
import type { IComponentStatus } from 'kubernetes-models/v1/ComponentStatus';
import type { Served } from '../meta.ts';
import { nameColumn } from './columns.ts';
import { type Column, defineKind } from './kind.ts';

export type ComponentStatus = Served<IComponentStatus>;

const healthOf = ({ conditions = [] }: ComponentStatus) => conditions.find(({ type }) => type === 'Healthy');
const words: Record<string, string> = { True: 'Healthy', False: 'Unhealthy' };

const column = (name: string, description: string, value: (status: ComponentStatus) => string) =>
  ({ name, type: 'string', description, value }) satisfies Column<ComponentStatus>;

export const componentStatuses = defineKind<ComponentStatus>({
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  singular: 'componentstatus',
  shortNames: ['cs'],
  namespaced: false,
  hasStatus: false,
  verbs: ['get', 'list'],
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  columns: [
    nameColumn,
    column('Status', 'Whether the part is well.', (status) => words[healthOf(status)?.status ?? ''] ?? 'Unknown'),
    column('Message', 'What it says of itself.', (status) => healthOf(status)?.message ?? ''),
    column('Error', 'What is wrong with it.', (status) => healthOf(status)?.error ?? ''),
  ],
});
