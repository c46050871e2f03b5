// Whom a host that joins believes: the authority whose fingerprint its token has, on a master that has the token, too, and shows it
// by its signature.
import { configMaps } from '../api/kinds/config-map.ts';
import { isUnauthorized } from '../api/status.ts';
import type { Clock } from '../base/clock.ts';
import { Client } from '../client/client.ts';
import type { HttpTransport } from '../client/http-transport.ts';
import { caHash } from '../pki/certificate.ts';
import { parseKubeconfig } from '../pki/kubeconfig.ts';
import { bearerOf, type JoinToken } from '../pki/token.ts';
import { isSignedBy, signaturePrefix } from '../pki/token-signature.ts';
import { JoinError } from './join-error.ts';

export interface TrustOrder {
  server: string;
  token: JoinToken;
  connect(as: { ca?: string; identity?: { token: string } }): HttpTransport;
  clock: Clock;
  signal: AbortSignal;
}

const clusterInfo = { namespace: 'kube-public', name: 'cluster-info' };
/** A token of this moment may have to be signed with yet. Who has not joined may not watch. */
const signatureWithinMs = 3_000;
const againMs = 250;

/** The authority. It is fetched over a connection that nothing vouches for. Throws JoinError. */
export async function trustedAuthority(order: TrustOrder): Promise<string> {
  const { server, token, connect, clock, signal } = order;
  const client = new Client(connect({}));
  const sinceMs = clock.monotonicMs();
  for (;;) {
    const { data = {} } = await client.get(configMaps, clusterInfo);
    const { kubeconfig = '', [`${signaturePrefix}${token.id}`]: signature } = data as Record<string, string>;
    const { ca } = parseKubeconfig(kubeconfig);
    if (caHash(ca) !== token.caHash) {
      throw new JoinError(
        `the server at ${server} is not of the cluster that the join token is for, or someone stands in between: check the address, or create a new token on the server`,
      );
    }
    if (signature !== undefined && (await isSignedBy(token, kubeconfig, signature))) return ca;
    // The server knows best what is wrong with a token that it does not know.
    await checkKnown(order, ca);
    if (clock.monotonicMs() - sinceMs > signatureWithinMs) {
      throw new JoinError(
        'the server shows no signature by the join token: it was made without the usage "signing". `wherry token create` makes one with both usages',
      );
    }
    await clock.sleep(againMs, signal);
  }
}

async function checkKnown({ token, connect }: TrustOrder, ca: string): Promise<void> {
  const client = new Client(connect({ ca, identity: { token: bearerOf(token) } }));
  await client.get(configMaps, clusterInfo).catch((error: unknown) => {
    throw isUnauthorized(error) ? unknownToken(error) : error;
  });
}

export function unknownToken(cause: unknown): JoinError {
  return new JoinError(
    'the server does not know the join token: it was mistyped, deleted, or has expired. `wherry token list` there shows which there are, `wherry token create` makes one',
    { cause },
  );
}

/** Where the server has shown that it knows the token. */
export function idleToken(cause: unknown): JoinError {
  return new JoinError(
    'the join token lets nobody in: it was made without the usage "authentication". `wherry token create` makes one with both usages',
    { cause },
  );
}
