// A program: asks ADDRESS PORT over PROTOCOL, COUNT times at RATE a second, each time on a new connection, and again as often as
// RETRIES where that fails. Each line that it prints is what became of one request. Goes on until its standard input ends where
// COUNT is 0.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAwake } from './awake-time.ts';

const [address = '', port = '', protocol = 'tcp', count = '1', rate = '100', retries = '0'] = process.argv.slice(2);
const withinMs = 2_000;

async function askOnce(): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const callOff = afterAwake(withinMs, () => reject(new Error('timeout')));
  if (protocol === 'udp') {
    const socket = createSocket('udp4');
    socket.on('message', (message) => resolve(String(message))).on('error', reject);
    socket.connect(Number(port), address, () => socket.send('who'));
    return await promise.finally(() => socket.close()).finally(callOff);
  }
  let text = '';
  const socket = connect(Number(port), address);
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.on('end', () => resolve(text)).on('error', (error: NodeJS.ErrnoException) => reject(new Error(error.code)));
  return await promise.finally(() => socket.destroy()).finally(callOff);
}

async function ask(): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      return `${tries} ${await askOnce()}`;
    } catch (error) {
      if (tries >= Number(retries)) return `failed ${(error as Error).message}`;
    }
  }
}

let isAsked = true;
if (count === '0') process.stdin.resume().on('end', () => (isAsked = false));
const begun = performance.now();
const pending: Promise<unknown>[] = [];
for (let index = 0; count === '0' ? isAsked : index < Number(count); index++) {
  await delay(Math.max(0, begun + (index * 1000) / Number(rate) - performance.now()));
  pending.push(ask().then((outcome) => process.stdout.write(`${outcome}\n`)));
}
await Promise.all(pending);
