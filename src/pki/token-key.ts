// The key with which the tokens of service accounts are signed, and by which anybody may verify them.
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

export class TokenKey {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  /** Names the key in the head of a token. */
  readonly #id: string;

  constructor(pem: string) {
    this.#privateKey = createPrivateKey(pem);
    this.#publicKey = createPublicKey(this.#privateKey);
    const spki = this.#publicKey.export({ type: 'spki', format: 'der' });
    this.#id = createHash('sha256').update(spki).digest('base64url');
  }

  async sign(claims: object): Promise<string> {
    const { CompactSign } = await loadJose();
    return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
      .setProtectedHeader({ alg: algorithm, kid: this.#id })
      .sign(this.#privateKey);
  }

  /** The claims of a token that this key has signed; undefined for any other text. */
  async verify(token: string): Promise<unknown> {
    const { compactVerify } = await loadJose();
    try {
      const { payload } = await compactVerify(token, this.#publicKey, { algorithms: [algorithm] });
      return JSON.parse(new TextDecoder().decode(payload));
    } catch {
      return undefined;
    }
  }

  /** What the tokens of this key are verified with, as OpenID tells it. */
  keySet(): { keys: object[] } {
    const key = this.#publicKey.export({ format: 'jwk' });
    return { keys: [{ use: 'sig', ...key, kid: this.#id, alg: algorithm }] };
  }
}

export const algorithm = 'ES256';

/** Loaded when the first token is made or met. */
const loadJose = () => import('jose');
