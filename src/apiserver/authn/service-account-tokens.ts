// Tokens of service accounts. A signature is verified once for each token; whether the account and what the token is bound
// to still exist is looked up at every request.

import type { Kind } from '../../api/kinds/kind.ts';
import { nodes } from '../../api/kinds/node.ts';
import { pods } from '../../api/kinds/pod.ts';
import { type Secret, secrets } from '../../api/kinds/secret.ts';
import { serviceAccounts } from '../../api/kinds/service-account.ts';
import type { KubeObject } from '../../api/meta.ts';
import {
  type BoundClaims,
  type Claims,
  claimsIn,
  isOfSecret,
  type ObjectRef,
  type SecretClaims,
} from '../../api/service-account-claims.ts';
import { serviceAccountGroups, serviceAccountUserName } from '../../api/service-account-user.ts';
import type { Clock } from '../../base/clock.ts';
import type { TokenKey } from '../../pki/token-key.ts';
import type { ObjectCache } from '../object-cache.ts';
import { authenticatedGroup, type User } from '../user.ts';

/** Tokens whose signature is remembered; each is about a thousand characters. */
const rememberedAtMost = 4096;
/** A token counts this much longer than it says, and than what it is bound to, for clocks differ and endings take time. */
const leewayMs = 60_000;

/** Why a token that is ours is not valid. */
export class TokenFault extends Error {}

interface Verified {
  claims: Claims;
  user: User;
}

export interface TokenOptions {
  key: TokenKey;
  issuer: string;
  cache: ObjectCache;
  clock: Clock;
}

export class ServiceAccountTokens {
  readonly #options: TokenOptions;
  readonly #verified = new Map<string, Verified>();

  constructor(options: TokenOptions) {
    this.#options = options;
  }

  /** Who signs the tokens, and for whom they are unless told. */
  get issuer(): string {
    return this.#options.issuer;
  }

  /** Of whom the token is, at once where it has been seen; undefined for a token of somebody else. Throws TokenFault. */
  userOf(token: string): User | undefined | Promise<User | undefined> {
    const known = this.#verified.get(token);
    if (known) return this.#check(token, known, [this.#options.issuer]).user;
    return this.review(token, [this.#options.issuer]).then((verdict) => verdict?.user);
  }

  /** The user and for which of the audiences the token is. Throws TokenFault. */
  async review(token: string, audiences: readonly string[]): Promise<{ user: User; audiences: string[] } | undefined> {
    const known = this.#verified.get(token) ?? (await this.#verify(token));
    return known && this.#check(token, known, audiences);
  }

  async #verify(token: string): Promise<Verified | undefined> {
    const { key, issuer } = this.#options;
    const claims = claimsIn(await key.verify(token), issuer);
    if (!claims) return undefined;
    const verified = { claims, user: userIn(claims) };
    if (this.#verified.size >= rememberedAtMost) {
      const [oldest = ''] = this.#verified.keys();
      this.#verified.delete(oldest);
    }
    this.#verified.set(token, verified);
    return verified;
  }

  #check(token: string, { claims, user }: Verified, wanted: readonly string[]): { user: User; audiences: string[] } {
    const tokenAudiences = isOfSecret(claims) ? [this.#options.issuer] : claims.aud;
    const audiences = wanted.filter((audience) => tokenAudiences.includes(audience));
    if (audiences.length === 0) {
      const [has, shall] = [tokenAudiences, wanted].map(
        (list) => `[${list.map((one) => JSON.stringify(one)).join(' ')}]`,
      );
      throw new TokenFault(`token audiences ${has} is invalid for the target audiences ${shall}`);
    }
    if (isOfSecret(claims)) this.#checkSecret(token, claims);
    else this.#checkBound(claims);
    return { user, audiences };
  }

  #checkBound(claims: BoundClaims): void {
    const nowMs = this.#options.clock.now();
    if (nowMs > claims.exp * 1000 + leewayMs) throw new TokenFault('service account token has expired');
    if (nowMs < claims.nbf * 1000 - leewayMs) throw new TokenFault('service account token is not valid yet');
    const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io'];
    this.#checkExists(serviceAccounts, namespace, serviceaccount);
    if (secret) this.#checkExists(secrets, namespace, secret);
    if (pod) this.#checkExists(pods, namespace, pod);
    // The node of a pod is told, not required.
    if (node && !pod) this.#checkExists(nodes, undefined, node);
  }

  #checkSecret(token: string, claims: SecretClaims): void {
    const namespace = claims['kubernetes.io/serviceaccount/namespace'];
    const name = claims['kubernetes.io/serviceaccount/secret.name'];
    const secret = this.#options.cache.get(secrets, namespace, name)?.object as Secret | undefined;
    if (!secret || this.#isGone(secret) || Buffer.from(secret.data?.token ?? '', 'base64').toString() !== token) {
      throw new TokenFault('service account token has been invalidated');
    }
    this.#checkExists(serviceAccounts, namespace, accountOf(claims));
  }

  #checkExists(kind: Kind, namespace: string | undefined, { name, uid }: ObjectRef): void {
    const found = this.#options.cache.get(kind, namespace, name)?.object;
    if (!found) throw new TokenFault(`${kind.plural} ${JSON.stringify(name)} not found`);
    if (found.metadata.uid !== uid) {
      throw new TokenFault(`${kind.singular} UID (${found.metadata.uid}) does not match claim (${uid})`);
    }
    if (this.#isGone(found)) throw new TokenFault(`${kind.singular} ${JSON.stringify(name)} has been deleted`);
  }

  #isGone({ metadata: { deletionTimestamp } }: KubeObject): boolean {
    return deletionTimestamp !== undefined && this.#options.clock.now() > Date.parse(deletionTimestamp) + leewayMs;
  }
}

const accountOf = (claims: SecretClaims): ObjectRef => ({
  name: claims['kubernetes.io/serviceaccount/service-account.name'],
  uid: claims['kubernetes.io/serviceaccount/service-account.uid'],
});

function userIn(claims: Claims): User {
  if (isOfSecret(claims)) {
    return accountUser(claims['kubernetes.io/serviceaccount/namespace'], accountOf(claims));
  }
  const { namespace, serviceaccount, pod, node } = claims['kubernetes.io'];
  const told = {
    'credential-id': claims.jti && `JTI=${claims.jti}`,
    'node-name': node?.name,
    'node-uid': node?.uid,
    'pod-name': pod?.name,
    'pod-uid': pod?.uid,
  };
  const extra = Object.entries(told).flatMap(([key, value]) =>
    value ? [[`authentication.kubernetes.io/${key}`, [value]] as const] : [],
  );
  return { ...accountUser(namespace, serviceaccount), extra: Object.fromEntries(extra) };
}

function accountUser(namespace: string, { name, uid }: ObjectRef): User {
  return {
    name: serviceAccountUserName(namespace, name),
    uid,
    groups: [...serviceAccountGroups(namespace), authenticatedGroup],
  };
}
