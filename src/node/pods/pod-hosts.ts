// What stands in a pod's /etc/hosts, laid out as Kubernetes does.
import type { Pod } from '../../api/kinds/pod.ts';
import { podFullName, podHostname } from './pod-hostname.ts';

export interface HostsCircumstances {
  /** Undefined as long as the pod has none. */
  address: string | undefined;
  clusterDomain: string;
  /** The host's own file: what a pod on the host's network begins with. */
  hostFile: string;
}

export function podHosts(pod: Pod, { address, clusterDomain, hostFile }: HostsCircumstances): string {
  const { hostNetwork, hostAliases = [] } = pod.spec;
  const aliases = hostAliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`);
  const added = aliases.length > 0 ? `\n# Entries added by HostAliases.\n${aliases.join('')}` : '';
  if (hostNetwork) return `# Kubernetes-managed hosts file (host network).\n${hostFile}${added}`;
  const names = [podFullName(pod, clusterDomain), podHostname(pod)].filter((name) => name !== undefined);
  const own = address === undefined ? '' : `${address}\t${names.join('\t')}\n`;
  return `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
${own}${added}`;
}
