// Asks the host's own resolvers what the cluster cannot know. The question goes out as it came, byte by byte, and so does the
// answer come back. Each from a port of its own choice, so that nobody can foist an answer upon us.
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { connect, isIPv6 } from 'node:net';
import { parseResolvConf } from '../../api/pod-resolv-conf.ts';
import { framed, takeMessages } from './tcp-messages.ts';

export type Carrier = 'udp' | 'tcp';

const answerWithinMs = 2_000;

/** The resolvers of this host, read anew each time: they change with the networks it joins. */
export async function hostResolvers(ownAddress: string, path = '/etc/resolv.conf'): Promise<string[]> {
  const { nameservers } = parseResolvConf(await readFile(path, 'utf8').catch(() => ''));
  return nameservers.filter((address) => address !== ownAddress);
}

/** The first answer of the resolvers, each being asked in turn; undefined where none answers. */
export async function forward(
  query: Buffer,
  carrier: Carrier,
  resolvers: string[],
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  for (const resolver of resolvers) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
    const answer = await (carrier === 'udp' ? askByUdp : askByTcp)(query, resolver, limit).catch(() => undefined);
    if (answer || signal.aborted) return answer;
  }
  return undefined;
}

const isAnswerTo = (answer: Buffer, query: Buffer) =>
  answer.length >= 12 && answer.readUInt16BE(0) === query.readUInt16BE(0) && ((answer[2] ?? 0) & 0x80) !== 0;

async function askByUdp(query: Buffer, resolver: string, signal: AbortSignal): Promise<Buffer> {
  const socket = createSocket(isIPv6(resolver) ? 'udp6' : 'udp4');
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const give = () => reject(signal.reason);
  signal.addEventListener('abort', give);
  socket.on('error', reject);
  socket.on('message', (answer) => {
    if (isAnswerTo(answer, query)) resolve(answer);
  });
  // Connected: nothing else than this resolver's answers gets in, and a closed port is told at once.
  socket.connect(53, resolver, () => socket.send(query));
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', give);
    socket.close();
  }
}

async function askByTcp(query: Buffer, resolver: string, signal: AbortSignal): Promise<Buffer> {
  const socket = connect({ port: 53, host: resolver, signal });
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('closed before an answer came')));
  takeMessages(socket, (answer) => {
    if (isAnswerTo(answer, query)) resolve(answer);
  });
  socket.write(framed(query));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}
