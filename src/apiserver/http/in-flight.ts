// How many requests are worked on at once. One more than there may be is sent away before it costs anything; watches, which
// last, are only counted.
import { TooManyRequests } from '../../api/status.ts';
import type { RestVerb } from '../rest/request.ts';

export interface InFlightLimits {
  reading: number;
  writing: number;
}

type RequestClass = 'reading' | 'writing' | 'watching';

const reads: readonly RestVerb[] = ['get', 'list'];

export class InFlight {
  readonly #limits: Record<RequestClass, number>;
  readonly #running: Record<RequestClass, number> = { reading: 0, writing: 0, watching: 0 };

  constructor(limits: InFlightLimits) {
    this.#limits = { ...limits, watching: Infinity };
  }

  /** Lets a request in, to be let out by the answer when it is done; throws TooManyRequests. */
  enter(verb: RestVerb): () => void {
    const which: RequestClass = verb === 'watch' ? 'watching' : reads.includes(verb) ? 'reading' : 'writing';
    if (this.#running[which] >= this.#limits[which]) {
      throw new TooManyRequests('too many requests, please try again later', { retryAfterSeconds: 1 });
    }
    this.#running[which] += 1;
    return () => {
      this.#running[which] -= 1;
    };
  }

  get running(): Readonly<Record<RequestClass, number>> {
    return this.#running;
  }
}
