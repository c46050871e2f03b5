// Who gets which certificate: what a signer may sign at all, and which requests are approved without a human. Pure.
import {
  type CertificateSigningRequest,
  nodeClientSigner,
  nodeServingSigner,
} from '../api/kinds/certificate-signing-request.ts';
import type { Node } from '../api/kinds/node.ts';
import type { Usage } from '../pki/authority.ts';
import type { CertificateSubject } from '../pki/certificate.ts';

export type Subject = Required<CertificateSubject>;

/** Certificates for clients other than nodes; approved by humans only. */
export const clientSigner = 'kubernetes.io/kube-apiserver-client';

const nodesGroup = 'system:nodes';
const nodeUserPrefix = 'system:node:';
const bootstrappersGroup = 'system:bootstrappers';
const bootstrapUserPrefix = 'system:bootstrap:';

export type Judgement = 'approve' | 'wait';

/** What is wrong with the request for its signer; undefined where nothing is. */
export function violation({ spec }: CertificateSigningRequest, subject: Subject): string | undefined {
  const { signerName, usages = [] } = spec;
  const mayUse = (...allowed: string[]) => usages.every((usage) => allowed.includes(usage));
  const isNode =
    subject.commonName.startsWith(nodeUserPrefix) &&
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
 * A host that joins with a token gets the identity of a node, and a node renews its own. A node's serving certificate
 * may bear its own name and addresses only, or a node could pose as another host.
 */
export function judge(request: CertificateSigningRequest, subject: Subject, node: Node | undefined): Judgement {
  if (violation(request, subject)) return 'wait';
  const { signerName, username = '', groups = [] } = request.spec;
  const isItself = username === subject.commonName && groups.includes(nodesGroup);
  const isJoining = username.startsWith(bootstrapUserPrefix) && groups.includes(bootstrappersGroup);
  if (signerName === nodeClientSigner) return isItself || isJoining ? 'approve' : 'wait';
  if (signerName !== nodeServingSigner || !isItself || !node) return 'wait';
  const name = subject.commonName.slice(nodeUserPrefix.length);
  const addresses = ['127.0.0.1', ...(node.status.addresses ?? []).map(({ address }) => address)];
  const isOwn =
    subject.dnsNames.every((dnsName) => dnsName === name || dnsName === 'localhost') &&
    subject.ipAddresses.every((address) => addresses.includes(address));
  return isOwn ? 'approve' : 'wait';
}

export function nodeNameOf(subject: Subject): string {
  return subject.commonName.startsWith(nodeUserPrefix) ? subject.commonName.slice(nodeUserPrefix.length) : '';
}
