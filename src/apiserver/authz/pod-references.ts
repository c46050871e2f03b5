// Which config maps and secrets a pod uses.
import type { Pod } from '../../api/kinds/pod.ts';

export function podUses(pod: Pod, resource: string, name: string): boolean {
  return resource === 'secrets' ? secretsOf(pod).includes(name) : configMapsOf(pod).includes(name);
}

const containersOf = ({ spec }: Pod) => [...(spec.initContainers ?? []), ...spec.containers];

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
