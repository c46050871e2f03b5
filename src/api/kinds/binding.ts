// Binding: that a pod runs on a node. It is only ever said, never kept.
import type { IBinding } from 'kubernetes-models/v1/Binding';
import type { Served } from '../meta.ts';
import { type Causes, required, unsupported } from '../validation.ts';
import { nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type Binding = Served<IBinding>;

export function* validateBinding({ target }: Binding): Causes {
  if (target?.kind && target.kind !== 'Node') yield unsupported('target.kind', target.kind, ['Node', '<empty>']);
  if (!target?.name) yield required('target.name');
}

export const bindings = defineKind<Binding>({
  group: '',
  version: 'v1',
  kind: 'Binding',
  plural: 'bindings',
  singular: 'binding',
  namespaced: true,
  hasStatus: false,
  verbs: ['create'],
  columns: [nameColumn],
  validate: validateBinding,
});
