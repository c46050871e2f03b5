import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { ReachEcho } from './reach-echo.ts';

const port = 8473;

test('who asks is answered and heard; of very many who ask, those that asked last', { timeout: 60_000 }, async () => {
  const over = new AbortController();
  const echo = await ReachEcho.open('127.84.0.1', systemClock, over.signal);
  const askAs = async (address: string) => {
    const socket = createSocket('udp4').bind(port, address);
    await once(socket, 'listening');
    const answered = once(socket, 'message');
    socket.send('?question', port, '127.84.0.1');
    assert.equal(String((await answered)[0]), '!question');
    socket.close();
  };
  const others = Array.from({ length: 1_001 }, (_, index) => `127.84.${1 + (index >> 8)}.${index & 255}`);
  const [first = '', second = '', third = ''] = others;
  try {
    for (const address of others.slice(0, 1_000)) await askAs(address);
    assert.ok(echo.hasHeard(first, 60_000));
    // It is the second that has been silent for longest now.
    for (const address of [first, ...others.slice(1_000)]) await askAs(address);
    const heard = [first, second, third, others.at(-1) ?? ''].map((address) => echo.hasHeard(address, 60_000));
    assert.deepEqual(heard, [true, false, true, true]);
  } finally {
    over.abort();
  }
});
