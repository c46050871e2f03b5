// Writes and deletions as admission steps see them, for the tests of steps.
import type { Kind } from '../../api/kinds/kind.ts';
import type { KubeObject } from '../../api/meta.ts';
import { systemClock } from '../../base/clock.ts';
import { type FilledCache, filledCache } from '../cache-for-tests.ts';
import type { RestRequest, RestVerb } from '../rest/request.ts';
import type { User } from '../user.ts';
import type { Admission, AdmissionContext, AdmissionStep } from './admission.ts';

export interface Asked {
  kind: unknown;
  object?: object;
  previous?: object;
  subresource?: string;
  user?: User;
}

export interface Admitting extends FilledCache {
  /** Runs a step, both rounds, and answers the object as it leaves it. */
  admit<T extends KubeObject>(step: AdmissionStep, asked: Asked): Promise<T>;
  context: AdmissionContext;
}

export function admissionOf({ kind, object, previous, subresource, user }: Asked): Admission {
  const verb: RestVerb = !object ? 'delete' : previous ? 'update' : 'create';
  const { namespace, name } = ((object ?? previous) as KubeObject).metadata;
  const request: RestRequest = {
    verb,
    kind: kind as Kind,
    namespace,
    name: verb === 'create' && !subresource ? undefined : name,
    subresource,
    query: {},
    contentType: 'application/json',
    userAgent: '',
    user: user ?? { name: 'admin', groups: [] },
    warn: () => {},
  };
  return { operation: verb, request, kind: kind as Kind, object, previous } as unknown as Admission;
}

export async function admitting(): Promise<Admitting> {
  const filled = await filledCache();
  const context = { cache: filled.cache, serviceCidr: '10.96.0.0/16', clock: systemClock };
  return {
    ...filled,
    context,
    admit: async <T extends KubeObject>(step: AdmissionStep, asked: Asked) => {
      const admission = admissionOf(asked);
      await step.admit?.(admission, context);
      step.check?.(admission, context);
      return admission.object as T;
    },
  };
}
