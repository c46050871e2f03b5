// What stands in a pod's /etc/resolv.conf, by its dnsPolicy and dnsConfig.
import type { ClusterSettings } from '../../api/cluster-settings.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { parseResolvConf, type ResolvConf, resolvConf } from '../../api/pod-resolv-conf.ts';
import { readFileIfThere } from '../../base/files.ts';

const hostFile = '/etc/resolv.conf';
/** Where systemd-resolved keeps the servers that it asks itself. */
const upstreamFile = '/run/systemd/resolve/resolv.conf';

/** The host's resolv.conf as a pod can use it: a resolver on the host's loopback is out of a pod's reach. */
export async function readHostResolvConf(): Promise<string> {
  const text = (await readFileIfThere(hostFile)) ?? '';
  const { nameservers } = parseResolvConf(text);
  const isLocal =
    nameservers.length > 0 && nameservers.every((server) => server.startsWith('127.') || server === '::1');
  return isLocal ? ((await readFileIfThere(upstreamFile)) ?? text) : text;
}

export function podResolvConf(pod: Pod, settings: ClusterSettings, hostText: string): string {
  const { dnsPolicy = 'ClusterFirst', dnsConfig, hostNetwork = false } = pod.spec;
  const host = parseResolvConf(hostText);
  const isOfCluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork);
  if (isOfCluster && !dnsConfig) return resolvConf(settings, pod.metadata.namespace ?? '', host);
  const base = isOfCluster
    ? parseResolvConf(resolvConf(settings, pod.metadata.namespace ?? '', host))
    : dnsPolicy === 'None'
      ? { nameservers: [], search: [], options: [] }
      : host;
  const options = (dnsConfig?.options ?? []).map(({ name = '', value }) =>
    value === undefined ? name : `${name}:${value}`,
  );
  const replaced = new Set(options.map(nameOfOption));
  return formatResolvConf({
    nameservers: [...new Set([...base.nameservers, ...(dnsConfig?.nameservers ?? [])])],
    search: [...new Set([...base.search, ...(dnsConfig?.searches ?? [])])],
    options: [...base.options.filter((option) => !replaced.has(nameOfOption(option))), ...options],
  });
}

const nameOfOption = (option: string) => option.split(':')[0];

function formatResolvConf({ nameservers, search, options }: ResolvConf): string {
  return [
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...nameservers.map((nameserver) => `nameserver ${nameserver}`),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
    '',
  ].join('\n');
}
