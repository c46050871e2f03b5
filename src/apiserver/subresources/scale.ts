// KIND/scale: the replica count of a workload, as a kind of its own.
import { apiVersionOf } from '../../api/kinds/kind.ts';
import { selectorText } from '../../api/kinds/workload.ts';
import { type KubeObject, mutableCopy } from '../../api/meta.ts';
import { applyPatch } from '../../api/patch/patch.ts';
import type { LabelSelector } from '../../api/selector.ts';
import { BadRequest, MethodNotAllowed } from '../../api/status.ts';
import type { SubresourceHandler } from '../rest/rest.ts';

type Scalable = KubeObject & {
  spec: { replicas?: number; selector?: LabelSelector };
  status: { replicas?: number };
};

type Scale = KubeObject & { spec: { replicas?: number }; status: { replicas: number; selector: string } };

export const scale: SubresourceHandler = async (request, rest) => {
  switch (request.verb) {
    case 'get':
      return { type: 'plain', code: 200, object: scaleOf(rest.find(request).object as Scalable) };
    case 'update':
    case 'patch': {
      const cached = await rest.writes.change(request, (current) => {
        const asked = (
          request.verb === 'patch'
            ? applyPatch(request.contentType, scaleOf(current as Scalable), request.body)
            : request.body
        ) as Partial<Scale> | undefined;
        const replicas = asked?.spec?.replicas ?? 0;
        if (!Number.isInteger(replicas)) throw new BadRequest('spec.replicas must be a whole number');
        const scaled = mutableCopy(current) as Scalable;
        scaled.spec.replicas = replicas;
        const { resourceVersion } = asked?.metadata ?? {};
        if (resourceVersion) scaled.metadata.resourceVersion = resourceVersion;
        return scaled;
      });
      return { type: 'plain', code: 200, object: scaleOf(cached.object as Scalable) };
    }
    default:
      throw new MethodNotAllowed();
  }
};

function scaleOf({ metadata, spec, status }: Scalable): Scale {
  const { name, namespace = '', uid = '', resourceVersion = '', creationTimestamp = '' } = metadata;
  return {
    apiVersion: apiVersionOf({ group: 'autoscaling', version: 'v1' }),
    kind: 'Scale',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec.replicas ?? 0 },
    status: { replicas: status.replicas ?? 0, selector: selectorText(spec.selector) },
  };
}
