// Where a pod's environment and volumes get the contents of config maps and secrets from, and the addresses it is told.
import { configMaps } from '../../api/kinds/config-map.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { secrets } from '../../api/kinds/secret.ts';
import type { EnvSources } from './container-env.ts';
import type { PodView } from './pod-view.ts';
import type { PodStepsOptions } from './step.ts';

export function objectSources(
  { volumes: { objects }, hostAddress, services, allocatable }: PodStepsOptions,
  { metadata: { namespace } }: Pod,
  view: PodView,
): EnvSources {
  return {
    configMap: async (name) => {
      const found = await objects.get({ kind: configMaps, ref: { namespace, name } });
      return found && ((found.data ?? {}) as Record<string, string>);
    },
    secret: async (name) => {
      const found = await objects.get({ kind: secrets, ref: { namespace, name } });
      return found && decoded(found.data as Record<string, string>);
    },
    services: services(),
    podAddress: view.pod?.spec.hostNetwork ? hostAddress : (view.memory.attached?.address ?? ''),
    hostAddress,
    allocatable: allocatable(),
  };
}

function decoded(data: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}
