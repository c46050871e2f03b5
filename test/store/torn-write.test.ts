// A machine that loses its power leaves the end of the log torn. Whatever is wrong with that end, the state opens, as it was after
// some commit: all before the tear is there, and no transaction is there by half.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EmbeddedStore } from '../../src/store/embedded/embedded-store.ts';

let directory: string;
let log: Buffer;
/** The newest revision that was acknowledged before the kill. */
let acknowledged = 0;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-torn-'));
  const state = join(directory, 'state');
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', process.execPath, fileURLToPath(import.meta.resolve('./engine-writer.ts')), state],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    // Before the log is full and begun anew, so that its end is the end of the file.
    if (output.split('\n').length > 120) child.kill('SIGKILL');
  });
  await once(child, 'close');
  acknowledged = Math.max(...output.split('\n').slice(0, -1).map(Number));
  log = await readFile(join(state, 'state.db-wal'));
});
after(() => rm(directory, { recursive: true, force: true }));

/** Opens the state with another log, and answers the revision that it is at. */
async function openWith(name: string, change: (file: string) => Promise<void>): Promise<number> {
  const state = join(directory, name);
  await mkdir(state);
  await copyFile(join(directory, 'state/state.db'), join(state, 'state.db'));
  await writeFile(join(state, 'state.db-wal'), log);
  await change(join(state, 'state.db-wal'));
  const store = await EmbeddedStore.open(state);
  try {
    const { entries, revision } = await store.range('/');
    const half = entries.filter(({ key, value, revision: written }) => {
      const other = key.endsWith('one') ? key.replace(/one$/, 'two') : key.replace(/two$/, 'one');
      const found = entries.find((entry) => entry.key === other);
      return found?.value !== value || found.revision !== written;
    });
    assert.deepEqual(half, [], `${name}: transactions that are there by half`);
    assert.ok(entries.every((entry) => entry.revision <= revision));
    await store.check();
    assert.ok((await store.transact([{ key: '/next', value: 'x' }])) > revision);
    return revision;
  } finally {
    await store.close();
    await rm(state, { recursive: true });
  }
}

test('what was acknowledged before a kill is there, also with rubbish behind it', async () => {
  assert.ok((await openWith('whole', async () => {})) >= acknowledged);
  const rubbish = Buffer.alloc(10_000, 'rubbish');
  const torn = log.subarray(-3000);
  for (const [name, tail] of Object.entries({ rubbish, torn, zeroes: Buffer.alloc(5000) })) {
    const append = (file: string) => writeFile(file, tail, { flag: 'a' });
    assert.ok((await openWith(name, append)) >= acknowledged, name);
  }
});

test('wherever the log is cut off, what is left is the state after some commit', async () => {
  const revisions: number[] = [];
  for (let cut = 1; cut < log.length; cut = Math.ceil(cut * 1.7)) {
    revisions.push(await openWith(`cut-${cut}`, (file) => truncate(file, log.length - cut)));
  }
  // The more is cut off, the less there is; of a small cut only the last commit is hurt.
  assert.deepEqual(
    revisions,
    revisions.toSorted((one, other) => other - one),
  );
  assert.ok(
    revisions.length > 15 && (revisions[0] ?? 0) >= acknowledged - 3 && (revisions.at(-1) ?? 0) < acknowledged / 2,
  );
});

test('wherever the log is garbled, what was written before is there', async () => {
  for (let back = 5; back < log.length - 32; back = Math.ceil(back * 2.3)) {
    const revision = await openWith(`garbled-${back}`, async (file) => {
      const garbled = Buffer.from(log);
      const from = garbled.length - back;
      garbled.fill(0x5a, from, Math.min(from + 64, garbled.length));
      await writeFile(file, garbled);
    });
    if (back < 4096) assert.ok(revision >= acknowledged - 3, `${back}: ${revision} of ${acknowledged}`);
  }
});
