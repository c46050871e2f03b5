// Who gets which certificate: what a signer may sign at all, and which requests are approved without a human. Pure.
// Holds: no certificate of a node bears a name or an address by which clients know the API.
import ipaddr from 'ipaddr.js';
import { type ClusterSettings, isInRange } from '../../api/cluster-settings.ts';
import {
  type CertificateSigningRequest,
  nodeClientSigner,
  nodeServingSigner,
} from '../../api/kinds/certificate-signing-request.ts';
import type { Node } from '../../api/kinds/node.ts';
import { bootstrappersGroup } from '../../api/rbac/defaults/bindings.ts';
import { dnsSubdomainFaults } from '../../api/validation.ts';
import type { Usage } from '../../pki/authority.ts';
import type { CertificateSubject } from '../../pki/certificate.ts';

export type Subject = Required<CertificateSubject>;

/** Certificates for clients other than nodes; approved by humans only. */
export const clientSigner = 'kubernetes.io/kube-apiserver-client';

const nodesGroup = 'system:nodes';
const nodeUserPrefix = 'system:node:';

/** What tells the API's names and addresses from others. */
export type ApiPlace = Pick<ClusterSettings, 'serviceCidr' | 'clusterDomain'>;

/** Permissions to get a client certificate without a human: for the node that asks, or for any. */
export type ClientPermission = 'selfnodeclient' | 'nodeclient';

/** Approved at once, or where who asks has one of these permissions, or denied for a reason; else a human decides. */
export type Judgement = 'approve' | 'wait' | readonly ClientPermission[] | Denial;

export interface Denial {
  denied: string;
}

/** What is wrong with the request for its signer; undefined where nothing is. */
export function violation({ spec }: CertificateSigningRequest, subject: Subject, place: ApiPlace): string | undefined {
  const { signerName, usages = [] } = spec;
  const mayUse = (...allowed: string[]) => usages.every((usage) => allowed.includes(usage));
  const isNode =
    isNodeName(nodeNameOf(subject), place) &&
    subject.organizations.length === 1 &&
    subject.organizations[0] === nodesGroup;
  const namesHosts = subject.dnsNames.length + subject.ipAddresses.length > 0;
  switch (signerName) {
    case nodeClientSigner:
      if (!isNode) return 'the subject is not that of a node';
      if (namesHosts) return 'a client certificate names no hosts';
      if (!usages.includes('client auth') || !mayUse('client auth', 'digital signature', 'key encipherment')) {
        return 'the usages are not those of a client';
      }
      return undefined;
    case nodeServingSigner:
      if (!isNode) return 'the subject is not that of a node';
      if (!namesHosts) return 'no host is named';
      if (subject.dnsNames.some((name) => isApiName(name, place))) return "a name is the API's";
      if (subject.ipAddresses.some((address) => isApiAddress(address, place))) return "an address is the API's";
      if (!usages.includes('server auth') || !mayUse('server auth', 'digital signature', 'key encipherment')) {
        return 'the usages are not those of a server';
      }
      return undefined;
    case clientSigner:
      if (subject.organizations.includes('system:masters')) return 'nobody becomes a master this way';
      if (!usages.includes('client auth') || !mayUse('client auth', 'digital signature', 'key encipherment')) {
        return 'the usages are not those of a client';
      }
      return undefined;
    default:
      return 'the signer is not ours';
  }
}

/** Usage in the certificate, for signers that are ours. */
export const signedUsage: Readonly<Record<string, Usage>> = {
  [nodeClientSigner]: 'client',
  [nodeServingSigner]: 'server',
  [clientSigner]: 'client',
};

/**
 * Who may make nodes (hosts that join with a token) gets the identity of one that is not there yet, and a node renews its own. A node's serving
 * certificate may bear its own name and addresses only, or a node could pose as another host.
 */
export function judge(
  request: CertificateSigningRequest,
  subject: Subject,
  node: Node | undefined,
  place: ApiPlace,
): Judgement {
  if (violation(request, subject, place)) return 'wait';
  const { signerName, username = '', groups = [] } = request.spec;
  const isItself = username === subject.commonName && groups.includes(nodesGroup);
  if (signerName === nodeClientSigner) {
    if (groups.includes(bootstrappersGroup) && node) return { denied: nameTaken(nodeNameOf(subject)) };
    return username === subject.commonName ? ['selfnodeclient', 'nodeclient'] : ['nodeclient'];
  }
  if (signerName !== nodeServingSigner || !isItself || !node) return 'wait';
  const name = nodeNameOf(subject);
  const addresses = (node.status.addresses ?? []).map(({ address }) => address);
  const isOwn =
    subject.dnsNames.every((dnsName) => dnsName === name) &&
    subject.ipAddresses.every((address) => addresses.includes(address));
  return isOwn ? 'approve' : 'wait';
}

/** Told to a host that joins: a token is no permission to take the place of a node. */
function nameTaken(name: string): string {
  return `there is a node ${name} already: give this host another name with --node-name, or, where it is that node that comes back, delete the old one first with \`kubectl delete node ${name}\``;
}

export function nodeNameOf(subject: Subject): string {
  return subject.commonName.startsWith(nodeUserPrefix) ? subject.commonName.slice(nodeUserPrefix.length) : '';
}

function isNodeName(name: string, place: ApiPlace): boolean {
  return dnsSubdomainFaults(name).length === 0 && !isApiName(name, place) && !isApiAddress(name, place);
}

function isApiName(name: string, { clusterDomain }: ApiPlace): boolean {
  const plain = name.toLowerCase().replace(/\.$/, '');
  const isUnder = (domain: string) => plain === domain || plain.endsWith(`.${domain}`);
  return ['kubernetes', 'kubernetes.default'].includes(plain) || ['svc', 'localhost', clusterDomain].some(isUnder);
}

/** Loopback included: it is where the server's own host finds the API. */
function isApiAddress(text: string, { serviceCidr }: ApiPlace): boolean {
  if (!ipaddr.isValid(text)) return false;
  // An IPv4 address may be disguised as one of IPv6, and some clients take the one for the other.
  const address = ipaddr.process(text);
  return address.range() === 'loopback' || isInRange(address.toString(), serviceCidr);
}
