// The objects of one file, as the cluster knows them: an ApplySet as Kubernetes has it. Its parent is a ConfigMap in kube-system, each
// object bears its id as a label, and the parent names the kinds among which they are to be found.
import { createHash } from 'node:crypto';
import { allKinds } from './kinds/all.ts';
import type { ConfigMap } from './kinds/config-map.ts';
import { type Kind, storedKind } from './kinds/kind.ts';
import { programVersion } from './version.ts';

export const setNamespace = 'kube-system';
export const partOfLabel = 'applyset.kubernetes.io/part-of';
export const setLabel = 'applyset.kubernetes.io/id';
const kindsAnnotation = 'applyset.kubernetes.io/contains-group-kinds';
const toolingAnnotation = 'applyset.kubernetes.io/tooling';
const nameAtMost = 200;

/** What is known of a file's objects. */
export interface ManifestSet {
  file: string;
  /** As "Deployment.apps"; some of them may have no object any more. */
  kinds: readonly string[];
  /** How many objects the file has; undefined where it was never applied. */
  objects?: number;
  /** What is wrong with the file, or with applying it. */
  fault?: string;
}

/** A name that holds for good: that of the file, and where it cannot be had as it is, a hash of it too. */
export function setNameOf(file: string): string {
  const name = `manifest-${file}`;
  if (name.length <= nameAtMost && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name))
    return name;
  const known = file
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 100);
  return ['manifest', known, createHash('sha256').update(file).digest('hex').slice(0, 10)].filter(Boolean).join('-');
}

export function setId(parent: { name: string; namespace: string; kind: string; group: string }): string {
  const of = [parent.name, parent.namespace, parent.kind, parent.group].join('.');
  return `applyset-${createHash('sha256').update(of).digest('base64url')}-v1`;
}

export const setIdOf = (file: string): string =>
  setId({ name: setNameOf(file), namespace: setNamespace, kind: 'ConfigMap', group: '' });

export function parentOf({ file, kinds, objects, fault }: ManifestSet) {
  return {
    metadata: {
      namespace: setNamespace,
      name: setNameOf(file),
      labels: { [setLabel]: setIdOf(file) },
      annotations: {
        [toolingAnnotation]: `wherry/v${programVersion}`,
        [kindsAnnotation]: [...kinds].sort().join(','),
      },
    },
    data: { file, ...(objects !== undefined && { objects: String(objects) }), ...(fault && { fault }) },
  };
}

/** What a parent tells; undefined where it is none of a file. */
export function setOf({ metadata, data = {} }: ConfigMap): ManifestSet | undefined {
  const { file, objects, fault } = data as Record<string, string>;
  const { labels = {}, annotations = {} } = metadata;
  if (!file || !annotations[toolingAnnotation]?.startsWith('wherry/') || labels[setLabel] !== setIdOf(file))
    return undefined;
  const kinds = (annotations[kindsAnnotation] ?? '').split(',').filter(Boolean);
  return { file, kinds, ...(objects && { objects: Number(objects) }), ...(fault && { fault }) };
}

/** "Deployment.apps", or "ConfigMap". */
export const groupKindOf = (kind: Kind): string => {
  const { group, kind: name } = storedKind(kind);
  return group ? `${name}.${group}` : name;
};

/** The kinds that are named, namespaces and kinds last: what is in them goes before. */
export function kindsNamed(groupKinds: readonly string[]): Kind[] {
  const found = allKinds.filter((kind) => !kind.view && groupKinds.includes(groupKindOf(kind)));
  const isLast = ({ kind }: Kind) => Number(kind === 'Namespace' || kind === 'CustomResourceDefinition');
  return found.sort((one, other) => isLast(one) - isLast(other));
}
