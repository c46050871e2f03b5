// What a pod asks for and this agent does not do yet, in the words of its manifest. Nothing is left out in silence.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container, PodSpec } from '../../api/kinds/pod-template.ts';

const podFields = ['resourceClaims'] as const;

export function unsupportedFeatures(pod: Pod): string[] {
  const { spec } = pod;
  const found: string[] = podFields.filter((field) => isAsked(spec[field]));
  for (const container of spec.initContainers ?? []) {
    found.push(...ofContainer(spec, container, 'initContainers'));
  }
  for (const container of spec.containers) found.push(...ofContainer(spec, container, 'containers'));
  return found;
}

function ofContainer(spec: PodSpec, container: Container, list: string): string[] {
  const at = `${list}[${container.name}]`;
  const found: string[] = [];
  // On the host's network every port is the host's.
  if (!spec.hostNetwork && container.ports?.some(({ hostPort }) => hostPort)) found.push(`${at}.ports.hostPort`);
  return found;
}

function isAsked(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== '' && value !== false;
}
