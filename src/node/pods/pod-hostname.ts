// What a pod is called on the network: by itself, and in full where it is of a subdomain.
import { hostname } from 'node:os';
import type { Pod } from '../../api/kinds/pod.ts';

/** The most that a DNS label, and the most that the kernel takes. */
const longest = { label: 63, ofKernel: 64 };

/** Its own name without any domain. */
export function podHostname({ metadata, spec }: Pod): string {
  if (spec.hostNetwork) return hostname();
  return (spec.hostname || metadata.name).slice(0, longest.label).replace(/[-.]+$/, '');
}

/** Name and domain; undefined where it has no subdomain. */
export function podFullName(pod: Pod, clusterDomain: string): string | undefined {
  const { subdomain } = pod.spec;
  return subdomain ? `${podHostname(pod)}.${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : undefined;
}

/** What `hostname` answers in the pod, and what stands in its /etc/hostname. */
export function kernelHostname(pod: Pod, clusterDomain: string): string {
  const isInFull = pod.spec.setHostnameAsFQDN && !pod.spec.hostNetwork;
  return (isInFull && podFullName(pod, clusterDomain)) || podHostname(pod);
}

/** Throws where the kernel does not take it. */
export function checkHostname(name: string): void {
  if (name.length <= longest.ofKernel) return;
  throw new Error(
    `failed to construct FQDN from pod hostname and cluster domain, FQDN ${name} is too long (${longest.ofKernel} characters is the max, ${name.length} characters requested)`,
  );
}
