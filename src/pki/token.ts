// Tokens by which a host joins: a bootstrap token as Kubernetes has it, and the pin of the authority it is for.
import { randomInt } from 'node:crypto';

export interface JoinToken {
  id: string;
  secret: string;
  /** SHA-256 of the authority's public key. */
  caHash: string;
}

const form = /^([a-z0-9]{6})\.([a-z0-9]{16})\.([0-9a-f]{64})$/;

export function createTokenParts(): { id: string; secret: string } {
  return { id: randomText(6), secret: randomText(16) };
}

export function formatJoinToken({ id, secret, caHash }: JoinToken): string {
  return `${id}.${secret}.${caHash}`;
}

export function parseJoinToken(text: string): JoinToken {
  const match = form.exec(text.trim());
  if (!match) {
    throw new Error(
      'the join token is malformed: expected ID.SECRET.HASH as `wherry token create` on the server prints it',
    );
  }
  const [, id = '', secret = '', caHash = ''] = match;
  return { id, secret, caHash };
}

/** What a client sends as its bearer token. */
export function bearerOf({ id, secret }: Pick<JoinToken, 'id' | 'secret'>): string {
  return `${id}.${secret}`;
}

/** The Secret in kube-system that makes a bootstrap token valid. */
export function tokenSecretName(id: string): string {
  return `bootstrap-token-${id}`;
}

export const tokenSecretType = 'bootstrap.kubernetes.io/token';

function randomText(length: number): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
