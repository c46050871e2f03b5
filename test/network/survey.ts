// A program: asks many addresses at once, each so many times in a row on new connections, and prints who answered: an object of
// sorted, distinct outcomes by question. Its argument is the list of questions, in JSON.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { afterAwake } from './awake-time.ts';

export interface Question {
  id: string;
  protocol: 'tcp' | 'udp';
  address: string;
  port: number;
  times: number;
  /** Comes from this port, where it matters that it is always the same. */
  fromPort?: number;
}

const withinMs = 1_500;

function askTcp({ address, port }: Question, done: (outcome: string) => void): () => void {
  let text = '';
  const socket = connect({ host: address, port });
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.on('end', () => done(text)).on('error', ({ code }: NodeJS.ErrnoException) => done(code ?? 'error'));
  return () => socket.destroy();
}

function askUdp({ address, port, fromPort }: Question, done: (outcome: string) => void): () => void {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  socket.on('message', (message) => done(String(message)));
  socket.on('error', ({ code }: NodeJS.ErrnoException) => done(code ?? 'error'));
  const send = () =>
    socket.connect(port, address, () =>
      socket.send('who', (error) => error && done((error as NodeJS.ErrnoException).code ?? '')),
    );
  if (fromPort) socket.bind(fromPort, send);
  else send();
  return () => socket.close();
}

async function ask(question: Question): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const callOff = afterAwake(withinMs, () => resolve('nothing'));
  const close = (question.protocol === 'tcp' ? askTcp : askUdp)(question, resolve);
  return await promise.finally(() => {
    callOff();
    close();
  });
}

async function outcomesOf(question: Question): Promise<[string, string[]]> {
  const outcomes = new Set<string>();
  for (let time = 0; time < question.times; time++) outcomes.add(await ask(question));
  return [question.id, [...outcomes].sort()];
}

const questions = JSON.parse(process.argv[2] ?? '[]') as Question[];
process.stdout.write(JSON.stringify(Object.fromEntries(await Promise.all(questions.map(outcomesOf)))));
