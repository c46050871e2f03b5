// A static pod: what a manifest in a file of this node asks for, completed as the API would have done it. Its name ends in
// the node's, and its uid is made of what it asks for: a file that changes asks for another pod.
import { createHash } from 'node:crypto';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { mirrorAnnotation } from '../../api/kinds/pod-spec/annotations.ts';
import { checkName, dnsLabelFaults, dnsSubdomainFaults } from '../../api/validation.ts';
import { usedObjects } from '../volumes/object-references.ts';

export { mirrorAnnotation };

const hashAnnotation = 'kubernetes.io/config.hash';
const sourceAnnotation = 'kubernetes.io/config.source';
const seenAnnotation = 'kubernetes.io/config.seen';
const longestUid = 32;

/** A manifest of which no pod can be made; the text says why. */
export class ManifestFault extends Error {}

export interface ManifestPlace {
  file: string;
  nodeName: string;
  nowMs: number;
}

/** `manifest` is what was read of the file. */
export function staticPod(manifest: unknown, { file, nodeName, nowMs }: ManifestPlace): Pod {
  const given = manifest as Partial<Pod> | null;
  if (typeof given !== 'object' || given?.kind !== 'Pod' || given.apiVersion !== 'v1')
    throw new ManifestFault('it is no Pod of v1');
  if (typeof given.metadata?.name !== 'string' || !given.metadata.name)
    throw new ManifestFault('metadata.name: Required value: name is required');
  if (typeof given.spec !== 'object') throw new ManifestFault('spec: Required value');
  const uid = createHash('sha256')
    .update(JSON.stringify([nodeName, file, given.metadata, given.spec]))
    .digest('hex')
    .slice(0, longestUid);
  const { name, namespace = 'default', labels, annotations } = given.metadata;
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-${nodeName.toLowerCase()}`,
      namespace,
      uid,
      ...(labels && { labels }),
      annotations: {
        ...annotations,
        [hashAnnotation]: uid,
        [seenAnnotation]: new Date(nowMs).toISOString(),
        [sourceAnnotation]: 'file',
      },
    },
    spec: structuredClone(given.spec),
    status: { phase: 'Pending' },
  };
  complete(pod, nodeName);
  const [fault] = faultsOf(pod);
  if (fault) throw new ManifestFault(fault);
  return pod;
}

function complete(pod: Pod, nodeName: string): void {
  const { spec } = pod;
  spec.nodeName = nodeName;
  pods.setDefaults?.(pod);
  // What is of the node stays there, whatever befalls the node.
  spec.tolerations = [...(spec.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }];
}

function* faultsOf(pod: Pod): Iterable<string> {
  const { name, namespace = '', annotations } = pod.metadata;
  if (annotations?.[mirrorAnnotation] !== undefined) yield `metadata.annotations: a file makes no mirror pods`;
  const causes = [
    ...checkName('metadata.name', name, dnsSubdomainFaults),
    ...checkName('metadata.namespace', namespace, dnsLabelFaults),
    ...(pods.validate?.(pod) ?? []),
  ];
  for (const { field, message } of causes) yield `${field}: ${message}`;
  const reference = apiReference(pod);
  if (reference) yield `static pods may not reference ${reference}`;
}

/** What only the API could give it: a static pod has to run without. */
function apiReference(pod: Pod): string | undefined {
  const { serviceAccountName, imagePullSecrets = [], volumes = [], resourceClaims = [] } = pod.spec;
  if (serviceAccountName) return 'serviceaccounts';
  if (imagePullSecrets.length > 0) return 'secrets';
  if (resourceClaims.length > 0) return 'resourceclaims';
  if (volumes.some(({ persistentVolumeClaim, ephemeral }) => persistentVolumeClaim ?? ephemeral))
    return 'persistentvolumeclaims';
  if (volumes.some(({ projected }) => projected?.sources?.some((source) => source.serviceAccountToken)))
    return 'serviceaccounts';
  return usedObjects(pod)[0]?.kind.plural;
}

/** The picture of a static pod in the API. */
export function isMirror({ metadata }: Pod): boolean {
  return metadata.annotations?.[mirrorAnnotation] !== undefined;
}

/** The uid of the static pod that a mirror shows. */
export function shownBy(mirror: Pod): string | undefined {
  return mirror.metadata.annotations?.[mirrorAnnotation];
}

export function mirrorOf(pod: Pod, owner: { name: string; uid: string }): Omit<Pod, 'apiVersion' | 'kind'> {
  const { name, namespace, labels, annotations, uid = '' } = pod.metadata;
  return {
    metadata: {
      name,
      ...(namespace && { namespace }),
      ...(labels && { labels }),
      annotations: { ...annotations, [mirrorAnnotation]: uid },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', ...owner, controller: true }],
    },
    spec: pod.spec,
    status: { phase: 'Pending' },
  };
}
