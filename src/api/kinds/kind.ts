// What the machinery knows of a kind: names, scope, strategy of its writes, columns, subresources.
// REST, watch, discovery, tables and clients are generic over this entry and know no kind by name.
import type { KubeObject } from '../meta.ts';
import type { Cause, NameRule } from '../validation.ts';

/** The names by which a kind is addressed. */
export interface KindNames {
  group: string;
  version: string;
  kind: string;
  plural: string;
  singular: string;
  shortNames?: readonly string[];
  categories?: readonly string[];
}

export interface Column<T> {
  name: string;
  type: 'string' | 'integer' | 'boolean' | 'date';
  /** "name" marks the column that names the object. */
  format?: string;
  /** Columns over 0 show in wide output only. */
  priority?: number;
  description: string;
  value(object: T, nowMs: number): string | number | boolean;
}

/** Taken from a method, so that a kind of pods passes where a kind of anything is wanted. */
type FieldReader<T> = { read(object: T): string }['read'];

/** What may be asked of a kind, as discovery names it. */
export type KindVerb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

/** How an object of another group or version is written as the stored kind, and back. Neither changes its argument. */
export interface View {
  stored: Kind;
  toStored(object: KubeObject): KubeObject;
  fromStored(object: KubeObject): KubeObject;
  /** What must hold besides of a stored object that is written as this. */
  validate?(stored: KubeObject, previous: KubeObject | undefined): Iterable<Cause>;
}

/** Through which an object is changed: itself, its status, or a subresource that changes both. */
export type Door = 'main' | 'status' | 'both';

export interface Subresource {
  name: string;
  verbs: readonly string[];
  /** The part of the object that it writes; what status does not have unless told. */
  door?: Door;
  /** The kind that goes over the wire where it is not the parent's. */
  kind?: { group: string; version: string; kind: string };
}

/** Of a subresource that passes requests on, whatever they are. */
export const proxyVerbs: readonly string[] = ['create', 'delete', 'get', 'patch', 'update'];

export interface Kind<T extends KubeObject = KubeObject> extends KindNames {
  namespaced: boolean;
  /** Spec and status are written through separate doors, and `metadata.generation` counts the changes of spec. */
  hasStatus: boolean;
  /** Where `metadata.generation` is counted although status is not split off, or the other way round. */
  hasGeneration?: boolean;
  /** What may be asked of it; everything unless told. A kind that cannot be both created and read is never stored. */
  verbs?: readonly KindVerb[];
  /** Another view of a stored kind: everything but names, columns and conversion is the stored kind's. */
  view?: View;
  /** A PUT must name the revision that it is based on. */
  needsRevision?: boolean;
  /** A PUT of one that does not exist creates it. */
  createsOnUpdate?: boolean;
  /** Who deletes one gets to see it once more, instead of being told that it is gone. */
  showsDeleted?: boolean;
  /** What it owns stays when it is deleted by somebody who does not say what is to become of that. They are warned. */
  orphansDependents?: { warning?: string };
  /** What everybody is told who asks for it: that it is on its way out, and what to use instead. */
  deprecation?: string;
  /** A new object may bring its status with it, as its owner makes both. */
  keepsNewStatus?: boolean;
  /** Nothing in the product acts upon objects of this kind yet; who writes one is warned. */
  isInert?: boolean;
  /** Subresources besides status. */
  subresources?: readonly Subresource[];
  /** What of the metadata who writes the status cannot change. */
  keptByStatus?: readonly ('labels' | 'annotations')[];
  /** How a name must look; a DNS subdomain unless told. */
  nameRule?: NameRule;
  /** The group that Kubernetes names when an object of the kind is invalid, where history has made it another one. */
  groupInErrors?: string;
  /** Objects vanish this long after their last write. */
  ttlSeconds?: number;
  /** A change may wait this long for others to be made durable with. For what changes often and has nobody waiting. */
  updatePatienceMs?: number;
  columns: readonly Column<T>[];
  /** That the object has come to its end, for those who do not want to see it any more. */
  completionOf?(object: T): { reason: string; message: string } | undefined;

  /** Completes a draft on every write. */
  setDefaults?(draft: T): void;
  /** Sets what an object gets once, when it is created, after it has been admitted; its writer may be told of what it replaces. */
  prepareCreate?(draft: T, warn?: (text: string) => void): void;
  /** Takes back what may not change, or not through this door, after a changed draft is complete. */
  prepareUpdate?(draft: T, previous: T, door: Door): void;
  /** What counts as a new generation when it changes; all but metadata and status unless told. */
  countedContent?(object: T): unknown;
  /** All that is wrong. A fault that the previous state had may be left to it. */
  validate?(object: T, previous?: T): Iterable<Cause>;
  validateUpdate?(object: T, previous: T): Iterable<Cause>;
  /** What is wrong with a status that is written through its own door: nothing else is looked at then. */
  validateStatusUpdate?(object: T, previous: T): Iterable<Cause>;
  /** What its writer should know although it is valid: sent as Warning headers. */
  warningsFor?(object: T, previous?: T): Iterable<string>;
  /** The fields, besides name and namespace, by which the kind may be selected. */
  readonly selectableFields?: Readonly<Record<string, FieldReader<T>>>;
  /** Why this object may not be deleted by anybody, if so. */
  keptBecause?(object: T): string | undefined;
  /** Seconds the object stays, marked as being deleted, for its owner to end it; 0 removes it at once. */
  gracePeriodSeconds?(object: T, requested: number | undefined): number;
  /** What keeps an object that is being deleted, besides finalizers and its grace period. */
  isHeld?(object: T): boolean;
  /** Names in the whole cluster that this object holds alone, as long as it exists (addresses, ports). */
  claims?(object: T): string[];
}

/** Whether objects of the kind are kept, rather than answered and forgotten: what is kept can be written and read. */
export function isStored({ verbs }: Kind): boolean {
  return !verbs || (verbs.includes('get') && verbs.includes('create'));
}

/** The kind as which an object is kept, where it is served in several views. */
export function storedKind(kind: Kind): Kind {
  return kind.view?.stored ?? kind;
}

const everyVerb: readonly KindVerb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

/** What may be asked of a kind. */
export const verbsOf = ({ verbs }: Kind): readonly KindVerb[] => verbs ?? everyVerb;

/** All subresources of a kind, status among them. */
export function subresourcesOf({ hasStatus, subresources = [] }: Kind): Subresource[] {
  return [...(hasStatus ? [{ name: 'status', verbs: ['get', 'patch', 'update'] }] : []), ...subresources];
}

/** Fixes the type parameter where a kind is declared. */
export function defineKind<T extends KubeObject>(kind: Kind<T>): Kind<T> {
  return kind;
}

export function apiVersionOf(kind: { group: string; version: string }): string {
  return kind.group ? `${kind.group}/${kind.version}` : kind.version;
}

/** "deployments.apps", or "pods" in the core group: how messages and store keys name a resource. */
export function resourceOf(kind: { group: string; plural: string }): string {
  return kind.group ? `${kind.plural}.${kind.group}` : kind.plural;
}
