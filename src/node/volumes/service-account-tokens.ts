// Tokens by which a pod is known to the API: asked for, for this very pod, and found again in the volume that holds them as
// long as they are young.
import type { Pod } from '../../api/kinds/pod.ts';
import { serviceAccounts } from '../../api/kinds/service-account.ts';
import { isRefusal } from '../../api/status.ts';
import type { Client } from '../../client/client.ts';
import { type Keepsakes, noKeepsakes } from './object-source.ts';
import { VolumeProblem } from './volume-problem.ts';

export interface TokenOrder {
  audiences: string[];
  expirationSeconds: number;
}

export interface TokenSource {
  /** One that may be old where no other can be had. */
  token(pod: Pod, order: TokenOrder): Promise<string>;
}

/** A token is made anew when this part of its life is over, or after a day. */
const renewalPart = 0.8;
const renewalMostSeconds = 24 * 3600;

export class ServiceAccountTokens implements TokenSource {
  readonly #client: Client;
  readonly #keepsakes: Keepsakes;

  constructor(options: { client: Client; keepsakes?: Keepsakes | undefined }) {
    this.#client = options.client;
    this.#keepsakes = options.keepsakes ?? noKeepsakes;
  }

  async token(pod: Pod, order: TokenOrder): Promise<string> {
    const { name, uid = '', namespace } = pod.metadata;
    const account = { namespace, name: pod.spec.serviceAccountName || 'default' };
    const spec = { ...order, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } };
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
    const kept = JSON.stringify(order);
    try {
      type Answer = { status: { token: string } };
      const { status } = await this.#client.createThrough<Answer>(serviceAccounts, account, 'token', body);
      this.#keepsakes.keep(uid, kept, status.token);
      return status.token;
    } catch (error) {
      const found = isRefusal(error) ? undefined : await this.#keepsakes.find(uid, kept);
      if (found !== undefined) return found;
      throw new VolumeProblem(`failed to fetch token: ${error instanceof Error ? error.message : error}`);
    }
  }

  release(podUid: string): void {
    this.#keepsakes.drop(podUid);
  }
}

/** When a token is to be made anew; undefined where the text is none. */
export function renewalAtMs(token: string | undefined): number | undefined {
  const payload = token?.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const text = Buffer.from(payload, 'base64url').toString();
    const { iat = 0, exp = 0 } = JSON.parse(text) as { iat?: number; exp?: number };
    return (iat + Math.min(renewalMostSeconds, renewalPart * (exp - iat))) * 1000;
  } catch {
    return undefined;
  }
}
