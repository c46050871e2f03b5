// Which documents there are for a table of kinds: one of all in version 2, one for each group and version in version 3.
import { apiVersionOf, type Kind } from '../../api/kinds/kind.ts';
import { metaPackage, typeNamed } from '../../api/openapi/schema.ts';
import { deleteOptions, type GroupVersionKind, watchEvent } from './definitions.ts';
import {
  coreVersionsPath,
  groupPath,
  groupsPath,
  issuerKeysPath,
  issuerPath,
  resourcesPath,
  versionPath,
} from './document-paths.ts';
import { definitionOf, pathsOf } from './kind-paths.ts';
import { gvkOf, type Path } from './operation.ts';

/** Some of a document's paths, planned when they are needed. */
export type Section = () => readonly Path[];

/** What each document of version 3 consists of, by its name: "apis/apps/v1". */
export function planDocuments(kinds: readonly Kind[]): Map<string, Section[]> {
  const documents = new Map<string, Section[]>([
    ['api', [() => [coreVersionsPath]]],
    ['apis', [() => [groupsPath]]],
    ['version', [() => [versionPath]]],
    ['.well-known/openid-configuration', [() => [issuerPath]]],
    ['openid/v1/jwks', [() => [issuerKeysPath]]],
  ]);
  for (const kind of kinds) {
    const { group, version } = kind;
    const root = `${group ? 'apis' : 'api'}/${apiVersionOf(kind)}`;
    if (group && !documents.has(`apis/${group}`)) documents.set(`apis/${group}`, [() => [groupPath(group)]]);
    const sections = documents.get(root) ?? [() => [resourcesPath(root, { group, version })]];
    sections.push(() => pathsOf(kind));
    documents.set(root, sections);
  }
  return new Map([...documents].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Of each definition that is a kind of its own, which: its operations and clients find it by that. */
export function kindsOfDefinitions(kinds: readonly Kind[]): Map<string, GroupVersionKind[]> {
  const found = new Map<string, GroupVersionKind[]>();
  const add = (kind: GroupVersionKind) => found.set(definitionOf(kind), [gvkOf(kind)]);
  for (const kind of kinds) {
    add(kind);
    const list = { ...gvkOf(kind), kind: `${kind.kind}List` };
    if (typeNamed(definitionOf(list))) add(list);
    for (const subresource of kind.subresources ?? []) if (subresource.kind) add(subresource.kind);
  }
  for (const kind of ['APIGroup', 'APIGroupList', 'APIResourceList', 'APIVersions', 'Status']) {
    found.set(`${metaPackage}.${kind}`, [{ group: '', kind, version: 'v1' }]);
  }
  // These go with every group, under its name.
  const versions = new Map(kinds.map(({ group, version }) => [apiVersionOf({ group, version }), { group, version }]));
  const everywhere = [...versions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
  for (const [name, kind] of [
    [deleteOptions, 'DeleteOptions'],
    [watchEvent, 'WatchEvent'],
  ] as const) {
    found.set(
      name,
      everywhere.map((each) => gvkOf({ ...each, kind })),
    );
  }
  return found;
}
