// The types of the API's objects: what a field holds, by the names under which OpenAPI knows them.
import type { ListRule } from './list-rules.ts';

export type ScalarName =
  | 'string'
  | 'bytes'
  | 'time'
  | 'microTime'
  | 'quantity'
  | 'intOrString'
  | 'int32'
  | 'int64'
  | 'double'
  | 'boolean'
  /** Any JSON, kept as it is. */
  | 'any';

export interface Scalar {
  is: ScalarName;
}

export interface ListType {
  is: 'list';
  of: Type;
}

/** Names of the client's choosing, each with a value. */
export interface MapType {
  is: 'map';
  of: Type;
}

export interface ObjectType {
  is: 'object';
  /** "io.k8s.api.core.v1.PodSpec" */
  name: string;
  fields: ReadonlyMap<string, Field>;
}

export type Type = Scalar | ListType | MapType | ObjectType;

export interface Field {
  type: Type;
  required: boolean;
  /** An empty text, 0 or false is the same as nothing. */
  isZeroNothing: boolean;
  /** How it is merged and owned, where that stands with the type itself and not among the rules of Kubernetes' types. */
  rule?: ListRule;
}

/** "PodSpec" of "io.k8s.api.core.v1.PodSpec". */
export function shortName({ name }: ObjectType): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
