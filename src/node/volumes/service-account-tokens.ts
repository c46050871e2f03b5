// Tokens by which a pod is known to the API: asked for, for this very pod, kept as long as they are young, and asked for anew
// before they end. How old one is goes by the time since it was asked for, and never by the times that stand in it: those are
// the server's, whose clock this host need not share. Holds: whoever sets the clock makes none be asked for more than once more.
import type { Pod } from '../../api/kinds/pod.ts';
import { serviceAccounts } from '../../api/kinds/service-account.ts';
import { isRefusal } from '../../api/status.ts';
import { Backoff } from '../../base/backoff.ts';
import { type Clock, type Moment, momentOf } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { type Keepsakes, noKeepsakes } from './object-source.ts';
import { VolumeProblem } from './volume-problem.ts';

export interface TokenOrder {
  audiences: string[];
  expirationSeconds: number;
}

export interface CurrentToken {
  token: string;
  /** When to come again, by the clock's even time. */
  renewAtMs: number;
}

export interface TokenSource {
  /** The one that is good, or where no such can be had the one of `shown`, which an agent before this one left. */
  current(pod: Pod, order: TokenOrder, shown: () => Promise<string | undefined>): Promise<CurrentToken>;
}

interface Issued {
  token: string;
  askedAt: Moment;
  /** How long after that another is to be asked for. */
  youngMs: number;
  /** Where another was asked for in vain. */
  retryAtMs: number;
}

export interface ServiceAccountTokensOptions {
  client: Client;
  clock: Clock;
  keepsakes?: Keepsakes | undefined;
  /** A token of the pod is to be made anew. */
  onChange(podUid: string): void;
}

/** A token is made anew when this part of its life is over, or after a day. */
const renewalPart = 0.8;
const longestYoungMs = 24 * 3_600_000;
/** Not all tokens that were made together are renewed together. */
const renewalSpreadMs = 10_000;
const retry = { firstMs: 10_000, ceilingMs: 60_000 };
/** How soon a clock that was set ahead is noticed, as it is on a host that slept: its even time stood still meanwhile. */
const lookEveryMs = 10_000;

export class ServiceAccountTokens implements TokenSource {
  readonly #options: ServiceAccountTokensOptions;
  readonly #keepsakes: Keepsakes;
  readonly #issued = new Map<string, Map<string, Issued>>();
  readonly #backoff = new Backoff(retry);

  constructor(options: ServiceAccountTokensOptions) {
    this.#options = options;
    this.#keepsakes = options.keepsakes ?? noKeepsakes;
  }

  async current(pod: Pod, order: TokenOrder, shown: () => Promise<string | undefined>): Promise<CurrentToken> {
    const { uid = '' } = pod.metadata;
    const { clock } = this.#options;
    const name = JSON.stringify(order);
    const known = this.#issued.get(uid)?.get(name);
    if (known && !this.#isDue(known)) return { token: known.token, renewAtMs: this.#renewalOf(known) };
    const askedAt = momentOf(clock);
    try {
      const token = await this.#ask(pod, order);
      this.#backoff.forget(uid);
      this.#keepsakes.keep(uid, name, token);
      const issued = { token, askedAt, youngMs: youngMsOf(token) ?? retry.firstMs, retryAtMs: 0 };
      this.#issued.set(uid, (this.#issued.get(uid) ?? new Map<string, Issued>()).set(name, issued));
      return { token, renewAtMs: this.#renewalOf(issued) };
    } catch (error) {
      const kept = isRefusal(error) ? undefined : await this.#keepsakes.find(uid, name);
      const token = known?.token ?? (await shown()) ?? kept;
      if (token === undefined)
        throw new VolumeProblem(`failed to fetch token: ${error instanceof Error ? error.message : error}`);
      const retryAtMs = clock.monotonicMs() + this.#backoff.nextMs(uid);
      if (known) known.retryAtMs = retryAtMs;
      return { token, renewAtMs: retryAtMs };
    }
  }

  /** Looks now and then whether the clock on the wall says that one is older than it seemed. */
  async watchClock(signal: AbortSignal): Promise<void> {
    const { clock, onChange } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(lookEveryMs, signal).catch(() => {});
      if (signal.aborted) return;
      for (const [podUid, tokens] of this.#issued)
        if (tokens.values().some((issued) => this.#isDue(issued))) onChange(podUid);
    }
  }

  release(podUid: string): void {
    this.#issued.delete(podUid);
    this.#backoff.forget(podUid);
    this.#keepsakes.drop(podUid);
  }

  async #ask(pod: Pod, order: TokenOrder): Promise<string> {
    const { name, uid = '', namespace } = pod.metadata;
    const account = { namespace, name: pod.spec.serviceAccountName || 'default' };
    const spec = { ...order, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } };
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
    type Answer = { status: { token: string } };
    const { client } = this.#options;
    return (await client.createThrough<Answer>(serviceAccounts, account, 'token', body)).status.token;
  }

  /** A clock that was set back makes none younger, one that was set ahead may make it older. */
  #isDue({ askedAt, youngMs, retryAtMs }: Issued): boolean {
    const now = momentOf(this.#options.clock);
    if (now.monotonicMs < retryAtMs) return false;
    return Math.max(now.monotonicMs - askedAt.monotonicMs, now.wallMs - askedAt.wallMs) >= youngMs;
  }

  /** Never before it is due: who comes too early is given the same. */
  #renewalOf({ askedAt, youngMs, retryAtMs }: Issued): number {
    return Math.max(retryAtMs, askedAt.monotonicMs + youngMs);
  }
}

/** How long a token is young, of which some are so a little shorter than others; undefined where the text is none. */
export function youngMsOf(token: string): number | undefined {
  try {
    const text = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
    const { iat = 0, exp = 0 } = JSON.parse(text) as { iat?: number; exp?: number };
    const youngMs = Math.min(longestYoungMs, renewalPart * (exp - iat) * 1000);
    return Math.max(youngMs / 2, youngMs - Math.random() * renewalSpreadMs);
  } catch {
    return undefined;
  }
}
