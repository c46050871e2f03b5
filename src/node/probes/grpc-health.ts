// Asks a server for its health by gRPC (grpc.health.v1.Health/Check): one call on a plain HTTP/2 connection. The two
// messages have one field each, which is why no gRPC library is loaded for them.
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import type { Clock } from '../../base/clock.ts';
import { hostAndPort } from './container-port.ts';
import { goDuration } from './dial-error.ts';
import { userAgent } from './http-get.ts';
import { failure, type ProbeOutcome, success } from './probe-outcome.ts';

const checkPath = '/grpc.health.v1.Health/Check';
const unimplemented = 12;
const statusNames =
  'OK Canceled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied ResourceExhausted FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable DataLoss Unauthenticated'.split(
    ' ',
  );
const servingStates = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
/** How long after a refused connection the next is tried, while there is time. */
const redialMs = 200;

export interface GrpcTarget {
  host: string;
  port: number;
  service: string;
  timeoutSeconds: number;
}

export async function probeGrpc(target: GrpcTarget, clock: Clock, signal: AbortSignal): Promise<ProbeOutcome> {
  const address = hostAndPort(target.host, target.port);
  const within = goDuration(target.timeoutSeconds);
  let session: ClientHttp2Session | undefined;
  try {
    while (!session) {
      session = await dial(address, signal);
      if (!session) await clock.sleep(redialMs, signal);
    }
  } catch {
    return failure(`timeout: failed to connect service "${address}" within ${within}: context deadline exceeded`);
  }
  try {
    return judged(await check(session, target, signal));
  } catch (error) {
    if (signal.aborted) return failure(`timeout: health rpc did not complete within ${within}`);
    const text = `rpc error: code = Unavailable desc = ${(error as Error).message}`;
    return failure(`error: health rpc probe failed: ${text}`);
  } finally {
    session.destroy();
  }
}

/** Undefined where nobody listens; throws when the time is over. */
async function dial(address: string, signal: AbortSignal): Promise<ClientHttp2Session | undefined> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const session = connect(`http://${address}`);
  const giveUp = () => reject(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  // Connected is who has sent its settings: a server of another protocol never does.
  session.once('remoteSettings', () => resolve(true));
  session.on('error', () => resolve(false));
  session.once('close', () => resolve(false));
  try {
    const isConnected = await promise;
    if (isConnected) return session;
  } catch (error) {
    session.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
  session.destroy();
  return undefined;
}

interface Answer {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

function check(session: ClientHttp2Session, target: GrpcTarget, signal: AbortSignal): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  let headers: IncomingHttpHeaders = {};
  const chunks: Buffer[] = [];
  const stream = session.request(
    {
      ':method': 'POST',
      ':path': checkPath,
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': userAgent('probe'),
      'grpc-timeout': `${target.timeoutSeconds}S`,
    },
    { signal },
  );
  session.on('error', reject);
  stream.on('response', (received) => {
    headers = received;
  });
  stream.on('trailers', (received) => {
    headers = { ...headers, ...received };
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.once('error', reject);
  stream.once('close', () => resolve({ headers, body: Buffer.concat(chunks) }));
  stream.end(framed(requestFor(target.service)));
  return promise;
}

/** HealthCheckRequest: the service is field 1, a string. */
function requestFor(service: string): Buffer {
  const name = Buffer.from(service);
  if (name.length === 0) return name;
  const length = name.length < 128 ? [name.length] : [(name.length & 127) | 128, name.length >> 7];
  return Buffer.concat([Buffer.from([0x0a, ...length]), name]);
}

/** A gRPC message on the wire: not compressed, its length, itself. */
function framed(message: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

function judged({ headers, body }: Answer): ProbeOutcome {
  const status = headers['grpc-status'];
  const message = decodeURIComponent(String(headers['grpc-message'] ?? ''));
  if (Number(status) === unimplemented)
    return failure(
      `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${message}`,
    );
  if (status === undefined || Number(status) !== 0) {
    const name = status === undefined ? 'Unknown' : (statusNames[Number(status)] ?? `Code(${status})`);
    const text = message || (status === undefined ? `unexpected HTTP status code ${headers[':status']}` : '');
    return failure(`error: health rpc probe failed: rpc error: code = ${name} desc = ${text}`);
  }
  // HealthCheckResponse: the state is field 1, a number; 0 is left out.
  const state = servingStates[body[5] === 0x08 ? (body[6] ?? 0) : 0];
  return state === 'SERVING' ? success : failure(`service unhealthy (responded with "${state}")`);
}
