// What the checks of pod security look at, and how they word what they find.
import type { Container, PodSpec } from '../kinds/pod-spec/types.ts';
import type { KubeObject } from '../meta.ts';

/** Containers of every sort, as far as security goes. */
export interface SecuredContainer
  extends Pick<Container, 'livenessProbe' | 'readinessProbe' | 'startupProbe' | 'lifecycle'> {
  name: string;
  ports?: readonly { hostPort?: number }[];
  securityContext?: NonNullable<PodSpec['containers'][number]['securityContext']>;
}

export interface Secured {
  metadata: Pick<KubeObject['metadata'], 'annotations'>;
  spec: PodSpec;
  containers: readonly SecuredContainer[];
}

export interface Violation {
  reason: string;
  detail: string;
}

export type Check = (secured: Secured) => Violation | undefined;

export function securedOf(metadata: Secured['metadata'], spec: PodSpec): Secured {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
  return { metadata, spec, containers };
}

export const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ');

/** 'container "a"', 'containers "a", "b"' */
export function counted(noun: string, names: readonly string[]): string {
  return `${noun}${names.length === 1 ? '' : 's'} ${quoted(names)}`;
}

/** A violation where something was found, by all details. */
export function violation(
  reason: string,
  details: readonly (string | undefined)[],
  separator = ', ',
): Violation | undefined {
  const found = details.filter((detail) => detail !== undefined);
  return found.length === 0 ? undefined : { reason, detail: found.join(separator) };
}

/** Of the containers those that are at fault, said in one detail. */
export function ofContainers(
  { containers }: Secured,
  isBad: (container: SecuredContainer) => boolean,
  say: (who: string) => string,
): string | undefined {
  const bad = containers.filter(isBad).map(({ name }) => name);
  return bad.length === 0 ? undefined : say(counted('container', bad));
}
