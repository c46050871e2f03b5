// A socket before Docker's that counts the calls, and plays what goes wrong on the way: an answer that never comes, or one
// that is lost after Docker has done what it was asked for.
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

/** Which calls are meant, by "METHOD /path". */
export type Which = RegExp;

export interface DockerProxy {
  readonly socket: string;
  /** The calls since it was asked last, as "METHOD /path". */
  takeCalls(): string[];
  /** Such calls reach Docker no more, until what is answered is called. */
  hold(which: Which): () => void;
  /** The answer of the next such call is lost; resolves when that has happened. */
  loseAnswer(which: Which): Promise<void>;
  close(): void;
}

export async function openDockerProxy(socket: string, docker: string): Promise<DockerProxy> {
  const calls: string[] = [];
  const held = new Map<Which, Promise<void>>();
  const losses = new Map<Which, () => void>();

  const relay = async (asked: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '', headers } = asked;
    const call = `${method} ${url.replace(/^\/v[\d.]+/, '')}`;
    calls.push(call);
    for (const [which, released] of held) if (which.test(call)) await released;
    if (answer.destroyed) return;
    const onward = request({ socketPath: docker, method, path: url, headers });
    answer.on('close', () => onward.destroy());
    asked.pipe(onward);
    const [response] = (await once(onward, 'response')) as [IncomingMessage];
    for (const [which, lost] of losses) {
      if (!which.test(call)) continue;
      losses.delete(which);
      answer.destroy();
      lost();
      return;
    }
    answer.writeHead(response.statusCode ?? 500, response.headers);
    answer.flushHeaders();
    response.pipe(answer);
  };
  const server = createServer((asked, answer) => {
    relay(asked, answer).catch(() => answer.destroy());
  });
  server.listen(socket);
  await once(server, 'listening');
  return {
    socket,
    takeCalls: () => calls.splice(0),
    hold: (which) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.set(which, promise);
      return () => {
        held.delete(which);
        resolve();
      };
    },
    loseAnswer: (which) => new Promise((resolve) => losses.set(which, resolve)),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
