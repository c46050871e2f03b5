import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import fc from 'fast-check';
import { joinedSides, openHead } from './client-for-tests.ts';
import { dataHead, pingFrame, resetFrame, SpdyFault } from './frames.ts';
import type { SpdyStream } from './spdy-stream.ts';

const timeout = 20_000;

test('streams are opened, told apart by their headers, and end one direction at a time', { timeout }, async () => {
  const opened = new Map<string, SpdyStream>();
  const { client, server, ended } = joinedSides((stream) => opened.set(stream.headers.get('streamtype') ?? '', stream));
  await client.open(1, { streamtype: 'stdin', other: 'größer' });
  await client.open(3, { streamtype: 'stdout' });
  client.transport.write(Buffer.concat([dataHead(1, 5, { isLast: false }), Buffer.from('hello')]));
  client.transport.write(dataHead(1, 0, { isLast: true }));
  await client.frame((frame) => frame.type === 'other');
  const stdin = opened.get('stdin') as SpdyStream;
  assert.equal(stdin.headers.get('other'), 'größer');
  assert.equal(await text(stdin), 'hello');
  opened.get('stdout')?.end('out');
  const data = await client.frame((frame) => frame.type === 'data');
  assert.deepEqual(data, { type: 'data', streamId: 3, bytes: Buffer.from('out'), isLast: false });
  await client.frame((frame) => frame.type === 'data' && frame.isLast);
  client.transport.write(pingFrame(7));
  assert.deepEqual(await client.frame((frame) => frame.type === 'ping'), { type: 'ping', id: 7 });
  server.close();
  await client.frame((frame) => frame.type === 'goAway');
  client.transport.end();
  assert.equal(await ended, undefined);
  assert.ok(stdin.destroyed);
});

test('a reader who does not read stops the sender, and nothing is lost', { timeout }, async () => {
  const { promise, resolve } = Promise.withResolvers<SpdyStream>();
  const { client } = joinedSides(resolve);
  await client.open(1, {});
  const piece = Buffer.alloc(64 * 1024, 'x');
  let sent = 0;
  while (sent < 100) {
    sent += 1;
    client.transport.write(dataHead(1, piece.length, { isLast: false }));
    if (!client.transport.write(piece)) {
      const outcome = await Promise.race([once(client.transport, 'drain'), new Promise((go) => setTimeout(go, 200))]);
      if (!outcome) break;
    }
  }
  assert.ok(sent < 20, `${sent} pieces were taken`);
  const stream = await promise;
  assert.ok(stream.readableLength < 600_000, `${stream.readableLength} bytes are kept`);
  client.transport.write(dataHead(1, 0, { isLast: true }));
  let received = 0;
  for await (const bytes of stream) received += (bytes as Buffer).length;
  assert.equal(received, sent * piece.length);
});

test('a stream that is reset ends alone, and a refused one is told', { timeout }, async () => {
  const opened: SpdyStream[] = [];
  const { client } = joinedSides((stream) => {
    if (stream.headers.has('bad')) throw new Error('not that one');
    opened.push(stream);
  });
  await client.open(1, {});
  await client.open(3, {});
  await client.open(5, { bad: '1' });
  await client.frame((frame) => frame.type === 'reset' && frame.streamId === 5);
  const [one, other] = opened as [SpdyStream, SpdyStream];
  const closed = new Promise((resolve) => one.once('close', resolve));
  client.transport.write(resetFrame(1, 5));
  await closed;
  assert.equal(other.destroyed, false);
  other.destroy();
  await client.frame((frame) => frame.type === 'reset' && frame.streamId === 3);
});

test('what breaks the protocol ends the connection with a reason', { timeout }, async () => {
  const cases: [Buffer, RegExp][] = [
    [Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0]), /not of SPDY\/3/],
    [Buffer.from([0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff]), /is too long/],
    [Buffer.from([0x80, 3, 0, 6, 0, 0, 0, 0]), /is cut off/],
    [Buffer.concat([openHead(1, 4), Buffer.from('nope')]), /not compressed as they should be/],
  ];
  for (const [bytes, reason] of cases) {
    const { client, ended } = joinedSides(() => {});
    client.transport.write(bytes);
    const fault = await ended;
    assert.ok(fault instanceof SpdyFault);
    assert.match(fault.message, reason);
    await client.frame((frame) => frame.type === 'goAway');
  }
  const { client, ended } = joinedSides(() => {});
  await client.open(3, {});
  await client.open(1, {});
  assert.match((await ended)?.message ?? '', /stream 1 cannot be opened after stream 3/);
});

test('headers that unpack to more than anyone needs end the connection', { timeout }, async () => {
  const { client, ended } = joinedSides(() => {});
  await client.open(1, { streamtype: 'x'.repeat(10_000_000) });
  assert.match((await ended)?.message ?? '', /too long/);
});

test('whatever bytes come, in whatever pieces, the connection ends or waits, and nothing is thrown', {
  timeout: 60_000,
}, async () => {
  const control = fc
    .tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 40 }), fc.uint8Array({ maxLength: 40 }))
    .map(([type, length, body]) => Buffer.concat([Buffer.from([0x80, 3, 0, type, 0, 0, 0, length]), body]));
  const data = fc
    .tuple(fc.integer({ min: 0, max: 9 }), fc.boolean(), fc.uint8Array({ maxLength: 40 }))
    .map(([id, isLast, body]) => Buffer.concat([dataHead(id, body.length, { isLast }), body]));
  const anything = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(control, data, anything), { maxLength: 12 }), fc.nat(), async (parts, seed) => {
      const { client, ended } = joinedSides((stream) => stream.resume());
      await client.open(1, {});
      const bytes = Buffer.concat(parts);
      for (let at = 0; at < bytes.length; ) {
        const length = 1 + ((seed * (at + 7)) % 13);
        client.transport.write(bytes.subarray(at, at + length));
        at += length;
      }
      client.transport.end();
      const fault = await ended;
      assert.ok(fault === undefined || fault instanceof SpdyFault);
    }),
    { numRuns: 300 },
  );
});
