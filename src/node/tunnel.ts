// The agent's way to a master that cannot reach it, as behind NAT: it keeps a WebSocket open, and comes with a new one
// whenever the master asks for a stream. What comes through is taken as any connection to the agent's own API.
import type { Duplex } from 'node:stream';
import type { ClientOptions, WebSocket } from 'ws';
import { reachableCode, tunnelPath } from '../api/tunnel.ts';
import { Backoff } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { MessageStream } from '../base/message-stream.ts';
import type { NodeIdentity } from './join.ts';

export type TunnelMode = 'auto' | 'always' | 'never';
export const tunnelModes: readonly TunnelMode[] = ['auto', 'always', 'never'];

export interface TunnelOptions {
  mode: TunnelMode;
  /** The API, as https://ADDRESS:PORT. */
  server: string;
  identity(): NodeIdentity;
  take(stream: Duplex): void;
  clock: Clock;
  log: Log;
}

/** Whether the master reaches this node changes seldom, but it does. */
const askAgainMs = 600_000;
/** The master pings three times as often. */
const silenceMs = 60_000;
const handshakeTimeout = 10_000;

/** Loops until aborted. */
export async function runTunnel(options: TunnelOptions, signal: AbortSignal): Promise<void> {
  const { mode, clock, log } = options;
  if (mode === 'never') return;
  const backoff = new Backoff({ firstMs: 200, ceilingMs: 5_000 });
  while (!signal.aborted) {
    const { code, lastedMs } = await waitToBeTold(options, signal);
    if (signal.aborted) return;
    if (lastedMs > silenceMs) backoff.forget('tunnel');
    if (code !== reachableCode) log.debug('the tunnel to the master ended', { code });
    const pauseMs = code === reachableCode ? askAgainMs : backoff.nextMs('tunnel');
    await clock.sleep(pauseMs, signal).catch(() => {});
  }
}

/** Resolves when the connection has ended, however it did. */
async function waitToBeTold(options: TunnelOptions, signal: AbortSignal): Promise<{ code: number; lastedMs: number }> {
  const { mode, clock, log } = options;
  const begunMs = clock.monotonicMs();
  const webSocket = await open(options, mode === 'auto' ? '?if=unreachable' : '');
  const { promise, resolve } = Promise.withResolvers<number>();
  const end = () => webSocket.terminate();
  signal.addEventListener('abort', end, { once: true });
  let cancel = clock.after(silenceMs, end);
  webSocket.on('ping', () => {
    cancel();
    cancel = clock.after(silenceMs, end);
  });
  webSocket.on('message', (data) => {
    const { open: id } = JSON.parse(String(data)) as { open: string };
    bring(options, id).catch((error: unknown) => log.warn('a stream through the tunnel failed', { error }));
  });
  webSocket.once('close', (code) => resolve(code));
  const code = await promise;
  cancel();
  signal.removeEventListener('abort', end);
  return { code, lastedMs: clock.monotonicMs() - begunMs };
}

async function bring(options: TunnelOptions, id: string): Promise<void> {
  const webSocket = await open(options, `/${id}`);
  webSocket.once('open', () => options.take(new MessageStream(webSocket)));
}

async function open({ server, identity, log }: TunnelOptions, behind: string): Promise<WebSocket> {
  const { WebSocket } = await import('ws');
  const { ca, certificate, key } = identity();
  const options: ClientOptions = { ca, cert: certificate, key, perMessageDeflate: false, handshakeTimeout };
  const webSocket = new WebSocket(`${server.replace(/^http/, 'ws')}${tunnelPath}${behind}`, options);
  return webSocket.on('error', (error) => log.debug('the tunnel to the master fails', { error }));
}
