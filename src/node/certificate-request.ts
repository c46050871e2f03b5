// A certificate that a node asks its cluster for: the key is made here and never leaves the host.
import { randomBytes } from 'node:crypto';
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
  nodeServingSigner,
} from '../api/kinds/certificate-signing-request.ts';
import type { Client } from '../client/client.ts';
import {
  type CertificateAndKey,
  type CertificateSubject,
  createPrivateKeyPem,
  createSigningRequest,
} from '../pki/certificate.ts';

/** The cluster does not give it, and says why. */
export class CertificateRefused extends Error {}

export interface CertificateOrder {
  signerName: string;
  subject: CertificateSubject;
  /** The key to be certified again; a new one unless told. */
  keyPem?: string;
  /** Told the name of the request, by which a human can approve it. */
  onRequested?(name: string): void;
}

/** Asks the cluster to sign a request for a new key, and waits until it has. */
export async function requestCertificate(
  client: Client,
  { signerName, subject, keyPem, onRequested }: CertificateOrder,
  signal: AbortSignal,
): Promise<CertificateAndKey> {
  const key = keyPem ?? (await createPrivateKeyPem());
  const request = await createSigningRequest({ ...subject, keyPem: key });
  const use = signerName === nodeServingSigner ? 'server auth' : 'client auth';
  const created = await client.create(certificateSigningRequests, {
    metadata: { name: `node-csr-${randomBytes(12).toString('hex')}` },
    spec: {
      signerName,
      request: Buffer.from(request).toString('base64'),
      usages: ['digital signature', 'key encipherment', use],
    },
  });
  onRequested?.(created.metadata.name);
  return { certificate: await issuedCertificate(client, created, signal), key };
}

async function issuedCertificate(
  client: Client,
  created: CertificateSigningRequest,
  signal: AbortSignal,
): Promise<string> {
  const { name, resourceVersion = '0' } = created.metadata;
  const select = { fieldSelector: `metadata.name=${name}`, resourceVersion };
  for await (const { object } of client.watch(certificateSigningRequests, select, signal)) {
    const { certificate, conditions = [] } = object.status ?? {};
    if (certificate) return Buffer.from(certificate, 'base64').toString();
    const refused = conditions.find(({ type }) => type === 'Denied' || type === 'Failed');
    if (refused) throw new CertificateRefused(refused.message ?? refused.type);
  }
  signal.throwIfAborted();
  throw new CertificateRefused('the server ended the wait for the certificate');
}
