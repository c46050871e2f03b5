// A state that is damaged on disk: the server does not start on it, and says which backup there is and how to go back to it. What it
// says is then done, and all is there again.
import assert from 'node:assert/strict';
import { copyFile, open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import { listBackups } from '../../src/backup/rolling-backups.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { wherry } from '../cli/wherry.ts';
import { TestServer } from '../controllers/test-server.ts';
import { readAll, Writer } from './workload.ts';

const keep = 2;
let server: TestServer;
before(async () => {
  server = await TestServer.open(['--backup-interval', '1s', '--backup-keep', String(keep)]);
});
after(() => server?.close());

const text = 'a text that stands in one value only';

async function garble(file: string, positions: number[]): Promise<void> {
  assert.ok(positions.length > 0);
  const handle = await open(file, 'r+');
  for (const position of positions) await handle.write('#?!', position);
  await handle.close();
}

/** All places of a text: of a row that has been moved, what it was before may still be there. */
async function placesOf(file: string, text: string): Promise<number[]> {
  const content = await readFile(file);
  const places: number[] = [];
  for (let at = content.indexOf(text); at >= 0; at = content.indexOf(text, at + 1)) places.push(at);
  return places;
}

const damages: Record<string, (file: string) => Promise<void>> = {
  'the head is garbled': (file) => garble(file, [2]),
  'a page is garbled': (file) => garble(file, [4096 * 2 + 3]),
  'a value is garbled': async (file) => garble(file, await placesOf(file, text)),
  'a key is garbled': async (file) => garble(file, await placesOf(file, '/objects/configmaps/default/text')),
  'half of it is gone': async (file) => truncate(file, Math.floor((await readFile(file)).length / 8192) * 4096),
  'all of it is gone': (file) => truncate(file, 0),
  'it is something else': (file) => writeFile(file, 'Hello, world! '.repeat(1000)),
};

test('a server refuses a damaged state and names the way back, which works', async () => {
  const writer = new Writer('w');
  let count = 0;
  await assert.rejects(
    writer.work(server.client, () => {
      if (++count === 30) throw new Error('enough');
    }),
    /enough/,
  );
  await server.client.create(configMaps, { metadata: { namespace: 'default', name: 'text' }, data: { text } });
  const { objects, revision } = await readAll(server.client);
  const backups = join(server.dataDir, 'backups');
  const newest = await waitUntil('a backup of all that was written', async () => {
    const [first] = await listBackups(backups);
    return Number(/-r(\d+)\./.exec(first ?? '')?.[1]) >= revision && first;
  });
  await waitUntil('older backups are gone', async () => (await listBackups(backups)).length <= keep);
  assert.equal(await server.end('SIGTERM'), 0);

  const state = join(server.dataDir, 'server/state/state.db');
  await copyFile(state, `${state}.whole`);
  let said = '';
  for (const [what, damage] of Object.entries(damages)) {
    await copyFile(`${state}.whole`, state);
    await damage(state);
    const started = server.start().then(() => server.kill().then(() => assert.fail(`it started although ${what}`)));
    await assert.rejects(started, (error: Error) => {
      said = error.message;
      assert.match(said, /the server ended with 1/, what);
      assert.match(said, /the cluster's state is damaged: .*state\.db cannot be opened/, what);
      return true;
    });
  }
  const [, command = ''] = /Go back to it with: wherry (.+)/.exec(said) ?? [];
  const [named = ''] = (await listBackups(backups)).slice(0, 1);
  assert.equal(command, `restore --force --data-dir ${server.dataDir} ${named}`);
  assert.ok(named >= newest);
  const restored = await wherry(command.split(' '));
  assert.equal(restored.code, 0, restored.stderr);
  await server.start();
  const found = (await readAll(server.client)).objects;
  const contents = (all: typeof objects) => [...all].map(([name, { data }]) => [name, data]);
  assert.deepEqual(contents(found), contents(objects));
});
