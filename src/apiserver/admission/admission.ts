// What every write and every deletion must pass. Steps complete an object or refuse it, in two rounds as Kubernetes has
// them: `admit` before the object is validated, `check` on what is complete and valid. What a write uses up of something
// that is shared is booked in the same transaction: see bookings.ts.
import type { Kind } from '../../api/kinds/kind.ts';
import type { KubeObject } from '../../api/meta.ts';
import { Forbidden, type StatusCause } from '../../api/status.ts';
import type { Clock } from '../../base/clock.ts';
import type { ObjectCache } from '../object-cache.ts';
import type { Booking } from '../object-storage.ts';
import { type RestRequest, subjectOf } from '../rest/request.ts';

export interface AdmissionContext {
  cache: ObjectCache;
  serviceCidr: string;
  clock: Clock;
}

interface Asked {
  request: RestRequest;
  /** As which the object is stored. */
  kind: Kind;
}

export interface Creation extends Asked {
  operation: 'create';
  /** The object as it shall be written; ours to complete. */
  object: KubeObject;
  previous: undefined;
}

export interface Update extends Asked {
  operation: 'update';
  object: KubeObject;
  /** The object as it is. */
  previous: KubeObject;
}

export interface Deletion extends Asked {
  operation: 'delete';
  object: undefined;
  previous: KubeObject;
}

export type Admission = Creation | Update | Deletion;

export interface AdmissionStep {
  name: string;
  /** Completes the object, or refuses it. What must wait for something answers a promise. */
  admit?(admission: Admission, context: AdmissionContext): Promise<void> | void;
  /** Refuses the object as it would be stored. */
  check?(admission: Admission, context: AdmissionContext): void;
  /** What must be written together with the object, or neither. Refuses where there is not enough left. */
  book?(admission: Admission, context: AdmissionContext): Booking[];
}

/** The object that is being made, where it is of this kind and written through its main door. */
export function created<T extends KubeObject>(admission: Admission, kind: Kind<T>): T | undefined {
  return admission.operation === 'create' && isOf(admission, kind) ? (admission.object as T) : undefined;
}

/** Before and after, of an object of this kind that is changed through its main door, or through this subresource. */
export function changed<T extends KubeObject>(
  admission: Admission,
  kind: Kind<T>,
  subresource?: string,
): { object: T; previous: T } | undefined {
  return admission.operation === 'update' && isOf(admission, kind, subresource)
    ? { object: admission.object as T, previous: admission.previous as T }
    : undefined;
}

function isOf({ kind, request }: Admission, wanted: Kind<never>, subresource?: string): boolean {
  return (kind as unknown) === wanted && request.subresource === subresource;
}

/** A refusal in the name of what is written. */
export function refusal({ request, object, previous }: Admission, why: string, causes?: StatusCause[]): Forbidden {
  const name = request.name || (object ?? previous)?.metadata.name;
  return new Forbidden(subjectOf(request, name), why, causes);
}
