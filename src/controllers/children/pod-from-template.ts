// The pod that a template stands for, owned by who makes it.
import type { Pod } from '../../api/kinds/pod.ts';
import type { PodTemplateSpec } from '../../api/kinds/pod-template.ts';
import { controllerReference, type KubeObject } from '../../api/meta.ts';
import type { Draft } from '../../client/client.ts';

export function podFromTemplate(template: PodTemplateSpec, owner: KubeObject): Draft<Pod> {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    metadata: {
      generateName: `${owner.metadata.name}-`,
      ...(owner.metadata.namespace && { namespace: owner.metadata.namespace }),
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ownerReferences: [controllerReference(owner)],
    },
    ...(template.spec && { spec: template.spec }),
  };
}
