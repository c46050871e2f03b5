// ControllerRevision: an earlier state of a stateful or daemon set, to go back to.
import type { IControllerRevision } from 'kubernetes-models/apps/v1/ControllerRevision';
import { controllerOf, type Served } from '../meta.ts';
import { checkImmutable, checkNonNegative, required } from '../validation.ts';
import { ageColumn, nameColumn, orNone } from './columns.ts';
import { defineKind } from './kind.ts';

export type ControllerRevision = Served<IControllerRevision>;

function controllerText(revision: ControllerRevision): string {
  const owner = controllerOf(revision);
  if (!owner) return '';
  const [group] = owner.apiVersion.includes('/') ? owner.apiVersion.split('/') : [];
  return `${owner.kind.toLowerCase()}${group ? `.${group}` : ''}/${owner.name}`;
}

export const controllerRevisions = defineKind<ControllerRevision>({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  singular: 'controllerrevision',
  namespaced: true,
  hasStatus: false,
  columns: [
    nameColumn,
    {
      name: 'Controller',
      type: 'string',
      description: 'Whose state it is.',
      value: (revision) => orNone(controllerText(revision)),
    },
    {
      name: 'Revision',
      type: 'string',
      description: 'The place of the state in its history.',
      value: ({ revision }) => revision ?? 0,
    },
    ageColumn,
  ],
  setDefaults: (revision) => {
    revision.revision ??= 0;
  },
  *validate({ data, revision }) {
    if (data === undefined) yield required('data', 'data is mandatory');
    yield* checkNonNegative('revision', revision);
  },
  validateUpdate: ({ data }, previous) => checkImmutable('data', data, previous.data),
});
