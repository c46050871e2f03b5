// Who sends a request: the client certificate or the bearer token tells.

import { timingSafeEqual } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { Secret } from '../../api/kinds/secret.ts';
import { secrets } from '../../api/kinds/secret.ts';
import { Unauthorized } from '../../api/status.ts';
import type { Clock } from '../../base/clock.ts';
import { tokenSecretName, tokenSecretType } from '../../pki/token.ts';
import type { ObjectCache } from '../object-cache.ts';
import { anonymous, bootstrappersGroup, type User } from '../user.ts';

const authenticated = 'system:authenticated';

export class Authenticator {
  readonly #cache: ObjectCache;
  readonly #clock: Clock;
  /** A connection's certificate never changes: it is read once. */
  readonly #bySocket = new WeakMap<TLSSocket, User | null>();

  constructor(cache: ObjectCache, clock: Clock) {
    this.#cache = cache;
    this.#clock = clock;
  }

  /** Throws Unauthorized for credentials that are not valid; who sends none is anonymous. */
  authenticate(socket: TLSSocket, authorization: string | undefined): User {
    const certified = this.#certified(socket);
    if (certified) return certified;
    if (authorization === undefined) return anonymous;
    const token = /^Bearer (.+)$/i.exec(authorization)?.[1];
    const user = token === undefined ? undefined : this.#bootstrapUser(token);
    if (!user) throw new Unauthorized();
    return user;
  }

  #certified(socket: TLSSocket): User | null {
    let user = this.#bySocket.get(socket);
    if (user === undefined) {
      user = socket.authorized ? userOf(socket) : null;
      this.#bySocket.set(socket, user);
    }
    return user;
  }

  #bootstrapUser(token: string): User | undefined {
    const [, id = '', secret = ''] = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token) ?? [];
    const cached = this.#cache.get(secrets, 'kube-system', tokenSecretName(id));
    const { type, data = {} } = (cached?.object ?? {}) as Partial<Secret>;
    if (type !== tokenSecretType) return undefined;
    const read = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
    const expiration = read('expiration');
    if (expiration && !(Date.parse(expiration) > this.#clock.now())) return undefined;
    if (read('usage-bootstrap-authentication') !== 'true' || !sameText(read('token-secret'), secret)) return undefined;
    return { name: `system:bootstrap:${id}`, groups: [bootstrappersGroup, authenticated] };
  }
}

function userOf(socket: TLSSocket): User | null {
  const { subject } = socket.getPeerCertificate();
  if (!subject?.CN) return null;
  const organizations = subject.O === undefined ? [] : [subject.O].flat();
  return { name: String(subject.CN), groups: [...organizations.map(String), authenticated] };
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
