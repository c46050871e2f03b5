// The pod that a path names, and the container in it.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import { Refusal } from './route.ts';

/** Throws the refusal where this node has no such pod. */
export function podOfPath(pods: readonly Pod[], path: Readonly<Record<string, string>>): Pod {
  const { namespace = '', pod: name = '', uid } = path;
  const pod = pods.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  if (!pod || (uid && pod.metadata.uid !== uid)) throw new Refusal(404, `pod ${JSON.stringify(name)} does not exist`);
  return pod;
}

/** Every container that a pod is made of, whatever its part. */
export function containersOfPod({ spec }: Pod): Pick<Container, 'name' | 'tty' | 'stdinOnce'>[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
}
