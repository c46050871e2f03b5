// Answers a question out of what is known of the cluster, after Kubernetes' DNS specification. Pure.
import type { Answer, Question, SoaAnswer } from 'dns-packet';
import type { ClusterSettings } from '../../api/cluster-settings.ts';
import { isInRange } from '../../api/cluster-settings.ts';
import type { Endpoint, EndpointPort } from '../../api/kinds/endpoint-slice.ts';
import { hasClusterIp, type Service } from '../../api/kinds/service.ts';
import { type ClusterRecords, serviceNameOf } from './cluster-records.ts';

export const responseCodes = { ok: 0, formatError: 1, serverFailure: 2, nameError: 3, notImplemented: 4, refused: 5 };

export interface ClusterAnswer {
  code: number;
  answers: Answer[];
  additionals?: Answer[];
  authorities?: Answer[];
  /** The answer is a name outside, whose addresses have to be asked for elsewhere. */
  alias?: string;
}

/** Records change as pods do: nobody should keep them for long. */
const ttl = 5;

/** Undefined for what is not the cluster's to answer. */
export function answerQuestion(
  question: Question,
  records: ClusterRecords,
  settings: ClusterSettings,
): ClusterAnswer | undefined {
  const domain = settings.clusterDomain.toLowerCase();
  const name = question.name.toLowerCase().replace(/\.$/, '');
  if (name.endsWith('.in-addr.arpa')) return answerReverse(question, name, records, settings);
  if (name !== domain && !name.endsWith(`.${domain}`)) return undefined;
  const labels = name === domain ? [] : name.slice(0, -domain.length - 1).split('.');
  const found = recordsAt(labels, question, records, domain);
  if (!found) return { code: responseCodes.nameError, answers: [], authorities: [soa(domain)] };
  const answers = found.answers.filter(({ type }) => type === question.type || type === 'CNAME');
  if (answers.length === 0) return { code: responseCodes.ok, answers, authorities: [soa(domain)] };
  return { code: responseCodes.ok, ...found, answers };
}

interface Found {
  answers: Answer[];
  additionals?: Answer[];
  alias?: string;
}

/** What stands at a name, of the types that might be asked for; undefined where the name does not exist. */
function recordsAt(labels: string[], question: Question, records: ClusterRecords, domain: string): Found | undefined {
  const owner = question.name;
  const last = labels.pop();
  if (last === undefined)
    return { answers: [soa(domain, owner), { type: 'NS', name: owner, ttl, data: `ns.dns.${domain}` }] };
  if (last === 'dns-version' && labels.length === 0)
    return { answers: [{ type: 'TXT', name: owner, ttl, data: '1.1.0' }] };
  if (last !== 'svc') return undefined;
  const namespace = labels.pop();
  if (namespace === undefined) return { answers: [] };
  const serviceName = labels.pop();
  if (serviceName === undefined) return records.hasNamespace(namespace) ? { answers: [] } : undefined;
  const service = records.service(namespace, serviceName);
  if (!service) return undefined;
  const base = `${serviceName}.${namespace}.svc.${domain}`;
  if (service.spec.type === 'ExternalName') return labels.length === 0 ? aliasTo(owner, service) : undefined;
  const targets = hasClusterIp(service) ? clusterTargets(service, base) : endpointTargets(service, records, base);
  if (labels.length === 0) return recordsOf(owner, targets, () => true);
  const [first = '', second = ''] = labels;
  if (labels.length === 1) return endpointRecords(owner, first, targets, base) ?? portsExist(targets, first);
  if (labels.length > 2 || !first.startsWith('_') || !second.startsWith('_')) return undefined;
  const isMeant = (port: Port) => port.name === first.slice(1) && port.protocol === second.slice(1);
  return targets.some(({ ports }) => ports.some(isMeant)) ? srvRecords(owner, targets, isMeant) : undefined;
}

interface Port {
  name: string;
  protocol: string;
  port: number;
}

/** An address of a service, the name by which it alone is known, and the ports it has. */
interface Target {
  name: string;
  address: string;
  ports: Port[];
}

const portOf = ({ name, protocol, port }: EndpointPort): Port => ({
  name: name ?? '',
  protocol: (protocol ?? 'TCP').toLowerCase(),
  port: port ?? 0,
});

function clusterTargets({ spec }: Service, base: string): Target[] {
  const ports = (spec.ports ?? []).map(({ name, protocol, port }) =>
    portOf({ port, ...(name && { name }), ...(protocol && { protocol }) }),
  );
  return [{ name: base, address: spec.clusterIP ?? '', ports }];
}

/** Of a headless service: each endpoint that is ready. */
function endpointTargets(service: Service, records: ClusterRecords, base: string): Target[] {
  const targets = new Map<string, Target>();
  for (const slice of records.slicesOf(service)) {
    for (const endpoint of slice.endpoints) {
      const [address] = endpoint.addresses;
      if (!address || slice.addressType !== 'IPv4' || !(endpoint.conditions?.ready ?? true)) continue;
      const known = targets.get(address) ?? { name: `${endpointLabel(endpoint)}.${base}`, address, ports: [] };
      known.ports.push(...(slice.ports ?? []).map(portOf));
      targets.set(address, known);
    }
  }
  return [...targets.values()];
}

const endpointLabel = ({ hostname, addresses }: Endpoint) => hostname ?? (addresses[0] ?? '').replaceAll('.', '-');

function recordsOf(owner: string, targets: Target[], isMeant: (port: Port) => boolean): Found {
  const addresses: Answer[] = targets.map(({ address }) => ({ type: 'A', name: owner, ttl, data: address }));
  return {
    ...srvRecords(owner, targets, isMeant),
    answers: [...addresses, ...srvRecords(owner, targets, isMeant).answers],
  };
}

function srvRecords(owner: string, targets: Target[], isMeant: (port: Port) => boolean): Found {
  const answers = targets.flatMap(({ name, ports }) =>
    ports.filter(isMeant).map(({ port }): Answer => {
      return { type: 'SRV', name: owner, ttl, data: { priority: 0, weight: 100, port, target: name } };
    }),
  );
  const additionals = targets.map(({ name, address }): Answer => ({ type: 'A', name, ttl, data: address }));
  return { answers, additionals };
}

/** The records of one endpoint of a headless service, by its host name or by its address in dashes. */
function endpointRecords(owner: string, label: string, targets: Target[], base: string): Found | undefined {
  const meant = targets.filter(({ name }) => name !== base && name === `${label}.${base}`);
  return meant.length === 0 ? undefined : recordsOf(owner, meant, () => true);
}

/** "_tcp.web.shop.svc.cluster.local" exists if a name below it does. */
function portsExist(targets: Target[], label: string): Found | undefined {
  const exists = targets.some(({ ports }) =>
    ports.some(({ protocol, name }) => name !== '' && `_${protocol}` === label),
  );
  return exists ? { answers: [] } : undefined;
}

function aliasTo(owner: string, service: Service): Found {
  const target = (service.spec.externalName ?? '').replace(/\.$/, '');
  return { answers: [{ type: 'CNAME', name: owner, ttl, data: target }], alias: target };
}

function answerReverse(
  question: Question,
  name: string,
  records: ClusterRecords,
  { clusterDomain, clusterCidr, serviceCidr }: ClusterSettings,
): ClusterAnswer | undefined {
  const bytes = name.split('.').slice(0, -2).reverse();
  const address = bytes.join('.');
  if (bytes.length !== 4 || !(isInRange(address, clusterCidr) || isInRange(address, serviceCidr))) return undefined;
  const authorities = [soa(clusterDomain)];
  const names = namesAt(address, records, clusterDomain);
  if (names.length === 0) return { code: responseCodes.nameError, answers: [], authorities };
  if (question.type !== 'PTR') return { code: responseCodes.ok, answers: [], authorities };
  return {
    code: responseCodes.ok,
    answers: names.map((data): Answer => ({ type: 'PTR', name: question.name, ttl, data })),
  };
}

function namesAt(address: string, records: ClusterRecords, domain: string): string[] {
  const service = records.serviceAt(address);
  if (service) return [`${service.metadata.name}.${service.metadata.namespace}.svc.${domain}`];
  const names = records.slicesAt(address).flatMap((slice) => {
    const owner = records.service(slice.metadata.namespace ?? '', serviceNameOf(slice));
    if (!owner || hasClusterIp(owner)) return [];
    const endpoints = slice.endpoints.filter(({ addresses }) => addresses.includes(address));
    return endpoints.map(
      (endpoint) => `${endpointLabel(endpoint)}.${owner.metadata.name}.${owner.metadata.namespace}.svc.${domain}`,
    );
  });
  return [...new Set(names)];
}

function soa(domain: string, name = domain): SoaAnswer {
  const timing = { refresh: 7200, retry: 1800, expire: 86400, minimum: ttl };
  return {
    type: 'SOA',
    name,
    ttl,
    data: { mname: `ns.dns.${domain}`, rname: `hostmaster.${domain}`, serial: 1, ...timing },
  };
}
