// Who sends a request: the client certificate or the bearer token tells.
import type { TLSSocket } from 'node:tls';
import { type Node, nodes } from '../../api/kinds/node.ts';
import { Unauthorized } from '../../api/status.ts';
import type { Clock } from '../../base/clock.ts';
import { isCredentialOf } from '../../pki/node-credentials.ts';
import type { ObjectCache } from '../object-cache.ts';
import { anonymous, nodeNameOf, type User } from '../user.ts';
import { bootstrapUser } from './bootstrap-tokens.ts';
import { type CertifiedUser, type ShownCertificate, shownCertificate } from './client-certificate.ts';
import { type ServiceAccountTokens, TokenFault } from './service-account-tokens.ts';

export interface TokenVerdict {
  user?: User;
  audiences?: readonly string[];
  /** Why the token is nobody's. */
  error?: string;
}

export class Authenticator {
  readonly #cache: ObjectCache;
  readonly #clock: Clock;
  readonly #accountTokens: ServiceAccountTokens;
  /** A connection's certificate never changes: it is read once. */
  readonly #certificates = new WeakMap<TLSSocket, { shown: ShownCertificate | undefined }>();

  constructor({
    cache,
    clock,
    accountTokens,
  }: { cache: ObjectCache; clock: Clock; accountTokens: ServiceAccountTokens }) {
    this.#cache = cache;
    this.#clock = clock;
    this.#accountTokens = accountTokens;
  }

  /** Throws Unauthorized for credentials that are not valid; who sends none is anonymous. */
  async authenticate(socket: TLSSocket, authorization: string | undefined): Promise<User> {
    const shown = this.#certificateOf(socket);
    if (shown?.user && this.#stands(shown)) return shown.user;
    const [, token] = /^Bearer +([^ ]+)/i.exec(authorization ?? '') ?? [];
    if (token !== undefined) {
      const user = await this.#tokenUser(token);
      if (user) return user;
    }
    if (token !== undefined || shown) throw new Unauthorized();
    return anonymous;
  }

  /** For those who ask whose a token is that they were shown. */
  async reviewToken(token: string, audiences: readonly string[]): Promise<TokenVerdict> {
    const apiAudience = this.#accountTokens.issuer;
    const invalid = 'invalid bearer token';
    try {
      const ofAccount = await this.#accountTokens.review(token, audiences);
      if (ofAccount) return ofAccount;
    } catch (error) {
      if (!(error instanceof TokenFault)) throw error;
      return { error: `[${invalid}, ${error.message}]` };
    }
    const user = bootstrapUser(token, this.#cache, this.#clock);
    // It says nothing of audiences: it is for the API alone.
    return user && audiences.includes(apiAudience) ? { user, audiences: [apiAudience] } : { error: invalid };
  }

  async #tokenUser(token: string): Promise<User | undefined> {
    try {
      return bootstrapUser(token, this.#cache, this.#clock) ?? (await this.#accountTokens.userOf(token));
    } catch (error) {
      if (error instanceof TokenFault) return undefined;
      throw error;
    }
  }

  #stands({ user, expiresMs, credential }: CertifiedUser): boolean {
    const nowMs = this.#clock.now();
    if (nowMs >= expiresMs) return false;
    const nodeName = nodeNameOf(user);
    if (nodeName === undefined) return true;
    const node = this.#cache.get(nodes, undefined, nodeName)?.object as Node | undefined;
    return isCredentialOf(node, credential, nowMs);
  }

  #certificateOf(socket: TLSSocket): ShownCertificate | undefined {
    let known = this.#certificates.get(socket);
    if (!known) {
      known = { shown: shownCertificate(socket) };
      this.#certificates.set(socket, known);
    }
    return known.shown;
  }
}
