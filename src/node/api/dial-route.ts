// GET /dial/{address}/{port}, upgraded: a connection to what listens on this node, byte for byte. By it the master reaches
// pods, whose network it is not on. Nothing else is dialled: the agent is no way out of the cluster.
import { once } from 'node:events';
import { connect } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { type NodeParts, Refusal, type Route } from './route.ts';

const connectTimeoutMs = 5_000;
const accepted = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: tcp\r\nconnection: Upgrade\r\n\r\n';

export function dialRoutes({ pods, nodeAddress, clock }: NodeParts): Route[] {
  return [
    {
      path: '/dial/{address}/{port}',
      methods: ['GET'],
      upgrade: async ({ path: { address = '', port = '' } }, socket, head) => {
        const isHere = address === nodeAddress || pods().some(({ status }) => status.podIP === address);
        if (!isHere) throw new Refusal(404, `no pod of this node has the address ${address}`);
        const other = connect({ host: address, port: Number(port), noDelay: true, allowHalfOpen: true });
        const cancel = clock.after(connectTimeoutMs, () => other.destroy(new Error('i/o timeout')));
        try {
          await once(other, 'connect');
        } catch (error) {
          throw new Refusal(503, `dial tcp ${address}:${port}: ${wordsOf(error as NodeJS.ErrnoException)}`);
        } finally {
          cancel();
        }
        socket.write(accepted);
        other.write(head);
        const ends = await Promise.allSettled([pipeline(socket, other), pipeline(other, socket)]);
        // Each direction ends by itself, but what breaks breaks as a whole.
        if (ends.some(({ status }) => status === 'rejected')) for (const end of [socket, other]) end.destroy();
      },
    },
  ];
}

function wordsOf({ code, message }: NodeJS.ErrnoException): string {
  const words: Record<string, string> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
  };
  return words[code ?? ''] ?? message;
}
