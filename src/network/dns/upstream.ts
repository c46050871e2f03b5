// One question to one resolver outside. From a port and with a number of chance, over a socket that is connected to it: nobody
// else can foist an answer upon us, and a closed port is told at once.
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { type ForeignAnswer, readForeignAnswer } from './foreign-answer.ts';
import { headerBytes, responseCodes } from './query.ts';
import { responseFlags, writeEdns, writeHeader } from './response.ts';
import { framed, takeMessages } from './tcp-messages.ts';

export interface Inquiry {
  question: Buffer;
  isDnssecOk: boolean;
  isCheckingDisabled: boolean;
}

export type AskResolver = (inquiry: Inquiry, resolver: string, signal: AbortSignal) => Promise<ForeignAnswer>;

interface Envelope {
  id: number;
  question: Buffer;
  message: Buffer;
}

const dnsPort = 53;
const ednsBytes = 11;

/** Its whole answer, over TCP where a datagram cannot hold it; throws where it gives none in time. */
export async function askResolver(inquiry: Inquiry, resolver: string, signal: AbortSignal): Promise<ForeignAnswer> {
  const answer = await askByUdp(seal(inquiry, 'edns'), resolver, signal);
  // Old ones do not understand what says how much we take.
  const isUnderstood =
    answer.encoded.code !== responseCodes.formatError && answer.encoded.code !== responseCodes.notImplemented;
  const final = isUnderstood ? answer : await askByUdp(seal(inquiry, 'plain'), resolver, signal);
  return final.isTruncated ? await askByTcp(seal(inquiry, 'edns'), resolver, signal) : final;
}

function seal({ question, isDnssecOk, isCheckingDisabled }: Inquiry, form: 'edns' | 'plain'): Envelope {
  const id = randomInt(0x10000);
  const end = headerBytes + question.length;
  const message = Buffer.alloc(form === 'edns' ? end + ednsBytes : end);
  const flags = responseFlags.recursionDesired | (isCheckingDisabled ? responseFlags.checkingDisabled : 0);
  writeHeader(message, [id, flags, 1, 0, 0, form === 'edns' ? 1 : 0]);
  message.set(question, headerBytes);
  if (form === 'edns') writeEdns(message, end, 0, isDnssecOk);
  return { id, question, message };
}

async function askByUdp(
  { id, question, message }: Envelope,
  resolver: string,
  signal: AbortSignal,
): Promise<ForeignAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ForeignAnswer>();
  signal.throwIfAborted();
  const socket = createSocket(isIPv6(resolver) ? 'udp6' : 'udp4');
  const give = () => reject(signal.reason);
  signal.addEventListener('abort', give);
  socket.on('error', reject);
  socket.on('message', (bytes) => {
    const answer = readForeignAnswer(bytes, id, question);
    if (answer) resolve(answer);
  });
  const send = (error?: Error) => (error ? reject(error) : socket.send(message));
  socket.connect(dnsPort, resolver, send as () => void);
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', give);
    socket.close();
  }
}

async function askByTcp(
  { id, question, message }: Envelope,
  resolver: string,
  signal: AbortSignal,
): Promise<ForeignAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ForeignAnswer>();
  const socket = connect({ port: dnsPort, host: resolver, signal });
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('closed before an answer came')));
  takeMessages(socket, (bytes) => {
    const answer = readForeignAnswer(bytes, id, question);
    if (answer) resolve(answer);
  });
  socket.write(framed(message));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}
