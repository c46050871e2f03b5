// An operation of the API and the path at which it stands, as both versions of OpenAPI need to know them.
import type { Kind, Subresource } from '../../api/kinds/kind.ts';
import type { GroupVersionKind } from './definitions.ts';
import { type Parameter, queryParameters, sorted } from './parameters.ts';

export type Method = 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch';

export interface Answer {
  code: 200 | 201 | 202 | 401;
  /** The name of a definition, or text. */
  holds?: string | typeof text;
}

export interface Operation {
  id: string;
  description: string;
  tag: string;
  /** None of the documents that tell what there is. */
  action?: string;
  kind?: GroupVersionKind;
  parameters: readonly Parameter[];
  body?: { definition: string; required: boolean };
  consumes: readonly string[];
  produces: readonly string[];
  answers: readonly Answer[];
}

export interface Path {
  path: string;
  /** Those in the path itself, and what all of its operations take. */
  parameters: readonly Parameter[];
  operations: Partial<Record<Method, Operation>>;
}

export const text = Symbol('text');

export const objectTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
export const watchTypes = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
export const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];
export const anyType = ['*/*'];

const reading = queryParameters('pretty');

/** A path whose operations are those that there are. What all of them take is the path's. */
export function path(
  address: string,
  inPath: readonly Parameter[],
  found: { [method in Method]?: Operation | undefined },
): Path {
  const operations = Object.entries(found).filter((entry): entry is [Method, Operation] => entry[1] !== undefined);
  const [first, ...others] = operations.map(([, { parameters }]) => parameters);
  const shared = (first ?? []).filter((each) => others.every((list) => list.includes(each)));
  const own = (operation: Operation) => ({
    ...operation,
    parameters: operation.parameters.filter((each) => !shared.includes(each)),
  });
  return {
    path: address,
    parameters: sorted([...inPath, ...shared]),
    operations: Object.fromEntries(operations.map(([method, operation]) => [method, own(operation)])),
  };
}

export interface OperationPlan {
  kind: Kind;
  subresource?: Subresource | undefined;
  verb: string;
  /** What stands before and after the kind in the operation's name. */
  before?: string;
  after?: string;
  action: string;
  description: string;
  parameters?: readonly Parameter[];
  answers: Answer[];
}

/** What operations on objects have in common. */
export function operation(plan: OperationPlan): Operation {
  const { kind, subresource, verb, before = '', after = '', action, description, parameters = reading, answers } = plan;
  const sub = titled(subresource?.name ?? '');
  const scope = kind.namespaced && !after.endsWith('ForAllNamespaces') ? 'Namespaced' : '';
  return {
    id: `${verb}${titleOfVersion(kind)}${before}${scope}${kind.kind}${sub}${after}`,
    description,
    tag: tagOf(kind),
    action,
    kind: gvkOf(subresource?.kind ?? kind),
    parameters,
    consumes: anyType,
    produces: objectTypes,
    answers: [...answers, { code: 401 }],
  };
}

export const gvkOf = ({ group, version, kind }: GroupVersionKind): GroupVersionKind => ({ group, kind, version });

export const titled = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

/** "RbacAuthorization" of rbac.authorization.k8s.io, as it stands in the names of operations. */
export function titleOfGroup(group: string): string {
  if (group === '') return 'Core';
  return group
    .replace(/\.k8s\.io$/, '')
    .split(/[.-]/)
    .map(titled)
    .join('');
}

export const titleOfVersion = ({ group, version }: { group: string; version: string }) =>
  titleOfGroup(group) + titled(version);

/** "rbacAuthorization_v1" */
export function tagOf({ group, version }: { group: string; version?: string }): string {
  const title = titleOfGroup(group);
  return [title.charAt(0).toLowerCase() + title.slice(1), ...(version ? [version] : [])].join('_');
}
