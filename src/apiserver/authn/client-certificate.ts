// Who shows a certificate: the common name is the user, the organizations are his groups.
import type { TLSSocket } from 'node:tls';
import { authenticatedGroup, type User } from '../user.ts';

export interface ShownCertificate {
  /** Undefined where the certificate is not of our authority. */
  user: User | undefined;
  /** A connection may outlast the certificate. */
  expiresMs: number;
}

/** Undefined where none was shown, or one that names nobody. */
export function shownCertificate(socket: TLSSocket): ShownCertificate | undefined {
  const { subject, fingerprint256, valid_to } = socket.getPeerCertificate();
  if (!fingerprint256) return undefined;
  const expiresMs = Date.parse(valid_to);
  if (!socket.authorized) return { user: undefined, expiresMs };
  if (!subject?.CN) return undefined;
  const organizations = subject.O === undefined ? [] : [subject.O].flat();
  const credential = `X509SHA256=${fingerprint256.replaceAll(':', '').toLowerCase()}`;
  const user: User = {
    name: String(subject.CN),
    groups: [...new Set([...organizations.map(String), authenticatedGroup])],
    extra: { 'authentication.kubernetes.io/credential-id': [credential] },
  };
  return { user, expiresMs };
}
