// What a write must pass, in order, before it is validated and stored: each step may complete the object or refuse it.
import type { KubeObject } from '../../api/meta.ts';
import type { ObjectCache } from '../object-cache.ts';
import type { RestRequest } from '../rest/request.ts';

export interface AdmissionContext {
  cache: ObjectCache;
  serviceCidr: string;
}

export interface AdmissionRequest {
  request: RestRequest;
  /** The object as it shall be written; ours to complete. */
  object: KubeObject;
  /** The object as it is, when it is being changed. */
  previous: KubeObject | undefined;
}

export interface AdmissionStep {
  name: string;
  admit(admission: AdmissionRequest, context: AdmissionContext): void;
}
