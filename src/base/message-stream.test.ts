import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { MessageStream } from './message-stream.ts';

const limits = { timeout: 10_000 };

/** Both ends of a stream over a real WebSocket, and the sockets beneath. */
async function openPair(t: TestContext) {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [[served]] = (await Promise.all([once(sockets, 'connection'), once(client, 'open')])) as [[WebSocket], unknown];
  t.after(() => {
    client.terminate();
    server.close();
  });
  return { near: new MessageStream(client), far: new MessageStream(served), client, served };
}

test('each direction ends by itself, behind all that was said', limits, async (t) => {
  const { near, far } = await openPair(t);
  near.end('question');
  assert.equal(await text(far), 'question');
  far.write('ans');
  far.end('wer');
  assert.equal(await text(near), 'answer');
  if (!near.closed) await once(near, 'close');
  assert.equal(near.errored, null);
});

test('who does not read is waited for, and then gets everything', limits, async (t) => {
  const { near, far } = await openPair(t);
  const mebibyte = Buffer.alloc(2 ** 20, 7);
  let written = 0;
  const writing = (async () => {
    for (let round = 0; round < 64; round += 1) {
      if (!near.write(mebibyte)) await once(near, 'drain');
      written += 1;
    }
    near.end();
  })();
  // Until nothing moves any more.
  for (let before = -1; before !== written; ) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.ok(written < 64, `${written} of 64 were taken although nobody read`);
  assert.equal((await buffer(far)).length, 64 * mebibyte.length);
  await writing;
  far.end();
  await once(near.resume(), 'close');
});

test('a connection that breaks breaks the stream, on both sides', limits, async (t) => {
  const { near, far, client } = await openPair(t);
  const broken = once(far, 'error');
  near.on('error', () => {});
  far.resume();
  client.terminate();
  const [error] = (await broken) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNRESET');
  if (!near.closed) await once(near, 'close');
});
