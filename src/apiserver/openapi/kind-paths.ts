// What may be asked of a kind at which path, by its verbs and subresources.
import type { Kind, KindVerb, Subresource } from '../../api/kinds/kind.ts';
import { typeOfKind } from '../../api/openapi/schema.ts';
import { deleteOptions, type GroupVersionKind, statusDefinition, watchEvent } from './definitions.ts';
import { type Operation, objectTypes, operation, type Path, patchTypes, path, watchTypes } from './operation.ts';
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
  const verbs = (kind.verbs ?? everyVerb) as readonly KindVerb[];
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

const everyVerb: KindVerb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

function subresourcesOf({ hasStatus, subresources = [] }: Kind): readonly Subresource[] {
  const isListed = subresources.some(({ name }) => name === 'status');
  return hasStatus && !isListed
    ? [{ name: 'status', verbs: ['get', 'patch', 'update'] }, ...subresources]
    : subresources;
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
  ...operation({
    kind,
    verb: 'list',
    after,
    action: 'list',
    description: `list or watch objects of kind ${kind.kind}`,
    parameters: listParameters,
    answers: [{ code: 200, holds: `${definitionOf(kind)}List` }],
  }),
  produces: [...objectTypes, ...watchTypes],
});

const watchOf = (kind: Kind, after: '' | 'List' | 'ListForAllNamespaces'): Operation => ({
  ...operation({
    kind,
    verb: 'watch',
    after,
    action: after ? 'watchlist' : 'watch',
    description: after
      ? `watch changes to objects of kind ${kind.kind}. deprecated: list them with the parameter watch instead.`
      : `watch changes to an object of kind ${kind.kind}. deprecated: list with the parameter watch instead, and a fieldSelector that names it.`,
    parameters: listParameters,
    answers: [{ code: 200, holds: watchEvent }],
  }),
  produces: [...objectTypes, ...watchTypes],
});

function createOf(kind: Kind, subresource?: Subresource): Operation {
  const sent = definitionOf(subresource?.kind ?? kind);
  const what = subresource ? `${subresource.name} of ${withArticle(kind.kind)}` : withArticle(kind.kind);
  return {
    ...operation({
      ...{
        kind,
        subresource,
        verb: 'create',
        action: 'post',
        description: `create ${what}`,
        parameters: writeParameters,
      },
      answers: ([200, 201, 202] as const).map((code) => ({ code, holds: sent })),
    }),
    body: { definition: sent, required: true },
  };
}

function readOf(kind: Kind, subresource?: Subresource): Operation {
  const holds = definitionOf(subresource?.kind ?? kind);
  const description = `read ${specified(kind, subresource)}`;
  return operation({ kind, subresource, verb: 'read', action: 'get', description, answers: [{ code: 200, holds }] });
}

function replaceOf(kind: Kind, subresource?: Subresource): Operation {
  const sent = definitionOf(subresource?.kind ?? kind);
  const description = `replace ${specified(kind, subresource)}`;
  return {
    ...operation({
      ...{ kind, subresource, verb: 'replace', action: 'put', description, parameters: writeParameters },
      answers: ([200, 201] as const).map((code) => ({ code, holds: sent })),
    }),
    body: { definition: sent, required: true },
  };
}

function patchOf(kind: Kind, subresource?: Subresource): Operation {
  const holds = definitionOf(subresource?.kind ?? kind);
  const description = `partially update ${specified(kind, subresource)}`;
  return {
    ...operation({
      ...{ kind, subresource, verb: 'patch', action: 'patch', description, parameters: patchParameters },
      answers: ([200, 201] as const).map((code) => ({ code, holds })),
    }),
    consumes: patchTypes,
    body: { definition: patchDefinition, required: true },
  };
}

function deleteOf(kind: Kind): Operation {
  const holds = kind.showsDeleted ? definitionOf(kind) : statusDefinition;
  return {
    ...operation({
      ...{ kind, verb: 'delete', action: 'delete', description: `delete ${withArticle(kind.kind)}` },
      parameters: deleteParameters,
      answers: ([200, 202] as const).map((code) => ({ code, holds })),
    }),
    body: { definition: deleteOptions, required: false },
  };
}

const deleteAllOf = (kind: Kind): Operation => ({
  ...operation({
    ...{ kind, verb: 'delete', before: 'Collection', action: 'deletecollection', parameters: deleteAllParameters },
    description: `delete collection of ${kind.kind}`,
    answers: [{ code: 200, holds: statusDefinition }],
  }),
  body: { definition: deleteOptions, required: false },
});

export function definitionOf(kind: GroupVersionKind): string {
  return typeOfKind(kind)?.name ?? [...kind.group.split('.').reverse(), kind.version, kind.kind].join('.');
}

const specified = ({ kind }: Kind, subresource?: Subresource) =>
  subresource ? `${subresource.name} of the specified ${kind}` : `the specified ${kind}`;

const withArticle = (noun: string) => `${/^[AEIOU]/.test(noun) ? 'an' : 'a'} ${noun}`;
