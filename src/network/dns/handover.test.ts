// This file is the next program, too: it answers each datagram with what it was, and whether it is in office.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { HeirProcess } from '../../base/exec.ts';
import { hasPredecessor, type Inheritance, takeOver } from './handover.ts';

let isInOffice = false;

function inherit({ sockets: { udp } }: Inheritance) {
  udp.on('message', (query, { port, address }) =>
    udp.send(`${isInOffice ? 'in office, ' : ''}heard ${query}`, port, address),
  );
  return { send: () => {} };
}

/** Gives the next program all up to some word, and goes on with the port that it has then. */
async function handingOver(upTo: 'udp' | 'tcp', goOn: (port: number, heir: HeirProcess, ask: Ask) => Promise<void>) {
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
    const ask = async () => {
      client.send('a question', port, '127.0.0.1');
      return String((await once(client, 'message', { signal: AbortSignal.timeout(10_000) }))[0]);
    };
    if (upTo === 'udp') return await goOn(port, heir, ask);
    heir.send({ give: 'tcp' }, tcp);
    await heir.says('taken');
    await goOn(port, heir, ask);
  } finally {
    heir.kill();
    tcp.close();
    client.close();
  }
}
type Ask = () => Promise<string>;

async function isFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4').bind(port, '127.0.0.1');
  try {
    return await once(socket, 'listening').then(
      () => true,
      () => false,
    );
  } finally {
    socket.close();
  }
}

function tests(): void {
  test('what is asked between two words of the handover is answered', () =>
    handingOver('udp', async (_, heir, ask) => {
      const answered = ask();
      await delay(300); // it has heard, and has nobody to tell yet
      const tcp = createServer().listen(0, '127.0.0.1');
      await once(tcp, 'listening');
      heir.send({ give: 'tcp' }, tcp);
      await heir.says('taken');
      assert.equal(await answered, 'heard a question');
      tcp.close();
    }));

  test('one that has all and is left takes the office by itself', { timeout: 20_000 }, () =>
    handingOver('tcp', async (_, heir, ask) => {
      assert.equal(await ask(), 'heard a question');
      heir.disconnect();
      while ((await ask()) !== 'in office, heard a question') await delay(20);
    }),
  );

  test('one that has not all and is left gives up what it has', { timeout: 20_000 }, () =>
    handingOver('udp', async (port, heir) => {
      heir.disconnect();
      while (!(await isFree(port))) await delay(20);
    }),
  );
}

if (process.argv[2] === 'heir' && hasPredecessor())
  takeOver({
    inherit,
    listen: async () => {
      isInOffice = true;
    },
  });
else tests();
