// A program: what runs in a pod. Tells its name and who asks, by TCP (then closes) and by UDP, on port 8080.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const name = process.argv[2] ?? '';
createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.end(`${name} ${socket.remoteAddress}`);
}).listen(8080, '0.0.0.0', () => process.stdout.write('listening\n'));

const udp = createSocket('udp4');
udp.on('message', (_, { address, port }) => udp.send(`${name} ${address}`, port, address));
udp.bind(8080);

// A page for who asks on port 8081: many packets, as large as the way allows.
createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.end(Buffer.alloc(200_000, name));
}).listen(8081, '0.0.0.0');
