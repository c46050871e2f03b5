// Who this node is to the cluster: a client certificate that it gets once with a join token, and a serving certificate
// for its own API that it gets as that client. Keys are made here and never leave the host.
import { X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeClientSigner, nodeServingSigner } from '../api/kinds/certificate-signing-request.ts';
import { nodes } from '../api/kinds/node.ts';
import { isNotFound, isUnauthorized } from '../api/status.ts';
import type { Clock } from '../base/clock.ts';
import { readFileIfThere, writeFileWhole } from '../base/files.ts';
import type { Log } from '../base/log.ts';
import { Client } from '../client/client.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { type CertificateAndKey, caHash, pairIn, pemOf } from '../pki/certificate.ts';
import { isDue } from '../pki/certificate-terms.ts';
import { parseJoinToken } from '../pki/token.ts';
import { requestCertificate } from './certificate-request.ts';
import { joinCluster, type NodeIdentity } from './join.ts';
import { JoinError, JoinUnanswered } from './join-error.ts';

export interface IdentityOptions {
  server: string;
  /** Needed once; afterwards the certificate on disk is enough. */
  token: string | undefined;
  nodeName: string;
  nodeIp: string | undefined;
  dataDir: string;
  clock: Clock;
  log: Log;
}

const certifiedWithinMs = 30_000;

export async function ensureIdentity(options: IdentityOptions, signal: AbortSignal): Promise<NodeIdentity> {
  const { token: tokenText, nodeName, dataDir, log, server } = options;
  const token = tokenText ? parseJoinToken(tokenText) : undefined;
  const kept = await readIdentity(options);
  if (kept && !token) return kept;
  // A token of another cluster is the wish to change to it.
  if (kept && token && caHash(kept.ca) === token.caHash && (await isStillGood(options, kept))) return kept;
  if (!token) {
    throw new JoinError(
      `${nodeName} has no valid certificate of a cluster yet: give it a join token, as \`wherry token create\` on the server prints it`,
    );
  }
  const before = await readFiles(dataDir);
  const keep = ({ ca, ...pair }: NodeIdentity) => writeFiles(dataDir, { ca, pem: pemOf(pair) });
  const identity = await joinCluster({ ...options, token, keep }, signal).catch(async (error: unknown) => {
    // Broken off, the node may be there, and nobody but who has this certificate gets its name.
    const isRefused = error instanceof JoinError && !(error instanceof JoinUnanswered);
    if (isRefused) await writeFiles(dataDir, before);
    throw error;
  });
  log.info('joined the cluster', { server, node: nodeName });
  return identity;
}

/** Whatever it is worth; undefined where this host has not joined. */
export async function keptIdentity(dataDir: string): Promise<NodeIdentity | undefined> {
  const { ca, pem } = await readFiles(dataDir);
  const pair = pairIn(pem);
  return ca && pair ? { ca, ...pair } : undefined;
}

/** As which node this host has joined; undefined where it has not. */
export async function keptNodeName(dataDir: string): Promise<string | undefined> {
  const pair = await keptIdentity(dataDir);
  return pair && /CN=system:node:(.+)/.exec(new X509Certificate(pair.certificate).subject)?.[1];
}

/** Whether it is still that of a node; a master that does not answer has nothing against it. */
async function isStillGood(
  { server, nodeName, log, clock }: IdentityOptions,
  identity: NodeIdentity,
): Promise<boolean> {
  const transport = new HttpTransport({ server, ca: identity.ca, identity, log, clock });
  try {
    await new Client(transport).get(nodes, { name: nodeName });
    return true;
  } catch (error) {
    if (!isUnauthorized(error) && !isNotFound(error)) return true;
    log.warn('the node of the certificate on disk has been deleted: joining with the token', { node: nodeName });
    return false;
  } finally {
    await transport.close();
  }
}

/** The identity on disk, with its certificate renewed where that is due, or is asked for. The key stays: what is sealed with it can be opened. */
export async function renewIdentity(
  client: Client,
  {
    dataDir,
    nodeName,
    clock,
    isForced = false,
  }: Pick<IdentityOptions, 'dataDir' | 'nodeName' | 'clock'> & { isForced?: boolean },
  signal: AbortSignal,
): Promise<NodeIdentity | undefined> {
  const kept = await keptIdentity(dataDir);
  if (!kept || (!isForced && !isDue(kept.certificate, clock.now()))) return kept;
  const subject = { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] };
  const order = { signerName: nodeClientSigner, subject, keyPem: kept.key };
  const pair = await requestCertificate(
    client,
    order,
    AbortSignal.any([signal, AbortSignal.timeout(certifiedWithinMs)]),
  );
  await writeFiles(dataDir, { ca: kept.ca, pem: pemOf(pair) });
  return { ca: kept.ca, ...pair };
}

/** The certificate of this node's own API, for its name and address; made anew when it is due or the address has changed. */
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
  if (kept && certificate && !isDue(kept.certificate, clock.now()) && isOwn && !isOfApi) return kept;
  const subject = {
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
    dnsNames: [nodeName],
    ipAddresses: [nodeAddress],
  };
  const until = AbortSignal.any([signal, AbortSignal.timeout(certifiedWithinMs)]);
  const pair = await requestCertificate(client, { signerName: nodeServingSigner, subject }, until);
  await writeFileWhole(path, pemOf(pair));
  return pair;
}

async function readIdentity({ dataDir, nodeName, clock, log }: IdentityOptions): Promise<NodeIdentity | undefined> {
  const kept = await keptIdentity(dataDir);
  if (!kept) return undefined;
  const certificate = new X509Certificate(kept.certificate);
  if (certificate.subject.split('\n').includes(`CN=system:node:${nodeName}`) && isValid(certificate, clock))
    return kept;
  log.warn('the certificate on disk is of another node name or has expired', { subject: certificate.subject });
  return undefined;
}

interface IdentityFiles {
  ca: string | undefined;
  pem: string | undefined;
}

const filesOf = (dataDir: string) => ({ ca: join(dataDir, 'pki/ca.crt'), pem: join(dataDir, 'pki/client.pem') });

async function readFiles(dataDir: string): Promise<IdentityFiles> {
  const files = filesOf(dataDir);
  return { ca: await readFileIfThere(files.ca), pem: await readFileIfThere(files.pem) };
}

async function writeFiles(dataDir: string, { ca, pem }: IdentityFiles): Promise<void> {
  const files = filesOf(dataDir);
  const write = (path: string, text: string | undefined) =>
    text === undefined ? rm(path, { force: true }) : writeFileWhole(path, text);
  await write(files.ca, ca);
  await write(files.pem, pem);
}

function isValid(certificate: X509Certificate, clock: Clock): boolean {
  return Date.parse(certificate.validTo) > clock.now();
}
