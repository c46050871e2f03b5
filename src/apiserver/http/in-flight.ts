// How many requests are worked on at once. One more than there may be is sent away before it costs anything, and one user
// alone, unless a master, has no more than half of the places; what lasts is only counted. So are the signs of life of nodes: a
// server with too much to do takes nobody for lost, which would make it more.
import { nodeLeaseNamespace } from '../../api/kinds/lease.ts';
import { TooManyRequests } from '../../api/status.ts';
import type { RestVerb } from '../rest/request.ts';
import { mastersGroup, type User } from '../user.ts';

export interface InFlightLimits {
  reading: number;
  writing: number;
}

/** "watching" is whatever lasts as long as the client likes, "living" what says that a node lives. */
export type RequestClass = 'reading' | 'writing' | 'watching' | 'living';

const reads: readonly RestVerb[] = ['get', 'list'];

export interface Asked {
  verb: RestVerb;
  resource: string;
  namespace?: string | undefined;
  subresource?: string | undefined;
}

export function classOf({ verb, resource, namespace, subresource }: Asked): RequestClass {
  if (verb === 'watch' || subresource === 'log' || subresource === 'proxy') return 'watching';
  if (resource === 'leases' && namespace === nodeLeaseNamespace && verb !== 'list') return 'living';
  return reads.includes(verb) ? 'reading' : 'writing';
}

export class InFlight {
  readonly #limits: Record<RequestClass, number>;
  readonly #isHeld: () => boolean;
  readonly #running: Record<RequestClass, number> = { reading: 0, writing: 0, watching: 0, living: 0 };
  /** Of each class by user. */
  readonly #ofUsers = new Map<string, number>();

  /** Nothing is written from outside while `isHeld` answers true. */
  constructor(limits: InFlightLimits, isHeld: () => boolean = () => false) {
    this.#isHeld = isHeld;
    this.#limits = { ...limits, watching: Infinity, living: Infinity };
  }

  /** Lets a request in, to be let out once by the answer, when it is done or when nobody waits for it; throws TooManyRequests. */
  enter(which: RequestClass, { name, groups }: User): () => void {
    if ((which === 'writing' || which === 'living') && this.#isHeld())
      throw new TooManyRequests('the server is being upgraded: writes are taken again in a moment', {
        retryAfterSeconds: 1,
      });
    const most = this.#limits[which];
    const mostOfOne = groups.includes(mastersGroup) ? most : Math.ceil(most / 2);
    const key = `${which} ${name}`;
    const ofUser = this.#ofUsers.get(key) ?? 0;
    if (this.#running[which] >= most || ofUser >= mostOfOne) {
      throw new TooManyRequests('too many requests, please try again later', { retryAfterSeconds: 1 });
    }
    this.#count(which, key, 1);
    let isIn = true;
    return () => {
      if (isIn) this.#count(which, key, -1);
      isIn = false;
    };
  }

  get running(): Readonly<Record<RequestClass, number>> {
    return this.#running;
  }

  #count(which: RequestClass, key: string, change: 1 | -1): void {
    this.#running[which] += change;
    const ofUser = (this.#ofUsers.get(key) ?? 0) + change;
    if (ofUser > 0) this.#ofUsers.set(key, ofUser);
    else this.#ofUsers.delete(key);
  }
}
