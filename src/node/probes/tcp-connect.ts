// Whether something accepts connections at a port.
import { connect } from 'node:net';
import { hostAndPort } from './container-port.ts';
import { dialError } from './dial-error.ts';
import { failure, type ProbeOutcome, success } from './probe-outcome.ts';

export function probeTcp(host: string, port: number, signal: AbortSignal): Promise<ProbeOutcome> {
  const { promise, resolve } = Promise.withResolvers<ProbeOutcome>();
  const address = hostAndPort(host, port);
  const socket = connect({ host, port });
  const giveUp = () => resolve(failure(`dial tcp ${address}: i/o timeout`));
  signal.addEventListener('abort', giveUp, { once: true });
  socket.once('connect', () => resolve(success));
  socket.on('error', (error) => resolve(failure(dialError(error, address))));
  return promise.finally(() => {
    signal.removeEventListener('abort', giveUp);
    socket.destroy();
  });
}
