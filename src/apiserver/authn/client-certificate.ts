// Who shows a certificate: the common name is the user, the organizations are his groups.
import type { TLSSocket } from 'node:tls';
import { plainFingerprint, type ShownCredential } from '../../pki/node-credentials.ts';
import { authenticatedGroup, type User } from '../user.ts';

const credentialIdKey = 'authentication.kubernetes.io/credential-id';
const certificatePrefix = 'X509SHA256=';

export interface ShownCertificate {
  /** Undefined where the certificate is not of our authority. */
  user: User | undefined;
  /** A connection may outlast the certificate. */
  expiresMs: number;
  credential: ShownCredential;
}

/** Undefined where none was shown, or one that names nobody. */
export function shownCertificate(socket: TLSSocket): ShownCertificate | undefined {
  const { subject, fingerprint256, valid_from, valid_to } = socket.getPeerCertificate();
  if (!fingerprint256) return undefined;
  const expiresMs = Date.parse(valid_to);
  const credential = { fingerprint: plainFingerprint(fingerprint256), validFromMs: Date.parse(valid_from) };
  if (!socket.authorized) return { user: undefined, expiresMs, credential };
  if (!subject?.CN) return undefined;
  const organizations = subject.O === undefined ? [] : [subject.O].flat();
  const user: User = {
    name: String(subject.CN),
    groups: [...new Set([...organizations.map(String), authenticatedGroup])],
    extra: { [credentialIdKey]: [`${certificatePrefix}${credential.fingerprint}`] },
  };
  return { user, expiresMs, credential };
}

/** Of the certificate by which the user came, if it was one. */
export function certificateOf({ extra }: User): string | undefined {
  const [id = ''] = extra?.[credentialIdKey] ?? [];
  return id.startsWith(certificatePrefix) ? id.slice(certificatePrefix.length) : undefined;
}
