import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { PacedWriter } from './paced-writer.ts';
import type { Response } from './send.ts';

/** A client that reads when it is told to. */
class SlowClient extends EventEmitter {
  readonly #closing = new AbortController();
  readonly closed = this.#closing.signal;
  isEnded = false;
  written: string[] = [];
  write(bytes: Buffer): boolean {
    this.written.push(bytes.toString());
    return false;
  }
  reads(): void {
    this.emit('drain');
  }
  destroy(): void {
    this.#closing.abort();
  }
  end(): void {
    this.isEnded = true;
  }
  get text(): string {
    return this.written.join('');
  }
}

function writerTo(client: SlowClient, faults: unknown[] = []): PacedWriter {
  return new PacedWriter(client as unknown as Response, client.closed, (error) => faults.push(error));
}

const megabyte = 'x'.repeat(1024 * 1024);

test('what is there at the beginning is made as it is read, however much it is', async () => {
  const client = new SlowClient();
  const writer = writerTo(client);
  let made = 0;
  for (let piece = 0; piece < 100; piece++) {
    writer.write(() => {
      made++;
      return Buffer.from(megabyte);
    });
  }
  assert.equal(made, 0);
  writer.start();
  assert.equal(made, 1);
  writer.write(() => Buffer.from('last'));
  await setImmediate();
  for (let read = 0; read < 100; read++) client.reads();
  assert.deepEqual([made, client.closed.aborted, client.text.length], [100, false, 100 * megabyte.length + 4]);
  assert.ok(client.text.endsWith('last'));
});

test('what comes in one turn leaves in one write', async () => {
  const client = new SlowClient();
  const writer = writerTo(client);
  writer.start();
  for (const text of ['a', 'b', 'c']) writer.write(() => Buffer.from(text));
  await setImmediate();
  assert.deepEqual(client.written, ['abc']);
  writer.write(() => Buffer.from('d'));
  await setImmediate();
  assert.equal(client.text, 'abc', 'not before the client has read');
  client.reads();
  writer.end();
  assert.deepEqual([client.written, client.isEnded], [['abc', 'd'], true]);
});

test('who lets too much of what comes lie unread is cut off', async () => {
  const client = new SlowClient();
  const writer = writerTo(client);
  writer.start();
  for (let piece = 0; piece < 17; piece++) {
    writer.write(() => Buffer.from(megabyte));
    await setImmediate();
    assert.equal(client.closed.aborted, false, String(piece));
  }
  writer.write(() => Buffer.from(megabyte));
  assert.equal(client.closed.aborted, true);
});

test('for one who has gone nothing more is made', () => {
  const client = new SlowClient();
  const writer = writerTo(client);
  writer.write(() => assert.fail('made for nobody'));
  client.destroy();
  writer.start();
  writer.end();
  assert.deepEqual([client.written, client.isEnded], [[], true]);
});

test('what cannot be made ends nothing but this', () => {
  const [client, faults]: [SlowClient, unknown[]] = [new SlowClient(), []];
  const writer = writerTo(client, faults);
  const fault = new Error('no');
  for (const make of [
    () => Buffer.from(megabyte),
    () => {
      throw fault;
    },
  ])
    writer.write(make);
  writer.start();
  client.reads();
  assert.deepEqual(faults, [fault]);
});
