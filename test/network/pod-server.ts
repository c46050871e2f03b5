// A program: what runs in a pod. Tells its name and who asks, by TCP (then closes; also over IPv6) and by UDP, on port 8080 and on those that are
// named after it.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

const [name = '', ...ports] = process.argv.slice(2);

async function serve(port: number): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(`${name} ${socket.remoteAddress?.replace('::ffff:', '')}`);
  }).listen(port);
  const udp = createSocket('udp4');
  udp.on('message', (_, { address, port: from }) => udp.send(`${name} ${address}`, from, address));
  udp.bind(port);
  await Promise.all([once(server, 'listening'), once(udp, 'listening')]);
}

// A page for who asks on port 8081: many packets, as large as the way allows.
createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.end(Buffer.alloc(200_000, name));
}).listen(8081, '0.0.0.0');

await Promise.all([8080, ...ports.map(Number)].map(serve));
process.stdout.write('listening\n');
