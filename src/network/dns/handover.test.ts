// This file is the next program, too: it answers each datagram with what it was.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { HeirProcess } from '../../base/exec.ts';
import { hasPredecessor, type Inheritance, takeOver } from './handover.ts';

function inherit({ sockets: { udp } }: Inheritance) {
  udp.on('message', (query, { port, address }) => udp.send(`heard ${query}`, port, address));
  return { send: () => {} };
}

if (process.argv[2] === 'heir' && hasPredecessor()) takeOver({ inherit, listen: async () => {} });
else
  test('what is asked between two words of the handover is answered', async () => {
    const [udp, tcp, client] = [createSocket('udp4'), createServer(), createSocket('udp4')];
    const heir = new HeirProcess(process.execPath, [import.meta.filename, 'heir']);
    try {
      udp.bind(0, '127.0.0.1');
      tcp.listen(0, '127.0.0.1');
      await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
      const { port } = udp.address();
      await heir.says('ready');
      heir.send({ give: 'state', settings: {}, services: [], namespaces: [], isComplete: true });
      heir.send({ give: 'udp' }, udp);
      // From now on only the heir hears.
      udp.close();
      client.send('a question', port, '127.0.0.1');
      const answered = once(client, 'message', { signal: AbortSignal.timeout(10_000) });
      await delay(300); // it has heard, and has nobody to tell yet
      heir.send({ give: 'tcp' }, tcp);
      await heir.says('taken');
      assert.equal(String((await answered)[0]), 'heard a question');
    } finally {
      heir.kill();
      tcp.close();
      client.close();
    }
  });
