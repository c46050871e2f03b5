// What the API is told of a container that was made besides its state: its resources, its mounts, and as whom it runs.
import type { ContainerStatus } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import type { ObservedContainer } from '../runtime.ts';
import type { Role } from './pod-containers.ts';
import { unlike } from './resize.ts';

type Facts = Partial<ContainerStatus>;

/** What was agreed, and what it has: until it was given what was agreed that is what was told before. */
export function resourceStatus(
  container: Container,
  role: Role,
  shown: ObservedContainer,
  told: ContainerStatus | undefined,
): Facts {
  if (role === 'ephemeral') return {};
  const { resources = {} } = container;
  const { limits, requests } = resources;
  return {
    ...(requests && { allocatedResources: requests }),
    resources:
      shown.state === 'running' && told?.resources && unlike(container, shown).length > 0
        ? told.resources
        : { ...(limits && { limits }), ...(requests && { requests }) },
  };
}

export function mountStatuses({ volumeMounts = [] }: Container): Facts {
  if (volumeMounts.length === 0) return {};
  return {
    volumeMounts: volumeMounts.map(({ name, mountPath, readOnly, recursiveReadOnly }) => ({
      name,
      mountPath,
      // A container that needs it is not made where the runtime cannot do it.
      ...(readOnly && { readOnly, recursiveReadOnly: recursiveReadOnly === 'Enabled' ? 'Enabled' : 'Disabled' }),
    })),
  };
}

/** Of the first process when it began: what was told of this very container stays. */
export function userStatus(shown: ObservedContainer, told: ContainerStatus | undefined): Facts {
  if (told?.containerID?.endsWith(shown.id) && told.user) return { user: told.user };
  return shown.user ? { user: { linux: shown.user } } : {};
}
