// A program: sends COUNT lookups to SERVER PORT at so many a SECOND (0: as fast as WINDOW of them may wait for an answer), by UDP
// and never twice, each for the next of NAMES (A records). Prints what became of them, in JSON.
import { createSocket } from 'node:dgram';
import packet from 'dns-packet';

export interface LoadReport {
  asked: number;
  lost: number;
  /** Not the answer that was expected. */
  empty: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  p999Ms: number;
  slowestMs: number;
  /** Answers that took as long as a C library waits before it asks again. */
  stalls: number;
}

const [server = '', port = '53', countText = '0', perSecondText = '0', windowText = '64', ...names] =
  process.argv.slice(2);
const [count, perSecond, window] = [Number(countText), Number(perSecondText), Number(windowText)];
const stallMs = 5_000;
const idsAtOnce = 0x10000;

const queries = names.map((name) =>
  packet.encode({ type: 'query', id: 0, flags: packet.RECURSION_DESIRED, questions: [{ type: 'A', name }] }),
);
const sentAt = new Float64Array(idsAtOnce).fill(-1);
const times: number[] = [];
let [asked, empty, lastMs] = [0, 0, 0];

const socket = createSocket({ type: 'udp4', recvBufferSize: 2 ** 22 });
socket.on('message', (answer) => {
  const id = answer.readUInt16BE(0);
  const sent = sentAt[id] ?? -1;
  if (sent < 0) return;
  sentAt[id] = -1;
  lastMs = performance.now();
  times.push(lastMs - sent);
  if (answer.readUInt16BE(6) === 0) empty++;
  if (perSecond === 0) sendDue();
});
await new Promise<void>((resolve) => socket.connect(Number(port), server, resolve));

function send(): void {
  const query = Buffer.from(queries[asked % queries.length] ?? Buffer.alloc(0));
  const id = asked++ % idsAtOnce;
  query.writeUInt16BE(id, 0);
  sentAt[id] = performance.now();
  socket.send(query);
}

const begun = performance.now();

function sendDue(): void {
  const due = perSecond === 0 ? times.length + window : ((performance.now() - begun) * perSecond) / 1000;
  while (asked < Math.min(count, due)) send();
}

const { promise: allSent, resolve } = Promise.withResolvers<void>();
const timer = setInterval(() => {
  sendDue();
  if (asked >= count) resolve();
}, 1);
await allSent;
clearInterval(timer);
for (let waitedMs = 0; times.length < asked && waitedMs < stallMs * 2; waitedMs += 10) {
  await new Promise((wake) => setTimeout(wake, 10));
}
socket.close();
times.sort((a, b) => a - b);
const at = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;
const report: LoadReport = {
  asked,
  lost: asked - times.length,
  empty,
  perSecond: Math.round((times.length * 1000) / (lastMs - begun)),
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  p999Ms: at(0.999),
  slowestMs: times.at(-1) ?? 0,
  stalls: times.filter((ms) => ms >= stallMs).length,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
