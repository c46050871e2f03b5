// Who this node is to the cluster: a client certificate that it gets once with a join token, and a serving certificate
// for its own API that it gets as that client. Keys are made here and never leave the host.
import { randomBytes, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
  nodeClientSigner,
  nodeServingSigner,
} from '../api/kinds/certificate-signing-request.ts';
import { configMaps } from '../api/kinds/config-map.ts';
import { StatusError } from '../api/status.ts';
import type { Clock } from '../base/clock.ts';
import { readFileIfThere, writeFileWhole } from '../base/files.ts';
import type { Log } from '../base/log.ts';
import { Client } from '../client/client.ts';
import { HttpTransport } from '../client/http-transport.ts';
import {
  type CertificateAndKey,
  type CertificateSubject,
  caHash,
  createPrivateKeyPem,
  createSigningRequest,
  pairIn,
  pemOf,
} from '../pki/certificate.ts';
import { parseKubeconfig } from '../pki/kubeconfig.ts';
import { bearerOf, type JoinToken, parseJoinToken } from '../pki/token.ts';

export interface NodeIdentity extends CertificateAndKey {
  ca: string;
}

export interface JoinOptions {
  server: string;
  /** Needed once; afterwards the certificate on disk is enough. */
  token: string | undefined;
  nodeName: string;
  dataDir: string;
  clock: Clock;
  log: Log;
}

const reachWithinMs = 10_000;
const certificateWithinMs = 30_000;

export class JoinError extends Error {}

export async function ensureIdentity(options: JoinOptions, signal: AbortSignal): Promise<NodeIdentity> {
  const { token: tokenText, nodeName, log, server } = options;
  const token = tokenText ? parseJoinToken(tokenText) : undefined;
  const kept = await readIdentity(options);
  // A token of another cluster is the wish to change to it.
  if (kept && (!token || caHash(kept.ca) === token.caHash)) return kept;
  if (!token) {
    throw new JoinError(
      `${nodeName} has no valid certificate of a cluster yet: give it a join token, as \`wherry token create\` on the server prints it`,
    );
  }
  const ca = await fetchAuthority(options, token, signal);
  const transport = new HttpTransport({ server, ca, identity: { token: bearerOf(token) }, log });
  try {
    const subject = { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] };
    const client = new Client(transport);
    const pair = await requestCertificate(
      client,
      { signerName: nodeClientSigner, subject, clock: options.clock },
      signal,
    );
    await writeFileWhole(join(options.dataDir, 'pki/ca.crt'), ca);
    await writeFileWhole(join(options.dataDir, 'pki/client.pem'), pemOf(pair));
    log.info('joined the cluster', { server, node: nodeName });
    return { ca, ...pair };
  } catch (error) {
    if (error instanceof StatusError && error.code === 401) {
      throw new JoinError('the server does not know the join token: it may have expired, create a new one there', {
        cause: error,
      });
    }
    throw error;
  } finally {
    await transport.close();
  }
}

/** The certificate of this node's own API, for its name and address; made anew when the address has changed. */
export async function ensureServingCertificate(
  client: Client,
  options: { nodeName: string; nodeAddress: string; dataDir: string; clock: Clock; apiCa: string },
  signal: AbortSignal,
): Promise<CertificateAndKey> {
  const { nodeName, nodeAddress, dataDir, clock, apiCa } = options;
  const path = join(dataDir, 'pki/serving.pem');
  const kept = pairIn(await readFileIfThere(path));
  const certificate = kept && new X509Certificate(kept.certificate);
  const isOwn = certificate?.checkIP(nodeAddress) && certificate.checkHost(nodeName);
  // Agents are certified by an authority of their own; earlier ones were by that of the API.
  const isOfApi = certificate?.verify(new X509Certificate(apiCa).publicKey);
  if (kept && certificate && isValid(certificate, clock) && isOwn && !isOfApi) return kept;
  const subject = {
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
    dnsNames: [nodeName],
    ipAddresses: [nodeAddress],
  };
  const pair = await requestCertificate(client, { signerName: nodeServingSigner, subject, clock }, signal);
  await writeFileWhole(path, pemOf(pair));
  return pair;
}

async function readIdentity({ dataDir, nodeName, clock, log }: JoinOptions): Promise<NodeIdentity | undefined> {
  const [ca, pem] = await Promise.all([
    readFileIfThere(join(dataDir, 'pki/ca.crt')),
    readFileIfThere(join(dataDir, 'pki/client.pem')),
  ]);
  const pair = pairIn(pem);
  if (!ca || !pair) return undefined;
  const certificate = new X509Certificate(pair.certificate);
  if (certificate.subject.split('\n').includes(`CN=system:node:${nodeName}`) && isValid(certificate, clock))
    return { ca, ...pair };
  log.warn('the certificate on disk is of another node name or has expired', { subject: certificate.subject });
  return undefined;
}

function isValid(certificate: X509Certificate, clock: Clock): boolean {
  return Date.parse(certificate.validTo) > clock.now();
}

/** The cluster's authority, fetched over a connection that nothing vouches for and believed by the token's pin alone. */
async function fetchAuthority(
  { server, clock, log }: JoinOptions,
  token: JoinToken,
  signal: AbortSignal,
): Promise<string> {
  const transport = new HttpTransport({ server, log, requestTimeoutMs: reachWithinMs });
  try {
    const request = new Client(transport).get(configMaps, { namespace: 'kube-public', name: 'cluster-info' });
    const { data = {} } = await within(clock, reachWithinMs, request, signal, 'no answer in time');
    const { ca } = parseKubeconfig((data as Record<string, string>).kubeconfig ?? '');
    if (caHash(ca) === token.caHash) return ca;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new JoinError(
      `the server at ${server} cannot be reached or is no Wherry server (${why}): is the address right, does it run, does a firewall block the port?`,
      { cause: error },
    );
  } finally {
    await transport.close();
  }
  throw new JoinError(
    `the server at ${server} is not of the cluster that the join token is for, or someone stands in between: check the address, or create a new token on the server`,
  );
}

/** Asks the cluster to sign a request for a new key, and waits until it has. */
async function requestCertificate(
  client: Client,
  { signerName, subject, clock }: { signerName: string; subject: CertificateSubject; clock: Clock },
  signal: AbortSignal,
): Promise<CertificateAndKey> {
  const key = await createPrivateKeyPem();
  const request = await createSigningRequest({ ...subject, keyPem: key });
  const use = signerName === nodeServingSigner ? 'server auth' : 'client auth';
  const created = await client.create(certificateSigningRequests, {
    metadata: { name: `node-csr-${randomBytes(12).toString('hex')}` },
    spec: {
      signerName,
      request: Buffer.from(request).toString('base64'),
      usages: ['digital signature', 'key encipherment', use],
    },
  });
  const waiting = new AbortController();
  try {
    const issued = issuedCertificate(client, created, AbortSignal.any([signal, waiting.signal]));
    const message = `the server did not sign the certificate request ${created.metadata.name} in time: approve it there with \`kubectl certificate approve\``;
    const certificate = await within(clock, certificateWithinMs, issued, signal, message);
    return { certificate, key };
  } finally {
    waiting.abort();
  }
}

async function issuedCertificate(
  client: Client,
  created: CertificateSigningRequest,
  signal: AbortSignal,
): Promise<string> {
  const { name, resourceVersion = '0' } = created.metadata;
  const select = { fieldSelector: `metadata.name=${name}`, resourceVersion };
  for await (const { object } of client.watch(certificateSigningRequests, select, signal)) {
    const { certificate, conditions = [] } = object.status ?? {};
    if (certificate) return Buffer.from(certificate, 'base64').toString();
    const refused = conditions.find(({ type }) => type === 'Denied' || type === 'Failed');
    if (refused) throw new JoinError(`the server refused the certificate request: ${refused.message ?? refused.type}`);
  }
  throw new JoinError('the server ended the wait for the certificate');
}

async function within<T>(clock: Clock, ms: number, work: Promise<T>, signal: AbortSignal, message: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(ms, () => late.reject(new JoinError(message)));
  const end = () => late.reject(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    cancel();
    signal.removeEventListener('abort', end);
  }
}
