// KIND/scale: the replica count of a workload, as a kind of its own.
import { apiVersionOf, type Kind } from '../../api/kinds/kind.ts';
import { type KubeObject, mutableCopy } from '../../api/meta.ts';
import { type LabelSelector, type Labels, mapSelectorText, selectorText } from '../../api/selector.ts';
import { Invalid, MethodNotAllowed } from '../../api/status.ts';
import { checkNonNegative } from '../../api/validation.ts';
import { sentObject } from '../rest/decoding.ts';
import type { RestRequest } from '../rest/request.ts';
import type { SubresourceHandler } from '../rest/rest.ts';

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
  columns: [],
};

export const scale: SubresourceHandler = async (request, rest) => {
  switch (request.verb) {
    case 'get':
      return { type: 'plain', code: 200, object: scaleOf(rest.find(request).object as Scalable) };
    case 'update':
    case 'patch': {
      const cached = await rest.writes.change(request, (current) => scaled(current as Scalable, request));
      return { type: 'plain', code: 200, object: scaleOf(cached.object as Scalable) };
    }
    default:
      throw new MethodNotAllowed();
  }
};

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
