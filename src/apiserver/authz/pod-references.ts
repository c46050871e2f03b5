// What a pod uses: config maps, secrets, claims with their volumes, and its service account.
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import type { ResourceAttributes } from '../../api/rbac/attributes.ts';
import type { ObjectCache } from '../object-cache.ts';

export function podUses(pod: Pod, { resource, namespace, name = '' }: ResourceAttributes, cache: ObjectCache): boolean {
  // Volumes are in no namespace.
  if (namespace && pod.metadata.namespace !== namespace) return false;
  switch (resource) {
    case 'secrets':
      return secretsOf(pod).includes(name);
    case 'configmaps':
      return configMapsOf(pod).includes(name);
    case 'persistentvolumeclaims':
      return claimsOf(pod).includes(name);
    case 'serviceaccounts':
      return (pod.spec.serviceAccountName ?? 'default') === name;
    case 'persistentvolumes':
      return claimsOf(pod).some((claim) => claim !== undefined && volumeOf(claim, pod, cache) === name);
    default:
      return false;
  }
}

/** The kinds of objects that the pod names, to be used by it. */
export function kindsUsedBy(pod: Pod): string[] {
  const names = {
    secrets: secretsOf(pod),
    configmaps: configMapsOf(pod),
    persistentvolumeclaims: claimsOf(pod),
    resourceclaims: pod.spec.resourceClaims ?? [],
  };
  return Object.entries(names).flatMap(([resource, used]) => (used.some((name) => name !== undefined) ? resource : []));
}

function volumeOf(claim: string, { metadata }: Pod, cache: ObjectCache): string | undefined {
  const found = cache.get(persistentVolumeClaims, metadata.namespace, claim)?.object;
  return (found as PersistentVolumeClaim | undefined)?.spec.volumeName;
}

/** Also of a pod that nobody has validated yet. */
const containersOf = ({ spec }: Pod) => [
  ...(spec.initContainers ?? []),
  ...(spec.containers ?? []),
  ...(spec.ephemeralContainers ?? []),
];

function secretsOf(pod: Pod): (string | undefined)[] {
  const volumes = pod.spec.volumes ?? [];
  return [
    ...(pod.spec.imagePullSecrets ?? []).map((secret) => secret.name),
    ...volumes.map((volume) => volume.secret?.secretName),
    ...volumes.flatMap((volume) => (volume.projected?.sources ?? []).map((source) => source.secret?.name)),
    ...containersOf(pod).flatMap(({ env = [], envFrom = [] }) => [
      ...env.map((variable) => variable.valueFrom?.secretKeyRef?.name),
      ...envFrom.map((source) => source.secretRef?.name),
    ]),
  ];
}

function configMapsOf(pod: Pod): (string | undefined)[] {
  const volumes = pod.spec.volumes ?? [];
  return [
    ...volumes.map((volume) => volume.configMap?.name),
    ...volumes.flatMap((volume) => (volume.projected?.sources ?? []).map((source) => source.configMap?.name)),
    ...containersOf(pod).flatMap(({ env = [], envFrom = [] }) => [
      ...env.map((variable) => variable.valueFrom?.configMapKeyRef?.name),
      ...envFrom.map((source) => source.configMapRef?.name),
    ]),
  ];
}

/** An ephemeral volume's claim bears the names of the pod and of the volume. */
function claimsOf({ metadata, spec }: Pod): (string | undefined)[] {
  return (spec.volumes ?? []).map(
    (volume) => volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral && `${metadata.name}-${volume.name}`),
  );
}
