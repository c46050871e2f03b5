// KIND/scale: the replica count of a workload, as a kind of its own.

import { ageColumn, nameColumn } from '../../api/kinds/columns.ts';
import { apiVersionOf, type Kind } from '../../api/kinds/kind.ts';
import { type KubeObject, mutableCopy } from '../../api/meta.ts';
import { applyType } from '../../api/patch/patch.ts';
import { type LabelSelector, type Labels, mapSelectorText, selectorText } from '../../api/selector.ts';
import { Invalid, MethodNotAllowed } from '../../api/status.ts';
import { checkNonNegative } from '../../api/validation.ts';
import type { CachedObject } from '../object-cache.ts';
import { objectIn, sentObject } from '../rest/decoding.ts';
import type { RestRequest } from '../rest/request.ts';
import type { Rest, RestAnswer, SubresourceHandler } from '../rest/rest.ts';

type Scalable = KubeObject & {
  spec: { replicas?: number; selector?: LabelSelector | Labels };
  status: { replicas?: number };
};

interface Scale extends KubeObject {
  spec: { replicas?: number };
  status: { replicas: number; selector?: string };
}

const scales: Kind = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  plural: 'scales',
  singular: 'scale',
  namespaced: true,
  hasStatus: true,
  columns: [
    nameColumn,
    {
      name: 'Desired',
      type: 'integer',
      description: 'How many pods there shall be.',
      value: (scale) => (scale as Scale).spec.replicas ?? 0,
    },
    {
      name: 'Available',
      type: 'integer',
      description: 'How many pods there are.',
      value: (scale) => (scale as Scale).status.replicas,
    },
    ageColumn,
  ],
};

export const scale: SubresourceHandler = async (request, rest) => {
  switch (request.verb) {
    case 'get':
      return shown(rest.find(request));
    case 'update':
    case 'patch': {
      if (request.contentType === applyType) return await applyScale(request, rest);
      const cached = await rest.writes.change(request, (current) => scaled(current as Scalable, request));
      return shown(cached);
    }
    default:
      throw new MethodNotAllowed();
  }
};

function shown({ object }: CachedObject): RestAnswer {
  return { type: 'shown', code: 200, object: scaleOf(object as Scalable), kind: scales };
}

/** To apply a scale is to apply a workload that says no more than its size. */
async function applyScale(request: RestRequest, rest: Rest): Promise<RestAnswer> {
  const { metadata, spec } = objectIn({ ...request, kind: scales }) as Scale;
  const { kind } = request;
  const { name, uid, resourceVersion } = metadata;
  const identity = { name, ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) };
  const body = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: identity, spec };
  const { cached } = await rest.writes.apply({ ...request, body }, () => {});
  return shown(cached);
}

function scaled(current: Scalable, request: RestRequest): Scalable {
  const { metadata, spec = {} } = sentObject({ ...request, kind: scales }, scaleOf(current)) as Scale;
  const causes = checkNonNegative('spec.replicas', spec.replicas);
  if (causes.length > 0) throw new Invalid({ ...scales, name: current.metadata.name }, causes);
  const draft = mutableCopy(current);
  draft.spec.replicas = spec.replicas ?? 0;
  if (metadata.resourceVersion) draft.metadata.resourceVersion = metadata.resourceVersion;
  if (metadata.uid) draft.metadata.uid = metadata.uid;
  return draft;
}

function scaleOf({ metadata, spec, status }: Scalable): Scale {
  const { name, namespace = '', uid = '', resourceVersion = '', creationTimestamp = '' } = metadata;
  const selector = selectedBy(spec.selector);
  return {
    apiVersion: apiVersionOf(scales),
    kind: scales.kind,
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: spec.replicas ? { replicas: spec.replicas } : {},
    status: { replicas: status.replicas ?? 0, ...(selector && { selector }) },
  };
}

/** A plain map holds texts only, a label selector never does. */
function selectedBy(selector: LabelSelector | Labels = {}): string {
  const isMap = Object.values(selector).every((value) => typeof value === 'string');
  return isMap ? mapSelectorText(selector as Labels) : selectorText(selector as LabelSelector);
}
