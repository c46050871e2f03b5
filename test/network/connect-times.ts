// A program: connects to ADDRESS PORT over and over, one after the other, and prints how long the middle one took, in microseconds.
import { once } from 'node:events';
import { connect } from 'node:net';

const [address = '', port = '', count = '400'] = process.argv.slice(2);
const times: number[] = [];
for (let index = 0; index < Number(count); index++) {
  const begun = performance.now();
  const socket = connect(Number(port), address);
  await once(socket, 'connect');
  times.push((performance.now() - begun) * 1000);
  socket.resume();
  await once(socket, 'close');
}
times.sort((one, other) => one - other);
process.stdout.write(`${Math.round(times[Math.floor(times.length / 2)] ?? 0)}\n`);
