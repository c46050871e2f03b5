// Which config maps and secrets a pod gets its files and variables from.
import { configMaps } from '../../api/kinds/config-map.ts';
import { resourceOf } from '../../api/kinds/kind.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { secrets } from '../../api/kinds/secret.ts';
import type { ContentRef } from './object-source.ts';
import type { Volume } from './volume.ts';

interface Names {
  configMap?: string | undefined;
  secret?: string | undefined;
}

export function usedObjects({ metadata, spec }: Pod): ContentRef[] {
  const { namespace } = metadata;
  const containers = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
  const names: Names[] = [
    ...(spec.volumes ?? []).flatMap(namesInVolume),
    ...containers.flatMap(({ envFrom = [] }) =>
      envFrom.map(({ configMapRef, secretRef }) => ({ configMap: configMapRef?.name, secret: secretRef?.name })),
    ),
    ...containers.flatMap(({ env = [] }) =>
      env.map(({ valueFrom }) => ({
        configMap: valueFrom?.configMapKeyRef?.name,
        secret: valueFrom?.secretKeyRef?.name,
      })),
    ),
  ];
  const wanted = new Map<string, ContentRef>();
  for (const { configMap, secret } of names) {
    if (configMap) wanted.set(`configmaps/${configMap}`, { kind: configMaps, ref: { namespace, name: configMap } });
    if (secret) wanted.set(`secrets/${secret}`, { kind: secrets, ref: { namespace, name: secret } });
  }
  return [...wanted.values()];
}

function namesInVolume({ configMap, secret, projected }: Volume): Names[] {
  return [
    { configMap: configMap?.name, secret: secret?.secretName },
    ...(projected?.sources ?? []).map((source) => ({ configMap: source.configMap?.name, secret: source.secret?.name })),
  ];
}

export function keyOf({ kind, ref }: ContentRef): string {
  return `${resourceOf(kind)}/${ref.namespace}/${ref.name}`;
}

/** As whose keepsakes are kept what the pod was given. */
export function keepsakeOwners(pod: Pod): string[] {
  return [pod.metadata.uid ?? '', ...usedObjects(pod).map(keyOf)];
}
