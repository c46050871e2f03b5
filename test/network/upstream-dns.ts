// A program: the resolver of the world outside, on port 53, UDP and TCP. Every name has the address 192.0.2.77; names that begin
// with "big" have so many that they fit only through TCP.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import packet, { type Answer } from 'dns-packet';
import { framed, takeMessages } from '../../src/network/dns/tcp-messages.ts';

function respond(query: Buffer, limit: number): Buffer {
  const { id = 0, questions = [] } = packet.decode(query);
  const name = questions[0]?.name ?? '';
  const count = name.startsWith('big') ? 100 : 1;
  const answers = Array.from(
    { length: count },
    (_, index): Answer => ({ type: 'A', name, ttl: 60, data: `192.0.2.${77 + index}` }),
  );
  const response = { type: 'response' as const, id, questions, flags: packet.RECURSION_AVAILABLE };
  const whole = packet.encode({ ...response, answers });
  if (whole.length <= limit) return whole;
  return packet.encode({ ...response, flags: response.flags | packet.TRUNCATED_RESPONSE });
}

const udp = createSocket('udp4');
udp.on('message', (query, { address, port }) => udp.send(respond(query, 512), port, address));
udp.bind(53);
createServer((socket) => takeMessages(socket, (query) => socket.write(framed(respond(query, 65_535))))).listen(53, () =>
  process.stdout.write('listening\n'),
);
