// What stands in a pod's /etc/resolv.conf, by its dnsPolicy and dnsConfig.
import type { ClusterSettings } from '../../api/cluster-settings.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { isLocalStub, parseResolvConf, type ResolvConf, resolvConf } from '../../api/pod-resolv-conf.ts';
import { readFileIfThere } from '../../base/files.ts';

const hostFile = '/etc/resolv.conf';
/** Where systemd-resolved keeps the servers that it asks itself. */
const upstreamFile = '/run/systemd/resolve/resolv.conf';

/** The host's resolv.conf as a pod can use it: a resolver on the host's loopback is out of a pod's reach. */
export async function readHostResolvConf(): Promise<string> {
  const text = (await readFileIfThere(hostFile)) ?? '';
  const { nameservers } = parseResolvConf(text);
  return isLocalStub(nameservers) ? ((await readFileIfThere(upstreamFile)) ?? text) : text;
}

/** As many as the resolvers of common C libraries read. */
const most = { nameservers: 3, searches: 32, searchCharacters: 2048, nameCharacters: 253 };

export interface PodResolvConf {
  text: string;
  /** What had to be left out, as people are told of it. */
  warnings: string[];
}

export function podResolvConf(pod: Pod, settings: ClusterSettings, hostText: string): PodResolvConf {
  const { dnsConfig = {} } = pod.spec;
  const base = baseOf(pod, settings, parseResolvConf(hostText));
  const options = (dnsConfig.options ?? []).map(({ name = '', value }) => (value ? `${name}:${value}` : name));
  const replaced = new Set(options.map(nameOfOption));
  const nameservers = limitedNameservers([...base.nameservers, ...(dnsConfig.nameservers ?? [])]);
  const search = limitedSearch([...base.search, ...(dnsConfig.searches ?? [])]);
  const conf = {
    nameservers: nameservers.kept,
    search: search.kept,
    options: [...base.options.filter((option) => !replaced.has(nameOfOption(option))), ...options],
  };
  const warnings = [nameservers.warning, search.warning].filter((warning) => warning !== undefined);
  return { text: formatResolvConf(conf), warnings };
}

function baseOf({ metadata, spec }: Pod, settings: ClusterSettings, host: ResolvConf): ResolvConf {
  const { dnsPolicy = 'ClusterFirst', hostNetwork = false } = spec;
  if (dnsPolicy === 'None') return { nameservers: [], search: [], options: [] };
  const isOfCluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork);
  return isOfCluster ? parseResolvConf(resolvConf(settings, metadata.namespace ?? '', host)) : host;
}

interface Limited {
  kept: string[];
  warning: string | undefined;
}

function limitedNameservers(all: string[]): Limited {
  const unique = [...new Set(all)];
  const kept = unique.slice(0, most.nameservers);
  const says = 'Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is:';
  return { kept, warning: kept.length < unique.length ? `${says} ${kept.join(' ')}` : undefined };
}

function limitedSearch(all: string[]): Limited {
  const unique = [...new Set(all)];
  const kept = unique.slice(0, most.searches).filter((name) => name.length <= most.nameCharacters);
  while (kept.join(' ').length > most.searchCharacters) kept.pop();
  const says = 'Search Line limits were exceeded, some search paths have been omitted, the applied search line is:';
  return { kept, warning: kept.length < unique.length ? `${says} ${kept.join(' ')}` : undefined };
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
