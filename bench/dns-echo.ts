// A program: sends back what comes to PORT of ADDRESS by UDP, with the mark of an answer. The least that a Node program can do for
// a lookup.
import { createSocket } from 'node:dgram';

const [address = '', port = ''] = process.argv.slice(2);
const socket = createSocket('udp4');
socket.on('message', (query, from) => {
  query[2] = 0x80;
  query[7] = 1;
  socket.send(query, from.port, from.address, () => {});
});
socket.bind(Number(port), address, () => process.stdout.write('listening\n'));
