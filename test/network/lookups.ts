// A program: asks the resolver SERVER so many times a SECOND, by UDP and without asking twice, until its standard input ends:
// for names of the cluster, and each time for another name outside. Prints a line when it begins, and at the end what became of
// them, in JSON.
import { createSocket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';
import packet, { type Question } from 'dns-packet';
import { afterAwake } from './awake-time.ts';

export interface LookupReport {
  asked: number;
  /** What was not answered as it should, and when, from the start. */
  failed: { name: string; atMs: number; why: string }[];
  slowestMs: number;
}

const [server = '', perSecond = '100'] = process.argv.slice(2);
/** A resolver that has waited so long asks again: who waits less has noticed nothing. */
const answerWithinMs = 5_000;

const socket = createSocket('udp4');
const waiting = new Map<number, (answer: Buffer) => void>();
socket.on('message', (answer) => waiting.get(answer.readUInt16BE(0))?.(answer));
socket.on('error', () => {}); // the answer will be missing
await new Promise<void>((resolve) => socket.connect(53, server, resolve));

const begun = performance.now();
const report: LookupReport = { asked: 0, failed: [], slowestMs: 0 };

async function lookUp(question: Question): Promise<void> {
  const id = report.asked++ % 0x10000;
  const askedMs = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  waiting.set(id, resolve);
  const callOff = afterAwake(answerWithinMs, () => reject(new Error('no answer')));
  socket.send(packet.encode({ type: 'query', id, flags: packet.RECURSION_DESIRED, questions: [question] }), (error) => {
    if (error) reject(error);
  });
  try {
    const { answers = [], flags = 0 } = packet.decode(await promise);
    if (answers.length === 0) throw new Error(`response code ${flags & 15}`);
  } catch (error) {
    report.failed.push({ name: question.name, atMs: Math.round(askedMs - begun), why: (error as Error).message });
  } finally {
    callOff();
    waiting.delete(id);
    report.slowestMs = Math.max(report.slowestMs, performance.now() - askedMs);
  }
}

const questions = [
  (): Question => ({ type: 'A', name: 'web.shop.svc.cluster.local' }),
  (): Question => ({ type: 'A', name: 'few.shop.svc.cluster.local' }),
  (): Question => ({ type: 'SRV', name: '_http._tcp.web.shop.svc.cluster.local' }),
  (): Question => ({ type: 'A', name: `n${report.asked}.example` }),
];

process.stdout.write('asking\n');
let isAsked = true;
process.stdin.resume().on('end', () => (isAsked = false));
const pending: Promise<void>[] = [];
for (let index = 0; isAsked; index++) {
  await delay(Math.max(0, begun + (index * 1000) / Number(perSecond) - performance.now()));
  const question = questions[index % questions.length];
  if (question) pending.push(lookUp(question()));
}
await Promise.all(pending);
socket.close();
process.stdout.write(`${JSON.stringify(report)}\n`);
