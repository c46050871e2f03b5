// How a deletion is asked for: in its body or, without one, in its query.
import { isFields } from '../../api/meta.ts';
import { decode, Undecodable } from '../../api/openapi/decode.ts';
import { metaPackage, typeNamed } from '../../api/openapi/schema.ts';
import type { ObjectType } from '../../api/openapi/type.ts';
import { BadRequest, Invalid } from '../../api/status.ts';
import { type Cause, invalid, unsupported } from '../../api/validation.ts';
import { isTrue, type RestRequest } from './request.ts';

export type PropagationPolicy = 'Orphan' | 'Foreground' | 'Background';

export interface DeleteOptions {
  gracePeriodSeconds: number | undefined;
  propagationPolicy: PropagationPolicy | undefined;
  isDryRun: boolean;
  preconditions: { uid?: string; resourceVersion?: string };
}

/** As a client may write them. */
interface SentOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: string;
  orphanDependents?: boolean;
  dryRun?: string[];
  preconditions?: { uid?: string; resourceVersion?: string };
}

const optionsType = typeNamed(`${metaPackage}.DeleteOptions`) as ObjectType;
const policies: readonly string[] = ['Foreground', 'Background', 'Orphan'] satisfies PropagationPolicy[];

export function deleteOptionsOf(request: RestRequest): DeleteOptions {
  const sent = read(request);
  const { dryRun = [], propagationPolicy, orphanDependents, gracePeriodSeconds, preconditions = {} } = sent;
  const causes: Cause[] = [];
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    const why = 'orphanDependents and deletionPropagation cannot be both set';
    causes.push(invalid('propagationPolicy', propagationPolicy, why));
  }
  if (propagationPolicy !== undefined && !policies.includes(propagationPolicy)) {
    causes.push(unsupported('propagationPolicy', propagationPolicy, policies));
  }
  if (dryRun.some((each) => each !== 'All')) causes.push(unsupported('dryRun', dryRun, ['All']));
  if (causes.length > 0) throw new Invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions', name: '' }, causes);
  const policy =
    propagationPolicy ?? (orphanDependents === undefined ? undefined : orphanDependents ? 'Orphan' : 'Background');
  return {
    // Less than nothing asks for the shortest time there is.
    gracePeriodSeconds: gracePeriodSeconds !== undefined && gracePeriodSeconds < 0 ? 1 : gracePeriodSeconds,
    propagationPolicy: policy as PropagationPolicy | undefined,
    isDryRun: dryRun.length > 0,
    preconditions,
  };
}

function read({ body, query }: RestRequest): SentOptions {
  const sent = body ?? inQuery(query);
  if (!isFields(sent)) throw new BadRequest('the options of a deletion must be an object');
  if (sent.kind !== undefined && sent.kind !== 'DeleteOptions') {
    throw new BadRequest(`the body of a deletion must be DeleteOptions, not ${JSON.stringify(sent.kind)}`);
  }
  try {
    return decode(optionsType, sent).value;
  } catch (error) {
    if (error instanceof Undecodable) throw new BadRequest(error.message);
    throw error;
  }
}

function inQuery({ gracePeriodSeconds, propagationPolicy, orphanDependents, dryRun }: RestRequest['query']): object {
  return {
    ...(gracePeriodSeconds && { gracePeriodSeconds: Number(gracePeriodSeconds) }),
    ...(propagationPolicy && { propagationPolicy }),
    ...(orphanDependents && { orphanDependents: isTrue(orphanDependents) }),
    ...(dryRun && { dryRun: [dryRun] }),
  };
}
