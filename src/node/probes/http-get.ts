// One HTTP GET as probes and lifecycle hooks make it: a connection of its own, certificates unchecked, redirects followed
// as long as they stay on the host.
import { type IncomingMessage, request } from 'node:http';
import { connect, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Container, Probe } from '../../api/kinds/pod-spec/types.ts';
import { kubernetesVersion } from '../../api/version.ts';
import { containerPort, hostAndPort } from './container-port.ts';
import { dialError } from './dial-error.ts';

export type HttpGetAction = NonNullable<Probe['httpGet']>;

export interface HttpAnswer {
  code: number;
  /** The beginning of the body. */
  body: string;
}

/** No answer, with the cause as Kubernetes' events have it. */
export class HttpFailure extends Error {}
/** An answer whose body broke off. */
export class BodyFailure extends Error {}

const longestBody = 10 * 1024;
const mostRedirects = 10;
const redirects = new Set([301, 302, 303, 307, 308]);
const [, minorVersion = ''] = /^v(\d+\.\d+)/.exec(kubernetesVersion) ?? [];

export interface GetRequest {
  url: URL;
  /** In small letters; several of one name together. */
  headers: Record<string, string | string[]>;
}

/** Says who asks: "probe" or "lifecycle". */
export type Purpose = 'probe' | 'lifecycle';

export const userAgent = (purpose: Purpose) => `kube-${purpose}/${minorVersion}`;

export function requestFor(
  action: HttpGetAction,
  container: Container,
  podAddress: string,
  purpose: Purpose,
): GetRequest {
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  const host = hostAndPort(action.host || podAddress, containerPort(container, action.port));
  const path = action.path ?? '/';
  const headers: GetRequest['headers'] = {};
  for (const { name, value } of action.httpHeaders ?? []) {
    const key = name.toLowerCase();
    const before = headers[key];
    headers[key] = before === undefined ? value : [before, value].flat();
  }
  headers['user-agent'] ??= userAgent(purpose);
  headers.accept ??= '*/*';
  // Asked for by an empty value.
  if (!headers.accept) delete headers.accept;
  return { url: new URL(`${scheme}://${host}${path.startsWith('/') ? '' : '/'}${path}`), headers };
}

/** Throws HttpFailure or BodyFailure; whoever aborts is told so in their words. */
export async function httpGet(first: GetRequest, signal: AbortSignal): Promise<HttpAnswer> {
  let { url, headers } = first;
  for (let followed = 0; ; followed += 1) {
    const answer = await ask({ url, headers }, signal);
    const { location } = answer.headers;
    const code = answer.statusCode ?? 0;
    const next = redirects.has(code) && location ? URL.parse(location, url.href) : undefined;
    if (next === null)
      throw new HttpFailure(`${quoted(url)}: failed to parse Location header ${JSON.stringify(location)}`);
    if (next?.hostname !== first.url.hostname) return { code, body: await bodyOf(answer) };
    answer.destroy();
    if (followed + 1 >= mostRedirects)
      throw new HttpFailure(`${quoted(next)}: stopped after ${mostRedirects} redirects`);
    // A name that was asked for stays where only the path changes.
    if (URL.canParse(location ?? '')) headers = { ...headers, host: next.host };
    url = next;
  }
}

function ask({ url, headers }: GetRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const isSecure = url.protocol === 'https:';
  const port = Number(url.port) || (isSecure ? 443 : 80);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const address = hostAndPort(host, port);
  const servername = isIP(host) ? '' : host;
  const connection = isSecure
    ? () => connectTls({ host, port, servername, rejectUnauthorized: false })
    : () => connect({ host, port });
  try {
    // Without an agent, which is half the cost of a request that keeps no connection.
    const asked = request({
      host,
      port,
      path: url.pathname + url.search,
      headers: { host: address, ...headers },
      createConnection: connection,
      signal,
    });
    asked.once('response', resolve);
    asked.on('error', (error) => {
      const timeout = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
      const why = signal.aborted ? timeout : dialError(error, address);
      reject(new HttpFailure(`${quoted(url)}: ${why}`, { cause: error }));
    });
    asked.end();
  } catch (error) {
    // A header that cannot be sent.
    reject(new HttpFailure(`${quoted(url)}: ${(error as Error).message}`));
  }
  return promise;
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  const kept: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Uint8Array>) {
      kept.push(chunk);
      length += chunk.length;
      if (length >= longestBody) break;
    }
  } catch (error) {
    throw new BodyFailure(`the body of the answer broke off: ${(error as Error).message}`);
  }
  return Buffer.concat(kept).subarray(0, longestBody).toString();
}

const quoted = (url: URL) =>
  `Get "${url.protocol}//${hostAndPort(url.hostname, Number(url.port))}${url.pathname}${url.search}"`;
