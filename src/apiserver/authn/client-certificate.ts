// Who shows a certificate: the common name is the user, the organizations are his groups.
import type { TLSSocket } from 'node:tls';
import { keyFingerprintOf, type ShownCredential } from '../../pki/node-credentials.ts';
import { authenticatedGroup, type User } from '../user.ts';

const credentialIdKey = 'authentication.kubernetes.io/credential-id';

export interface CertifiedUser {
  user: User;
  /** A connection may outlast the certificate. */
  expiresMs: number;
  credential: ShownCredential;
}

/** Of no user where the certificate is not of our authority. */
export type ShownCertificate = CertifiedUser | { user: undefined };

/** Undefined where none was shown, or one that names nobody. */
export function shownCertificate(socket: TLSSocket): ShownCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return undefined;
  if (!socket.authorized) return { user: undefined };
  const { subject, fingerprint256, valid_from, valid_to } = socket.getPeerCertificate();
  if (!subject?.CN) return undefined;
  const credential = { keyFingerprint: keyFingerprintOf(certificate), validFromMs: Date.parse(valid_from) };
  const organizations = subject.O === undefined ? [] : [subject.O].flat();
  const user: User = {
    name: String(subject.CN),
    groups: [...new Set([...organizations.map(String), authenticatedGroup])],
    extra: { [credentialIdKey]: [`X509SHA256=${fingerprint256.replaceAll(':', '').toLowerCase()}`] },
    keyFingerprint: credential.keyFingerprint,
  };
  return { user, expiresMs: Date.parse(valid_to), credential };
}
