// The containers that a pod's manifest names, and the part that each of them plays.
import type { Pod } from '../../api/kinds/pod.ts';
import { type Container, isSidecar } from '../../api/kinds/pod-spec/types.ts';

/** Once before the others; from then on for as long as the others run; the pod's own; added to look into the pod. */
export type Role = 'init' | 'sidecar' | 'app' | 'ephemeral';

export interface PodContainer {
  container: Container;
  role: Role;
  /** Where it stands in the manifest, as events name it. */
  path: string;
}

/** In the order in which they are started; ephemeral ones last. */
export function podContainers({ spec }: Pod): PodContainer[] {
  const inits = (spec.initContainers ?? []).map((container) => ({
    container,
    role: isSidecar(container) ? ('sidecar' as const) : ('init' as const),
    path: `spec.initContainers{${container.name}}`,
  }));
  const apps = spec.containers.map((container) => ({
    container,
    role: 'app' as const,
    path: `spec.containers{${container.name}}`,
  }));
  const ephemerals = (spec.ephemeralContainers ?? []).map((container) => ({
    container: container as Container,
    role: 'ephemeral' as const,
    path: `spec.ephemeralContainers{${container.name}}`,
  }));
  return [...inits, ...apps, ...ephemerals];
}

export function podContainer(pod: Pod, name: string): PodContainer | undefined {
  return podContainers(pod).find(({ container }) => container.name === name);
}

export function hasSidecars({ spec }: Pod): boolean {
  return spec.initContainers?.some(isSidecar) ?? false;
}

/** The container whose processes an ephemeral one is to see. */
export function targetOf({ spec }: Pod, name: string): string | undefined {
  return spec.ephemeralContainers?.find((container) => container.name === name)?.targetContainerName || undefined;
}
