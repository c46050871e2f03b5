// Who asks the agent, and whether he may. Both are the master's to say: it is asked whose a token is (TokenReview) and what
// somebody may do on this node (SubjectAccessReview), and its answers hold for a while. A certificate of the cluster's
// authority speaks for itself, and so do the masters: the master's own requests never wait for an answer of its own.
import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { type TokenReview, tokenReviews } from '../../api/kinds/authentication-reviews.ts';
import { subjectAccessReviews } from '../../api/kinds/authorization-reviews.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { ShortMemory } from '../../base/short-memory.ts';
import type { Client } from '../../client/client.ts';
import { subresourcesOfPath, verbOfMethod } from './permissions.ts';
import { Refusal } from './route.ts';

export interface Caller {
  name: string;
  uid?: string;
  groups: readonly string[];
  extra?: Record<string, string[]>;
}

export interface CallersOptions {
  client: Pick<Client, 'create'>;
  nodeName: string;
  clock: Clock;
  log: Log;
}

const mastersGroup = 'system:masters';
const authenticatedGroup = 'system:authenticated';
const yesHoldsMs = 120_000;
const noHoldsMs = 30_000;
const mostEntries = 1000;

export class Callers {
  readonly #options: CallersOptions;
  readonly #tokens: ShortMemory<Caller | undefined>;
  readonly #permissions: ShortMemory<boolean>;

  constructor(options: CallersOptions) {
    const { clock } = options;
    this.#options = options;
    const holdsMs = (answer: unknown) => (answer ? yesHoldsMs : noHoldsMs);
    this.#tokens = new ShortMemory<Caller | undefined>({ clock, mostEntries, holdsMs });
    this.#permissions = new ShortMemory<boolean>({ clock, mostEntries, holdsMs });
  }

  /** Throws the refusal of who cannot say who he is. */
  async identify(socket: TLSSocket, authorization: string | undefined): Promise<Caller> {
    const ofCertificate = this.#callerOfCertificate(socket);
    if (ofCertificate) return ofCertificate;
    const [, token] = /^Bearer +([^ ]+) *$/i.exec(authorization ?? '') ?? [];
    const caller = token && (await this.#callerOfToken(token));
    if (!caller) throw new Refusal(401, 'Unauthorized');
    return caller;
  }

  /** Throws the refusal of who may not. */
  async authorize(caller: Caller, method: string, pathname: string): Promise<void> {
    if (caller.groups.includes(mastersGroup)) return;
    const verb = verbOfMethod(method);
    const subresources = subresourcesOfPath(pathname);
    for (const subresource of subresources) if (await this.#isAllowed(caller, verb, subresource, pathname)) return;
    const asked = `user=${caller.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}]`;
    throw new Refusal(403, `Forbidden (${asked})\n`);
  }

  #callerOfCertificate(socket: TLSSocket): Caller | undefined {
    if (!socket.authorized) return undefined;
    const { subject, valid_to } = socket.getPeerCertificate();
    // A connection may outlast its certificate.
    if (!subject?.CN || Date.parse(valid_to) <= this.#options.clock.now()) return undefined;
    const organizations = subject.O === undefined ? [] : [subject.O].flat();
    return { name: String(subject.CN), groups: [...organizations.map(String), authenticatedGroup] };
  }

  async #callerOfToken(token: string): Promise<Caller | undefined> {
    const key = createHash('sha256').update(token).digest('base64');
    try {
      return await this.#tokens.get(key, () => this.#reviewToken(token));
    } catch (error) {
      this.#options.log.warn('cannot ask the master whose a token is', { error });
      return undefined;
    }
  }

  async #reviewToken(token: string): Promise<Caller | undefined> {
    const review = await this.#options.client.create<TokenReview>(tokenReviews, { metadata: {}, spec: { token } });
    const { authenticated, user } = review.status;
    if (!authenticated || !user?.username) return undefined;
    const { username: name, groups = [], uid, extra } = user;
    return { name, groups, ...(uid && { uid }), ...(extra && { extra }) };
  }

  async #isAllowed(caller: Caller, verb: string, subresource: string, pathname: string): Promise<boolean> {
    const { name: user, groups, uid, extra } = caller;
    const key = JSON.stringify([user, uid, groups, extra, verb, subresource]);
    try {
      return await this.#permissions.get(key, async () => {
        const { nodeName: name, client } = this.#options;
        const resourceAttributes = { verb, version: 'v1', resource: 'nodes', subresource, name };
        const who = { user, groups: [...groups], ...(uid && { uid }), ...(extra && { extra }) };
        const review = await client.create(subjectAccessReviews, {
          metadata: {},
          spec: { ...who, resourceAttributes },
        });
        return review.status.allowed === true;
      });
    } catch (error) {
      this.#options.log.warn('cannot ask the master for a permission', { user, path: pathname, error });
      const asked = `user=${user}, verb=${verb}, resource=nodes, subresource=${subresource}`;
      throw new Refusal(500, `Authorization error (${asked})`);
    }
  }
}
