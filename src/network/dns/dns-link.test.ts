import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hear, type ToProgram, tell } from './dns-link.ts';

/** One side, as the DNS program is: it greets, and hears. Answers what it has heard of a peer when that is gone. */
async function heardOf(path: string, peer: (socket: Socket) => void): Promise<ToProgram[]> {
  const heard: ToProgram[] = [];
  const gone = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('close', () => gone.resolve());
    hear<ToProgram>(socket, (message) => heard.push(message));
    tell(socket, { is: 'here', build: 'x' });
  }).listen(path);
  await once(server, 'listening');
  const socket = connect(path, () => peer(socket)).on('error', () => {});
  await gone.promise;
  server.close();
  return heard;
}

const word = '{"do":"begin"}\n';
const peers: [string, (socket: Socket) => void, heard: ToProgram[]][] = [
  ['that says something and goes', (socket) => socket.resume().end(word), [{ do: 'begin' }]],
  ['that ends in the midst of a line', (socket) => socket.resume().end(`${word}{"do":"put","ser`), [{ do: 'begin' }]],
  ['that talks nonsense, and would stay', (socket) => socket.resume().write('GET / HTTP/1.1\n'), []],
  [
    'that goes with a word unread',
    (socket) => socket.write(word, () => setTimeout(() => socket.destroy(), 20)),
    [{ do: 'begin' }],
  ],
  ['that is gone at once', (socket) => socket.destroy(), []],
];

for (const [name, peer, expected] of peers) {
  test(`a peer ${name} does no harm`, { timeout: 10_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dns-link-'));
    try {
      assert.deepEqual(await heardOf(join(folder, 'sock'), peer), expected);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}
