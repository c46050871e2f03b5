// What a node may say of itself: not where its pods' network lies, nor its taints and roles, nor the labels of its pods.
import { isDeepStrictEqual } from 'node:util';
import { leases } from '../../api/kinds/lease.ts';
import { type Node, nodes } from '../../api/kinds/node.ts';
import { pods } from '../../api/kinds/pod.ts';
import type { KubeObject } from '../../api/meta.ts';
import { Forbidden } from '../../api/status.ts';
import { subjectOf } from '../rest/request.ts';
import { nodeNameOf } from '../user.ts';
import type { AdmissionStep } from './admission.ts';

const reservedLabel = /^node-role\.kubernetes\.io\/|(^|\.)node-restriction\.kubernetes\.io\//;

export const nodeRestriction: AdmissionStep = {
  name: 'NodeRestriction',
  admit: ({ request, object, previous }) => {
    const nodeName = nodeNameOf(request.user);
    if (nodeName === undefined) return;
    const refuse = (why: string) =>
      new Forbidden(subjectOf(request, object.metadata.name), `node "${nodeName}" ${why}`);
    if (request.kind === nodes || request.kind === leases) {
      if (object.metadata.name !== nodeName) throw refuse('may write only what bears its own name');
    }
    if (request.kind === nodes) restrictNode(object as Node, previous as Node | undefined, refuse);
    if (request.kind === pods && previous && !isDeepStrictEqual(metadataOf(object), metadataOf(previous))) {
      throw refuse('may not change the metadata of pods');
    }
  },
};

function restrictNode(node: Node, previous: Node | undefined, refuse: (why: string) => Error): void {
  if (!isDeepStrictEqual(node.spec, previous?.spec ?? {})) throw refuse('may not write the spec of its Node');
  const reserved = (object: KubeObject | undefined) =>
    Object.entries(object?.metadata.labels ?? {}).filter(([label]) => reservedLabel.test(label));
  if (!isDeepStrictEqual(reserved(node), reserved(previous))) throw refuse('may not set reserved labels of its Node');
}

function metadataOf({ metadata: { labels, annotations, finalizers, ownerReferences } }: KubeObject): object {
  return { labels, annotations, finalizers, ownerReferences };
}
