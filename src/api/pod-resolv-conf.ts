// What stands in /etc/resolv.conf: reading the host's, writing the one of a pod with the dnsPolicy ClusterFirst. Pure.
import type { ClusterSettings } from './cluster-settings.ts';

export interface ResolvConf {
  nameservers: string[];
  search: string[];
  options: string[];
}

export function parseResolvConf(text: string): ResolvConf {
  const conf: ResolvConf = { nameservers: [], search: [], options: [] };
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && words[0]) conf.nameservers.push(words[0]);
    // Of several such lines the last one counts.
    if (keyword === 'search' || keyword === 'domain') conf.search = words.filter((word) => word !== '.');
    if (keyword === 'options') conf.options.push(...words);
  }
  return conf;
}

/** Whether these are but a resolver on the host's own loopback, with others behind it. */
export function isLocalStub(nameservers: readonly string[]): boolean {
  return nameservers.length > 0 && nameservers.every((server) => server.startsWith('127.') || server === '::1');
}

/** Names are looked for in the pod's namespace, then in the cluster, then where the host looks. */
export function resolvConf(settings: ClusterSettings, namespace: string, host: Pick<ResolvConf, 'search'>): string {
  const { clusterDomain, dnsAddress } = settings;
  const cluster = [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  const search = [...new Set([...cluster, ...host.search])];
  return `search ${search.join(' ')}\nnameserver ${dnsAddress}\noptions ndots:5\n`;
}
