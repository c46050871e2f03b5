// What a pod asks for and this agent does not do, in the words of its manifest. Nothing is left out in silence.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';

export function unsupportedFeatures({ spec }: Pod): string[] {
  const found = spec.resourceClaims?.length ? ['resourceClaims'] : [];
  // On the host's network a port needs nothing of us.
  if (spec.hostNetwork) return found;
  const lists = { initContainers: spec.initContainers ?? [], containers: spec.containers };
  for (const [list, containers] of Object.entries(lists))
    for (const container of containers)
      if (hasSctpHostPort(container)) found.push(`${list}[${container.name}].ports.hostPort of SCTP`);
  return found;
}

function hasSctpHostPort({ ports = [] }: Container): boolean {
  return ports.some(({ hostPort, protocol }) => hostPort && protocol === 'SCTP');
}
