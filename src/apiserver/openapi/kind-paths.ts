// What may be asked of a kind at which path, by its verbs and subresources.
import { type Kind, type KindVerb, type Subresource, subresourcesOf, verbsOf } from '../../api/kinds/kind.ts';
import { typeOfKind } from '../../api/openapi/schema.ts';
import { deleteOptions, type GroupVersionKind, statusDefinition, watchEvent } from './definitions.ts';
import {
  type Answer,
  type Operation,
  type OperationPlan,
  objectTypes,
  operation,
  type Path,
  patchTypes,
  path,
  watchTypes,
} from './operation.ts';
import { nameParameter, namespaceParameter, type Parameter, queryParameters } from './parameters.ts';
import { patchDefinition } from './scalar-definitions.ts';
import { streamOf, streamPaths } from './streams.ts';

const selecting = ['fieldSelector', 'labelSelector', 'limit', 'resourceVersion', 'resourceVersionMatch'];
const streaming = ['continue', ...selecting, 'sendInitialEvents', 'timeoutSeconds'];
const ending = ['dryRun', 'gracePeriodSeconds', 'orphanDependents', 'propagationPolicy', 'pretty'];
const writing = ['dryRun', 'fieldManager', 'fieldValidation', 'pretty'];
const listParameters = queryParameters('allowWatchBookmarks', ...streaming, 'watch', 'pretty');
const writeParameters = queryParameters(...writing);
const patchParameters = queryParameters(...writing, 'force');
const deleteParameters = queryParameters(...ending);
const deleteAllParameters = queryParameters(...streaming, ...ending);

/** Every path of a kind. */
export function pathsOf(kind: Kind): Path[] {
  const { plural, namespaced, version, group } = kind;
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
  const verbs = verbsOf(kind);
  const inNamespace = namespaced ? '/namespaces/{namespace}' : '';
  const scope = namespaced ? [namespaceParameter] : [];
  const one = [nameParameter(kind.kind), ...scope];
  const all = `${root}${inNamespace}/${plural}`;
  const may = <T>(verb: KindVerb, operation: T) => (verbs.includes(verb) ? operation : undefined);
  const paths: Path[] = [
    path(all, scope, {
      get: may('list', listOf(kind)),
      post: may('create', createOf(kind)),
      delete: may('deletecollection', deleteAllOf(kind)),
    }),
    path(`${all}/{name}`, one, {
      get: may('get', readOf(kind)),
      put: may('update', replaceOf(kind)),
      patch: may('patch', patchOf(kind)),
      delete: may('delete', deleteOf(kind)),
    }),
    ...subresourcesOf(kind).flatMap((subresource) => subresourcePaths(kind, subresource, `${all}/{name}`, one)),
    path(`${root}/watch${inNamespace}/${plural}`, scope, { get: may('watch', watchOf(kind, 'List')) }),
    path(`${root}/watch${inNamespace}/${plural}/{name}`, one, { get: may('watch', watchOf(kind, '')) }),
  ];
  if (namespaced) {
    paths.push(
      path(`${root}/${plural}`, [], { get: may('list', listOf(kind, 'ForAllNamespaces')) }),
      path(`${root}/watch/${plural}`, [], { get: may('watch', watchOf(kind, 'ListForAllNamespaces')) }),
    );
  }
  return paths.filter(({ operations }) => Object.keys(operations).length > 0);
}

function subresourcePaths(kind: Kind, subresource: Subresource, parent: string, one: Parameter[]): Path[] {
  const at = `${parent}/${subresource.name}`;
  const stream = streamOf(subresource.name);
  if (stream) return streamPaths({ kind, subresource, stream, at, parameters: one });
  const may = <T>(verb: string, operation: T) => (subresource.verbs.includes(verb) ? operation : undefined);
  return [
    path(at, one, {
      get: may('get', readOf(kind, subresource)),
      post: may('create', createOf(kind, subresource)),
      put: may('update', replaceOf(kind, subresource)),
      patch: may('patch', patchOf(kind, subresource)),
    }),
  ];
}

const listOf = (kind: Kind, after = ''): Operation => ({
  ...exchange(kind, {
    ...{ verb: 'list', after, action: 'list', description: `list or watch objects of kind ${kind.kind}` },
    ...{ parameters: listParameters, codes: [200], holds: `${definitionOf(kind)}List` },
  }),
  produces: [...objectTypes, ...watchTypes],
});

function watchOf(kind: Kind, after: '' | 'List' | 'ListForAllNamespaces'): Operation {
  const [what, instead] = after
    ? ['objects', 'list them with the parameter watch instead.']
    : ['an object', 'list with the parameter watch instead, and a fieldSelector that names it.'];
  const description = `watch changes to ${what} of kind ${kind.kind}. deprecated: ${instead}`;
  return {
    ...exchange(kind, {
      ...{ verb: 'watch', after, action: after ? 'watchlist' : 'watch', description },
      ...{ parameters: listParameters, codes: [200], holds: watchEvent },
    }),
    produces: [...objectTypes, ...watchTypes],
  };
}

function createOf(kind: Kind, subresource?: Subresource): Operation {
  const what = subresource ? `${subresource.name} of ${withArticle(kind.kind)}` : withArticle(kind.kind);
  return {
    ...exchange(kind, {
      ...{ subresource, verb: 'create', action: 'post', description: `create ${what}` },
      ...{ parameters: writeParameters, codes: [200, 201, 202] },
    }),
    body: { definition: shownAs(kind, subresource), required: true },
  };
}

const readOf = (kind: Kind, subresource?: Subresource): Operation =>
  exchange(kind, {
    ...{ subresource, verb: 'read', action: 'get', description: `read ${specified(kind, subresource)}` },
    codes: [200],
  });

const replaceOf = (kind: Kind, subresource?: Subresource): Operation => ({
  ...exchange(kind, {
    ...{ subresource, verb: 'replace', action: 'put', description: `replace ${specified(kind, subresource)}` },
    ...{ parameters: writeParameters, codes: [200, 201] },
  }),
  body: { definition: shownAs(kind, subresource), required: true },
});

const patchOf = (kind: Kind, subresource?: Subresource): Operation => ({
  ...exchange(kind, {
    ...{ subresource, verb: 'patch', action: 'patch', description: `partially update ${specified(kind, subresource)}` },
    ...{ parameters: patchParameters, codes: [200, 201] },
  }),
  consumes: patchTypes,
  body: { definition: patchDefinition, required: true },
});

const deleteOf = (kind: Kind): Operation => ({
  ...exchange(kind, {
    ...{ verb: 'delete', action: 'delete', description: `delete ${withArticle(kind.kind)}` },
    ...{ parameters: deleteParameters, codes: [200, 202], holds: kind.showsDeleted ? shownAs(kind) : statusDefinition },
  }),
  body: { definition: deleteOptions, required: false },
});

const deleteAllOf = (kind: Kind): Operation => ({
  ...exchange(kind, {
    ...{ verb: 'delete', before: 'Collection', action: 'deletecollection' },
    description: `delete collection of ${kind.kind}`,
    ...{ parameters: deleteAllParameters, codes: [200], holds: statusDefinition },
  }),
  body: { definition: deleteOptions, required: false },
});

type Exchange = Omit<OperationPlan, 'kind' | 'answers'> & { codes: Answer['code'][]; holds?: string };

/** An operation that is answered with the object that it is about, unless it is told with what. */
function exchange(kind: Kind, { codes, holds, ...plan }: Exchange): Operation {
  const shown = holds ?? shownAs(kind, plan.subresource);
  return operation({ kind, ...plan, answers: codes.map((code) => ({ code, holds: shown })) });
}

const shownAs = (kind: Kind, subresource?: Subresource) => definitionOf(subresource?.kind ?? kind);

export function definitionOf(kind: GroupVersionKind): string {
  return typeOfKind(kind)?.name ?? [...kind.group.split('.').reverse(), kind.version, kind.kind].join('.');
}

const specified = ({ kind }: Kind, subresource?: Subresource) =>
  subresource ? `${subresource.name} of the specified ${kind}` : `the specified ${kind}`;

const withArticle = (noun: string) => `${/^[AEIOU]/.test(noun) ? 'an' : 'a'} ${noun}`;
