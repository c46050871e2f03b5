// Keys, certificate requests, and what stands in them.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type webcrypto,
  X509Certificate,
} from 'node:crypto';
import { promisify } from 'node:util';
import { keyAlgorithm, loadX509, signatureAlgorithm } from './x509.ts';

/** Whom a certificate names: in Kubernetes the common name is the user and the organizations are the groups. */
export interface CertificateSubject {
  commonName: string;
  organizations?: readonly string[];
  dnsNames?: readonly string[];
  ipAddresses?: readonly string[];
}

export interface CertificateAndKey {
  certificate: string;
  key: string;
}

/** Both in one text, so that a file of them is whole or absent. */
export function pemOf({ certificate, key }: CertificateAndKey): string {
  return `${certificate}${key}`;
}

/** Undefined where the text does not have both. */
export function pairIn(pem: string | undefined): CertificateAndKey | undefined {
  const [certificate, key] = (pem ?? '').match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n?/g) ?? [];
  return certificate && key ? { certificate, key } : undefined;
}

/** A new private key, as PEM. */
export async function createPrivateKeyPem(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export async function webCryptoKeys(keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const privateKey = createPrivateKey(keyPem);
  const spki = createPublicKey(keyPem).export({ type: 'spki', format: 'der' });
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  return {
    privateKey: await crypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), keyAlgorithm, true, ['sign']),
    publicKey: await crypto.subtle.importKey('spki', new Uint8Array(spki), keyAlgorithm, true, ['verify']),
  };
}

/** A certificate signing request, as PEM; the key stays here. */
export async function createSigningRequest(subject: CertificateSubject & { keyPem: string }): Promise<string> {
  const x509 = await loadX509();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: await distinguishedName(subject),
    keys: await webCryptoKeys(subject.keyPem),
    signingAlgorithm: signatureAlgorithm,
    extensions: await alternativeNames(subject),
  });
  return `${request.toString('pem')}\n`;
}

/** Whom a request names, after its signature was found to be made with the key it holds; throws where it was not. */
export async function parseSigningRequest(pem: string): Promise<Required<CertificateSubject>> {
  const x509 = await loadX509();
  const request = new x509.Pkcs10CertificateRequest(pem);
  if (!(await request.verify())) throw new Error('the request is not signed with its own key');
  const alternative = request.extensions.find((extension) => extension instanceof x509.SubjectAlternativeNameExtension);
  const names = alternative?.names.toJSON() ?? [];
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: names.filter(({ type }) => type === 'dns').map(({ value }) => value),
    ipAddresses: names.filter(({ type }) => type === 'ip').map(({ value }) => value),
  };
}

export async function distinguishedName({ commonName, organizations = [] }: CertificateSubject) {
  const x509 = await loadX509();
  return new x509.Name([...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }]);
}

export async function alternativeNames({ dnsNames = [], ipAddresses = [] }: CertificateSubject) {
  const x509 = await loadX509();
  const names = [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  return names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)];
}

/** The pin of an authority in a join token: SHA-256 of its public key, so that a renewed certificate keeps it. */
export function caHash(certificatePem: string): string {
  const publicKey = new X509Certificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(publicKey).digest('hex');
}
