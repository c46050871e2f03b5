// What every Kubernetes object has, and the small questions that are asked of it everywhere.
import type { IObjectMeta } from '@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta';
import type { IOwnerReference } from '@kubernetes-models/apimachinery/apis/meta/v1/OwnerReference';

export type OwnerReference = IOwnerReference;

/** Metadata of an object as the server serves it: these four are always there. */
export type ObjectMeta = Omit<IObjectMeta, 'name'> & {
  name: string;
  uid?: string;
  resourceVersion?: string;
  creationTimestamp?: string;
};

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/**
 * A kind's object as the server serves it: metadata is there, and spec and status too where the kind has them
 * (defaulting puts them in), so that readers need not ask.
 */
export type Served<T> = Omit<T, 'metadata' | 'spec' | 'status'> &
  KubeObject &
  (T extends { spec?: infer S } ? { spec: NonNullable<S> } : unknown) &
  (T extends { status?: infer S } ? { status: NonNullable<S> } : unknown);

/** "namespace/name", or "name" for what is in no namespace. */
export function keyOf(object: { metadata: { namespace?: string; name?: string } }): string {
  const { namespace, name = '' } = object.metadata;
  return namespace ? `${namespace}/${name}` : name;
}

/** The one owner that manages the object, if any. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller);
}

/** The reference by which an owner manages what it makes. */
export function controllerReference(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** A JSON object, as opposed to a list, a null or a scalar. */
export function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isBeingDeleted(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** A deep copy of what is JSON, to change at will. (Faster than structuredClone.) */
export function mutableCopy<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}
