// How a host becomes a node: it looks at the master, believes it by the token's pin, asks for a certificate with the token, and takes
// its place with it. It ends within ten seconds, in success or in the reason and the way out.
import { nodeClientSigner } from '../api/kinds/certificate-signing-request.ts';
import { addressOf, type Node, nodeReadiness, nodes } from '../api/kinds/node.ts';
import { isAlreadyExists, isUnauthorized } from '../api/status.ts';
import { kubernetesVersion } from '../api/version.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { Client } from '../client/client.ts';
import { HttpTransport } from '../client/http-transport.ts';
import type { CertificateAndKey } from '../pki/certificate.ts';
import { bearerOf, type JoinToken } from '../pki/token.ts';
import { CertificateRefused, requestCertificate } from './certificate-request.ts';
import { JoinError, JoinUnanswered } from './join-error.ts';
import { idleToken, trustedAuthority } from './join-trust.ts';
import { clockFault, MasterFault, observeMaster, versionFault } from './master-probe.ts';

export interface JoinOrder {
  server: string;
  token: JoinToken;
  nodeName: string;
  /** The address by which others reach this host, where it is not the one by which the master sees it. */
  nodeIp: string | undefined;
  /** Called before the place is taken: a host that is killed right then, or hears no more, is the node that it has become. */
  keep(identity: NodeIdentity): Promise<void>;
  clock: Clock;
  log: Log;
}

export interface NodeIdentity extends CertificateAndKey {
  ca: string;
}

const lookWithinMs = 4_000;
const joinWithinMs = 9_500;

/** A join that is under way: what it has opened is closed when it is over, however that is. */
interface Attempt extends JoinOrder {
  connect(as: { ca?: string; identity?: { token: string } | CertificateAndKey }): HttpTransport;
  /** What the server has to do next, should it not do it in time. */
  expect(step: string): void;
  signal: AbortSignal;
}

/** Throws JoinError. */
export async function joinCluster(order: JoinOrder, signal: AbortSignal): Promise<NodeIdentity> {
  const { clock, server, log } = order;
  const late = new AbortController();
  const opened: HttpTransport[] = [];
  let expected = '';
  const cancel = clock.after(joinWithinMs, () =>
    late.abort(new JoinUnanswered(`the server at ${server} did not ${expected}`)),
  );
  const until = AbortSignal.any([signal, late.signal]);
  const attempt: Attempt = {
    ...order,
    signal: until,
    connect: (as) => {
      const transport = new HttpTransport({ ...as, server, log, clock });
      opened.push(transport);
      return transport;
    },
    expect: (step) => {
      expected = step;
    },
  };
  const over = Promise.withResolvers<never>();
  until.addEventListener('abort', () => over.reject(until.reason), { once: true });
  try {
    return await Promise.race([join(attempt), over.promise]);
  } catch (error) {
    signal.throwIfAborted();
    throw asJoinError(error);
  } finally {
    cancel();
    for (const transport of opened) await transport.close();
  }
}

async function join(attempt: Attempt): Promise<NodeIdentity> {
  const { server, clock, signal } = attempt;
  attempt.expect('answer in time');
  const view = await observeMaster({ server, clock, timeoutMs: lookWithinMs }, signal);
  const fault = clockFault(view) ?? versionFault(view.version, kubernetesVersion);
  if (fault) throw fault;
  attempt.expect('say in time which cluster it is of: see its log');
  const ca = await trustedAuthority(attempt);
  attempt.expect('take the request for a certificate in time: see its log');
  const identity = { ca, ...(await withToken(attempt, ca)) };
  await attempt.keep(identity);
  attempt.expect('take the node in in time: see its log');
  await takePlace(attempt, identity);
  return identity;
}

function asJoinError(error: unknown): JoinError {
  if (error instanceof JoinError) return error;
  if (error instanceof MasterFault) return new JoinError(error.message, { cause: error });
  if (error instanceof CertificateRefused)
    return new JoinError(`the server refused the certificate: ${error.message}`, { cause: error });
  const why = error instanceof Error ? error.message : String(error);
  return new JoinUnanswered(`the server broke off the join (${why}): see its log, and try again`, { cause: error });
}

async function withToken(
  { token, nodeName, connect, expect, signal }: Attempt,
  ca: string,
): Promise<CertificateAndKey> {
  const client = new Client(connect({ ca, identity: { token: bearerOf(token) } }));
  const subject = { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] };
  const onRequested = (name: string) =>
    expect(`sign the request ${name} in time: approve it there with \`kubectl certificate approve ${name}\``);
  try {
    return await requestCertificate(client, { signerName: nodeClientSigner, subject, onRequested }, signal);
  } catch (error) {
    throw isUnauthorized(error) ? idleToken(error) : error;
  }
}

/** Makes the Node, so that from now on nobody else comes by its name; not where its address is that of a node that lives. */
async function takePlace({ nodeName, nodeIp, connect }: Attempt, identity: NodeIdentity): Promise<void> {
  const transport = connect({ ca: identity.ca, identity });
  const client = new Client(transport);
  try {
    const { items } = await client.list(nodes);
    const address = nodeIp ?? (await transport.localAddress()).replace(/^::ffff:/, '');
    const fault = addressFault(items, nodeName, address);
    if (fault) throw new JoinError(fault);
    await client.create(nodes, { metadata: { name: nodeName } });
  } catch (error) {
    if (!isAlreadyExists(error) && !isUnauthorized(error)) throw error;
    throw new JoinError(
      `another host has become the node ${nodeName} at the same moment: give this one another name with --node-name`,
      { cause: error },
    );
  }
}

/** A node that is not ready may have lost its address to this host. */
export function addressFault(all: readonly Node[], nodeName: string, address: string): string | undefined {
  const holder = all.find(
    (node) =>
      node.metadata.name !== nodeName &&
      addressOf(node, 'InternalIP') === address &&
      nodeReadiness(node)?.status === 'True',
  );
  if (!holder) return undefined;
  return `the address ${address} is that of the node ${holder.metadata.name}, so others could not tell the two apart: name the one by which others reach this host with --node-ip`;
}
