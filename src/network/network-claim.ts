// Whether an agent programs this host's network: it holds a name that the kernel gives to one process of a host, and takes back
// when that ends, however it ends.
import { connect, createServer } from 'node:net';
import type { Log } from '../base/log.ts';

/** Of the abstract kind: no file, and of this network namespace alone. */
const name = '\0wherry-network';

export class NetworkInUse extends Error {}

/** Held until the process ends or the signal is aborted. */
export async function claimNetwork(log: Log, signal: AbortSignal): Promise<void> {
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve } = Promise.withResolvers<void>();
  server.once('error', (error) => {
    log.warn('another agent seems to program the network of this host', { error });
    resolve();
  });
  server.listen(name, resolve).unref();
  signal.addEventListener('abort', () => server.close());
  await promise;
}

/** Throws NetworkInUse when an agent does. */
export async function refuseWhileNetworkIsUsed(): Promise<void> {
  const socket = connect(name);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  const isUsed = await promise.finally(() => socket.destroy());
  if (isUsed) throw new NetworkInUse('the agent runs on this host and would put all back: stop it first');
}
