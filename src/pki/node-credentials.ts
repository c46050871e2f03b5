// Which certificates act as a node: those that its Node object names. The Node is made with the first one and is told of each that
// renews it; so a Node that is deleted takes its credential with it, and nobody else comes by its name.
import { X509Certificate } from 'node:crypto';
import { clockSlackMs } from './authority.ts';

/** The SHA-256 of certificates, the newest first. */
export const credentialsAnnotation = 'wherry.io/credentials';

/** A host that has just got its certificate makes its Node within this time. */
const firstWithinMs = 120_000;
/** More than the two in use: a server that is killed as it signs gives out one that nobody gets. */
const mostKept = 4;

export interface ShownCredential {
  fingerprint: string;
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
  return noted.length === 0 || noted.includes(shown.fingerprint);
}

/** What a Node notes when one more is given out: that one, and the one before, with which it was asked for. */
export function withCredential(node: Annotated, fingerprint: string): string {
  return [fingerprint, ...credentialsOf(node).filter((each) => each !== fingerprint)].slice(0, mostKept).join(' ');
}

export function fingerprintOf(certificatePem: string): string {
  return plainFingerprint(new X509Certificate(certificatePem).fingerprint256);
}

export function plainFingerprint(withColons: string): string {
  return withColons.replaceAll(':', '').toLowerCase();
}

function credentialsOf({ metadata }: Annotated): string[] {
  return (metadata.annotations?.[credentialsAnnotation] ?? '').split(' ').filter((each) => each !== '');
}
