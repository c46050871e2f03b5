// Which certificates act as a node: those of the key that its Node object names. The Node is made with it, and who joins has a new
// one; so a Node that is deleted takes its credential with it, and nobody else comes by its name. A renewal keeps the key: whatever
// was given out since a backup is good after its restore, too.
import { createHash, type X509Certificate } from 'node:crypto';
import { clockSlackMs } from './authority.ts';

/** The SHA-256 of public keys, the newest first. A Node of an earlier version, which noted certificates elsewhere, notes none yet. */
export const credentialsAnnotation = 'wherry.io/node-keys';

/** A host that has just got its certificate makes its Node within this time. */
const firstWithinMs = 120_000;
/** Of somebody who renews with another key. More than the two in use: a server that is killed as it signs gives out one that nobody gets. */
const mostKept = 4;

export interface ShownCredential {
  keyFingerprint: string;
  /** From when on it is valid, as it says. */
  validFromMs: number;
}

interface Annotated {
  metadata: { annotations?: Record<string, string> };
}

/** Whether who shows the certificate is the node of its name. A Node of which nothing is noted was made by somebody else. */
export function isCredentialOf(node: Annotated | undefined, shown: ShownCredential, nowMs: number): boolean {
  if (!node) return nowMs - (shown.validFromMs + clockSlackMs) < firstWithinMs;
  const noted = credentialsOf(node);
  return noted.length === 0 || noted.includes(shown.keyFingerprint);
}

/** What a Node notes when a certificate is given out: its key, and the one before, with which it was asked for. */
export function withCredential(node: Annotated, keyFingerprint: string): string {
  const others = credentialsOf(node).filter((each) => each !== keyFingerprint);
  return [keyFingerprint, ...others].slice(0, mostKept).join(' ');
}

export function keyFingerprintOf({ publicKey }: X509Certificate): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

function credentialsOf({ metadata }: Annotated): string[] {
  return (metadata.annotations?.[credentialsAnnotation] ?? '').split(' ').filter((each) => each !== '');
}
