// The cluster's own certificate authority.
import { randomBytes, type webcrypto } from 'node:crypto';
import {
  alternativeNames,
  type CertificateAndKey,
  type CertificateSubject,
  createPrivateKeyPem,
  distinguishedName,
  parseSigningRequest,
  webCryptoKeys,
} from './certificate.ts';
import { loadX509, signatureAlgorithm } from './x509.ts';

const daySeconds = 24 * 3600;
/** Certificates begin in the past, for hosts whose clock is a little behind. */
export const clockSlackMs = 5 * 60_000;

export type Usage = 'client' | 'server';

export interface Authority {
  certificatePem: string;
  /** Signs what the request names; whether it may be named is the caller's business. */
  signRequest(requestPem: string, options: { usages: readonly Usage[]; validSeconds: number }): Promise<string>;
  /** Makes a key and a certificate for it. */
  issue(
    subject: CertificateSubject,
    options: { usages: readonly Usage[]; validSeconds?: number },
  ): Promise<CertificateAndKey>;
}

export async function createAuthority(commonName: string): Promise<CertificateAndKey> {
  const x509 = await loadX509();
  const key = await createPrivateKeyPem();
  const keys = await webCryptoKeys(key);
  const now = Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: await distinguishedName({ commonName }),
    notBefore: new Date(now - clockSlackMs),
    notAfter: new Date(now + 3650 * daySeconds * 1000),
    keys,
    signingAlgorithm: signatureAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
        true,
      ),
      // An authority of the same name with another key is told apart before any signature is looked at.
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key };
}

export function openAuthority({ certificate: certificatePem, key: keyPem }: CertificateAndKey): Authority {
  const sign = async (
    subject: CertificateSubject,
    publicKey: webcrypto.CryptoKey,
    { usages, validSeconds = 365 * daySeconds }: { usages: readonly Usage[]; validSeconds?: number },
  ): Promise<string> => {
    const x509 = await loadX509();
    const keys = await webCryptoKeys(keyPem);
    const now = Date.now();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: await distinguishedName(subject),
      issuer: new x509.X509Certificate(certificatePem).subjectName,
      notBefore: new Date(now - clockSlackMs),
      notAfter: new Date(now + validSeconds * 1000),
      publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: signatureAlgorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
        new x509.ExtendedKeyUsageExtension(
          usages.map((usage) =>
            usage === 'client' ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth,
          ),
        ),
        await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ...(await alternativeNames(subject)),
      ],
    });
    return `${certificate.toString('pem')}\n`;
  };
  return {
    certificatePem,
    signRequest: async (requestPem, options) => {
      const x509 = await loadX509();
      const subject = await parseSigningRequest(requestPem);
      const publicKey = await new x509.Pkcs10CertificateRequest(requestPem).publicKey.export();
      return sign(subject, publicKey, options);
    },
    issue: async (subject, options) => {
      const key = await createPrivateKeyPem();
      const { publicKey } = await webCryptoKeys(key);
      return { certificate: await sign(subject, publicKey, options), key };
    },
  };
}

/** Positive and unpredictable, as serial numbers have to be. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
