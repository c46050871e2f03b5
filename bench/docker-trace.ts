// A Docker socket before the real one that notes when each call begins and when its answer is complete.
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

export interface DockerCall {
  /** As "start app" or "inspect POD"; what is not of a container goes by its path. */
  what: string;
  /** By performance.now(). */
  begun: number;
  ended: number;
}

export interface DockerTrace {
  /** The calls since the last time it was asked. */
  take(): DockerCall[];
  close(): void;
}

export async function openDockerTrace(from: string, to: string): Promise<DockerTrace> {
  const calls: DockerCall[] = [];
  const names = new Map<string, string>();
  const relay = async (asked: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const begun = performance.now();
    const { method = 'GET', url = '', headers } = asked;
    const onward = request({ socketPath: to, method, path: url, headers });
    answer.on('close', () => onward.destroy());
    asked.pipe(onward);
    const [response] = (await once(onward, 'response')) as [IncomingMessage];
    answer.writeHead(response.statusCode ?? 500, response.headers);
    answer.flushHeaders();
    let text = '';
    const isCreation = url.includes('/containers/create');
    response.on('data', (chunk: Buffer) => {
      if (isCreation) text += chunk.toString();
    });
    response.pipe(answer);
    await once(response, 'end');
    const ended = performance.now();
    const created = isCreation ? containerIn(url) : undefined;
    if (created) names.set((JSON.parse(text || '{}') as { Id?: string }).Id ?? '', created);
    calls.push({ what: whatIs(method, url, names), begun, ended });
  };
  const server = createServer((asked, answer) => {
    relay(asked, answer).catch(() => answer.destroy());
  });
  server.listen(from);
  await once(server, 'listening');
  return {
    take: () => calls.splice(0).sort((a, b) => a.begun - b.begun),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function containerIn(url: string): string | undefined {
  return /name=k8s_([^_&]+)_/.exec(url)?.[1];
}

function whatIs(method: string, url: string, names: ReadonlyMap<string, string>): string {
  const [path = ''] = url.replace(/^\/v[\d.]+/, '').split('?');
  const [, room = '', id = '', action = method === 'DELETE' ? 'remove' : ''] = path.split('/');
  if (room === 'containers' && id === 'create') return `create ${containerIn(url) ?? 'container'}`;
  if (room === 'containers') return `${action === 'json' ? 'inspect' : action} ${names.get(id) ?? 'container'}`;
  return room === 'images' ? 'inspect image' : `${method} ${path}`;
}
