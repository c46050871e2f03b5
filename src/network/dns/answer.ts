// Answers a question out of what is known of the cluster, after Kubernetes' DNS specification; where that leaves something open,
// as CoreDNS does. Pure.
import { type ClusterSettings, isInRange } from '../../api/cluster-settings.ts';
import { type Query, recordTypes, responseCodes } from './query.ts';
import type { DnsRecord } from './record-writer.ts';
import type { Sections } from './response.ts';
import type { EndpointRecords, RecordPort, ServiceRecords } from './service-records.ts';
import type { Zone } from './zone.ts';

export type Question = Pick<Query, 'name' | 'type'>;

export interface ClusterAnswer extends Sections {
  answers: DnsRecord[];
  /** The answer is another name, whose records come along. */
  alias?: string;
}

/** Records change as pods do: nobody should keep them for long. */
const ttl = 5;
/** Of Kubernetes' DNS specification. */
const specificationVersion = '1.1.0';
const reverseDomain = 'in-addr.arpa';

/** Undefined for what is not the cluster's to answer. */
export function answerQuestion(question: Question, zone: Zone, settings: ClusterSettings): ClusterAnswer | undefined {
  const { name } = question;
  const domain = settings.clusterDomain.toLowerCase();
  if (name.endsWith(`.${reverseDomain}`)) return answerReverse(question, zone, settings);
  if (name !== domain && !name.endsWith(`.${domain}`)) return undefined;
  const labels = name === domain ? [] : name.slice(0, -domain.length - 1).split('.');
  return pick(question, recordsAt(labels, name, zone, { ...settings, clusterDomain: domain }), domain);
}

/** Of all that stands at the name what was asked for; "no such record" and "no such name" are two things. */
function pick({ name, type }: Question, found: Found | undefined, domain: string): ClusterAnswer {
  const denial = { answers: [], authorities: [soa(domain)] };
  if (!found) return { code: responseCodes.nameError, ...denial };
  if (type === recordTypes.ANY) return { code: responseCodes.ok, answers: [anyRefusal(name)] };
  const { answers, additionals, alias } = found;
  const meant = answers.filter(
    (record) => record.type === 'CNAME' || (record.type !== 'opaque' && recordTypes[record.type] === type),
  );
  if (meant.length === 0) return { code: responseCodes.ok, ...denial };
  return {
    code: responseCodes.ok,
    answers: meant,
    ...(type === recordTypes.SRV && additionals && { additionals }),
    ...(alias !== undefined && type !== recordTypes.CNAME && { alias }),
  };
}

/** Who asks for everything gets one record that says no (RFC 8482). */
export const anyRefusal = (name: string): DnsRecord => ({ type: 'HINFO', name, ttl, texts: ['RFC8482', ''] });

interface Found {
  answers: DnsRecord[];
  additionals?: DnsRecord[];
  alias?: string;
}

const nothing: Found = { answers: [] };

/** What stands at a name, of the types that might be asked for; undefined where the name does not exist. */
function recordsAt(labels: string[], name: string, zone: Zone, settings: ClusterSettings): Found | undefined {
  const { clusterDomain: domain, dnsAddress } = settings;
  const last = labels.pop();
  if (last === undefined) return { answers: [soa(domain), { type: 'NS', name, ttl, target: `ns.dns.${domain}` }] };
  if (last === 'dns-version' && labels.length === 0)
    return { answers: [{ type: 'TXT', name, ttl, texts: [specificationVersion] }] };
  const namespace = labels.pop();
  if (last === 'dns' && labels.length === 0) return ownName(namespace, name, dnsAddress);
  if (last === 'pod') return podRecords(namespace, labels, name, zone);
  if (last !== 'svc') return undefined;
  if (namespace === undefined) return nothing;
  if (!zone.hasNamespace(namespace)) return undefined;
  const serviceName = labels.pop();
  if (serviceName === undefined) return nothing;
  const service = zone.service(namespace, serviceName);
  if (!service) return undefined;
  const owner = { name, base: `${serviceName}.${namespace}.svc.${domain}` };
  return service.externalName === undefined
    ? serviceNames(labels, owner, service)
    : aliasTo(labels, name, service.externalName);
}

/** The name under which the zone has its server. */
function ownName(label: string | undefined, name: string, address: string): Found | undefined {
  if (label === undefined) return nothing;
  return label === 'ns' ? { answers: [{ type: 'A', name, ttl, address }] } : undefined;
}

const dashedAddress = /^(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})$/;

/** Whoever knows a pod's address may ask for it by name: nobody looks whether there is such a pod. */
function podRecords(namespace: string | undefined, labels: string[], name: string, zone: Zone): Found | undefined {
  if (namespace === undefined) return nothing;
  if (!zone.hasNamespace(namespace)) return undefined;
  const [label, ...more] = labels;
  if (label === undefined) return nothing;
  const bytes = dashedAddress.exec(label)?.slice(1) ?? [];
  const isAddress =
    more.length === 0 &&
    bytes.length === 4 &&
    bytes.every((byte) => String(Number(byte)) === byte && Number(byte) < 256);
  return isAddress ? { answers: [{ type: 'A', name, ttl, address: bytes.join('.') }] } : undefined;
}

function aliasTo(labels: string[], name: string, target: string): Found | undefined {
  if (labels.length > 0) return undefined;
  return { answers: [{ type: 'CNAME', name, ttl, target }], alias: target };
}

interface Owner {
  /** As it was asked for. */
  name: string;
  /** The service's own name. */
  base: string;
}

/** An address of a service, the name by which it alone is known, and the ports it has. */
interface Target {
  name: string;
  address: string;
  ports: RecordPort[];
}

/** The service itself, its ports, its endpoints. */
function serviceNames(labels: string[], owner: Owner, service: ServiceRecords): Found | undefined {
  const targets = service.clusterIp
    ? [{ name: owner.base, address: service.clusterIp, ports: service.ports }]
    : service.endpoints.map((endpoint) => endpointTarget(endpoint, owner.base));
  // So says the specification: a headless service of which no endpoint is ready is no name.
  if (targets.length === 0) return undefined;
  const [first, second, ...more] = labels;
  if (first === undefined) return recordsOf(owner.name, targets);
  if (more.length > 0) return undefined;
  if (second === undefined) return endpointRecords(first, owner, service) ?? protocolName(first, targets);
  if (!first.startsWith('_') || !second.startsWith('_')) return undefined;
  const isMeant = ({ name, protocol }: RecordPort) => `_${name}` === first && `_${protocol}` === second;
  const meant = targets.filter(({ ports }) => ports.some(isMeant));
  return meant.length > 0 ? srvRecords(owner.name, meant, isMeant) : undefined;
}

const endpointLabel = ({ hostname, address }: EndpointRecords): string => hostname ?? address.replaceAll('.', '-');

const endpointTarget = (endpoint: EndpointRecords, base: string): Target => ({
  name: `${endpointLabel(endpoint)}.${base}`,
  address: endpoint.address,
  ports: endpoint.ports,
});

/** The endpoints with that host name, or with that address in dashes. */
function endpointRecords(label: string, { name, base }: Owner, { endpoints }: ServiceRecords): Found | undefined {
  const meant = endpoints.filter((endpoint) => endpointLabel(endpoint) === label);
  return meant.length > 0
    ? recordsOf(
        name,
        meant.map((endpoint) => endpointTarget(endpoint, base)),
      )
    : undefined;
}

/** "_tcp.web.shop.svc.cluster.local" exists if a name below it does. */
function protocolName(label: string, targets: Target[]): Found | undefined {
  const exists = targets.some(({ ports }) =>
    ports.some(({ protocol, name }) => name !== '' && `_${protocol}` === label),
  );
  return exists ? nothing : undefined;
}

function recordsOf(name: string, targets: Target[]): Found {
  const addresses = targets.map(({ address }): DnsRecord => ({ type: 'A', name, ttl, address }));
  const { answers, additionals } = srvRecords(name, targets, () => true);
  return { answers: [...addresses, ...answers], additionals };
}

function srvRecords(name: string, targets: Target[], isMeant: (port: RecordPort) => boolean) {
  const pairs = targets.flatMap((target) =>
    target.ports.filter(isMeant).map(({ port }) => ({ target: target.name, port })),
  );
  // The weights of all are a hundred together.
  const weight = Math.max(1, Math.floor(100 / Math.max(1, pairs.length)));
  const answers = pairs.map((pair): DnsRecord => ({ type: 'SRV', name, ttl, priority: 0, weight, ...pair }));
  const additionals = targets.map(
    (target): DnsRecord => ({ type: 'A', name: target.name, ttl, address: target.address }),
  );
  return { answers, additionals };
}

function answerReverse(question: Question, zone: Zone, settings: ClusterSettings): ClusterAnswer | undefined {
  const { clusterDomain, clusterCidr, serviceCidr } = settings;
  const domain = clusterDomain.toLowerCase();
  const bytes = question.name
    .slice(0, -reverseDomain.length - 1)
    .split('.')
    .reverse();
  const address = bytes.join('.');
  const isOurs = bytes.length === 4 && (isInRange(address, clusterCidr) || isInRange(address, serviceCidr));
  const names = bytes.length === 4 ? namesAt(address, zone, domain) : [];
  // Endpoints may lie outside, as the master does: where we have no name for one, others may have.
  if (names.length === 0 && !isOurs) return undefined;
  const answers = names.map((target): DnsRecord => ({ type: 'PTR', name: question.name, ttl, target }));
  return pick(question, names.length > 0 ? { answers } : undefined, domain);
}

function namesAt(address: string, zone: Zone, domain: string): string[] {
  const service = zone.serviceAt(address);
  if (service) return [nameOf(service, domain)];
  const found = zone
    .servicesWithEndpoint(address)
    .flatMap((owner) =>
      owner.endpoints
        .filter((endpoint) => endpoint.address === address)
        .map((endpoint) => ({ owner, endpoint, name: `${endpointLabel(endpoint)}.${nameOf(owner, domain)}` })),
    );
  // A host name is somebody's choice; an address in dashes is one of several.
  const named = found.filter(({ endpoint }) => endpoint.hostname !== undefined);
  const meant = named.length > 0 ? named : found.filter(({ owner }) => owner.clusterIp === undefined);
  return meant.map(({ name }) => name);
}

function nameOf({ key }: ServiceRecords, domain: string): string {
  const [namespace, name] = key.split('/');
  return `${name}.${namespace}.svc.${domain}`;
}

function soa(domain: string): DnsRecord {
  const times: [number, number, number, number] = [7200, 1800, 86400, ttl];
  return {
    type: 'SOA',
    name: domain,
    ttl,
    primary: `ns.dns.${domain}`,
    mailbox: `hostmaster.${domain}`,
    serial: 1,
    times,
  };
}
