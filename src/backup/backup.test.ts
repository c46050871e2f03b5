import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { systemClock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import { EmbeddedStore } from '../store/embedded/embedded-store.ts';
import { StoreInUse } from '../store/store.ts';
import { backupHead } from './backup-file.ts';
import { openState } from './open-state.ts';
import { restoreBackup, revisionPast } from './restore-backup.ts';
import { backupName, listBackups, removeUnfinished, takeRollingBackup } from './rolling-backups.ts';
import { takeBackup } from './take-backup.ts';

let directory: string;
let server: string;
let store: EmbeddedStore;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-backup-'));
  server = join(directory, 'server');
  await mkdir(join(server, 'pki/etcd'), { recursive: true });
  await writeFile(join(server, 'pki/ca.pem'), 'the authority', { mode: 0o600 });
  await writeFile(join(server, 'pki/etcd/key.bin'), Buffer.from([0, 255, 10]), { mode: 0o640 });
  store = await EmbeddedStore.open(join(server, 'state'));
});
afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true });
});

const log = createLog({ level: 'error' });
const nowMs = Date.parse('2026-11-21T12:00:00Z');
const take = (file = join(directory, 'one.backup.gz'), snapshot = store.snapshot()) =>
  takeBackup({ serverDirectory: server, snapshot }, nowMs, () => file);
const restore = (file: string, target: string, more: { replaces?: boolean; nowMs?: number } = {}) =>
  restoreBackup({ file, serverDirectory: join(directory, target), replaces: false, nowMs, ...more });

test('a backup brings keys and state to an empty directory, for the owner only', async () => {
  const value = 'ä\n"'.repeat(1000);
  await Promise.all(Array.from({ length: 700 }, (_, n) => store.transact([{ key: `/k/${n}`, value: `${n}${value}` }])));
  await store.transact([{ key: '/event', value: 'x', ttlSeconds: 3600 }]);
  const { file, entries, revision } = await take();
  assert.deepEqual([entries, revision], [701, store.stats().revision]);
  assert.equal((await stat(file)).mode & 0o777, 0o600);

  const restored = await restore(file, 'new/server');
  assert.deepEqual([restored.entries, restored.keptIn], [701, undefined]);
  assert.equal(await readFile(join(directory, 'new/server/pki/ca.pem'), 'utf8'), 'the authority');
  const binary = join(directory, 'new/server/pki/etcd/key.bin');
  assert.deepEqual([...(await readFile(binary))], [0, 255, 10]);
  assert.equal((await stat(binary)).mode & 0o777, 0o640);
  const again = await EmbeddedStore.open(join(directory, 'new/server/state'));
  const { entries: found } = await again.range('/');
  const { entries: wanted } = await store.range('/');
  const plain = (all: typeof found) => all.map(({ key, value }) => [key, value]);
  assert.deepEqual(plain(found), plain(wanted));
  assert.deepEqual([again.stats().keysWithTtl, again.stats().revision], [1, restored.revision]);
  await again.close();
});

test('a directory that is not empty is replaced only when that is wanted, and kept; one in use never', async () => {
  await store.transact([{ key: '/a', value: 'before' }]);
  const { file } = await take();
  const last = await store.transact([{ key: '/a', value: 'after' }]);
  await assert.rejects(restore(file, 'server'), /is not empty: say --force/);
  await assert.rejects(restore(file, 'server', { replaces: true }), StoreInUse);
  await store.close();
  const { keptIn, revision } = await restore(file, 'server', { replaces: true });
  assert.ok(revision > last);
  const read = async (of: string) => {
    const opened = await EmbeddedStore.open(join(of, 'state'));
    const entry = await opened.get('/a');
    await opened.close();
    return entry?.value;
  };
  assert.deepEqual([await read(server), await read(keptIn ?? '')], ['before', 'after']);
});

test('a damaged backup is refused and nothing is changed, whatever the damage is', async () => {
  await store.transact([
    { key: '/a', value: 'a' },
    { key: '/b', value: 'b' },
  ]);
  const { file } = await take();
  const bytes = await readFile(file);
  const text = gunzipSync(bytes).toString();
  const lines = text.trimEnd().split('\n');
  const without = (index: number) => gzipSync(`${lines.toSpliced(index, 1).join('\n')}\n`);
  const garbled = Buffer.from(bytes);
  garbled.writeUInt8((garbled.at(-30) ?? 0) ^ 0xff, garbled.length - 30);
  const cases: [what: string, content: Buffer, message: RegExp][] = [
    ['cut off', bytes.subarray(0, -20), /is damaged/],
    ['a byte turned', garbled, /is damaged/],
    ['nothing', Buffer.alloc(0), /is damaged/],
    ['not zipped', Buffer.from('hello'), /is damaged/],
    ['something else', gzipSync('{"a":1}\n'), /is no backup of Wherry/],
    ['an entry is missing', without(3), /checksum/],
    ['a key file is missing', without(1), /checksum/],
    ['the end is missing', without(lines.length - 1), /end is missing/],
    ['a value has changed', gzipSync(text.replace('"value":"a"', '"value":"c"')), /checksum/],
    ['two of them', gzipSync(text + text), /more after its end/],
    ['not JSON', gzipSync(text.replace('"key"', 'key')), /garbled/],
    ['of a later version', gzipSync(text.replace('"format":1', '"format":2')), /run a newer version/],
    ['a file outside', gzipSync(text.replace('"ca.pem"', '"../../ca.pem"')), /not be in its place/],
  ];
  const damaged = join(directory, 'damaged.gz');
  for (const [what, content, message] of cases) {
    await writeFile(damaged, content);
    await assert.rejects(restore(damaged, 'other/server'), message, what);
    assert.ok(!(await readdir(directory)).includes('other'), what);
  }
});

test('revisions go on past all that was given out, also when the same backup is restored again', () => {
  const head = backupHead('0.1.0', nowMs, 500);
  const first = revisionPast(head, 0, nowMs + 60_000);
  assert.ok(first >= 1_000_000_500);
  // A minute later, at most 6 million writes have been made since.
  const second = revisionPast(head, 0, nowMs + 120_000);
  assert.ok(second >= first + 6_000_000);
  assert.ok(revisionPast(head, 7_000_000_000, nowMs) > 8_000_000_000 - 1);
  // A clock that was set back counts for nothing.
  assert.equal(revisionPast(head, 0, nowMs - 1e9), 1_000_000_500);
});

test('what a server left that was killed amid a backup goes at the next start', async () => {
  const files = ['wherry-20261121T120000Z-r7.backup.gz.123.part', 'wherry-20261121T110000Z-r5.backup.gz', 'mine.part'];
  const rolling = join(directory, 'backups');
  await mkdir(rolling);
  for (const file of files) await writeFile(join(rolling, file), '');
  await removeUnfinished(rolling);
  assert.deepEqual((await readdir(rolling)).sort(), files.slice(1).sort());
});

test('a server starts with an empty state only where there never was one', async () => {
  const backups = { directory: join(directory, 'backups'), everyMs: 0, keep: 1 };
  const open = (name: string) => openState({ dataDir: join(directory, name), backups, log, onLost: () => {} });
  const advice = /is damaged: .*There is no backup .* restore --force --data-dir \S+ FILE/;
  await (await open('fresh')).close();
  await (await open('fresh')).close();
  await mkdir(join(directory, 'fresh/pki'));
  await rm(join(directory, 'fresh/state'), { recursive: true });
  await assert.rejects(open('fresh'), advice);
  await mkdir(join(directory, 'half.restoring'));
  await assert.rejects(open('half'), /interrupted.*There is no backup/);
  assert.ok(!(await readdir(directory)).includes('half'));
});

test('of the backups that a server takes by itself the newest are kept, whatever the clock said', async () => {
  const rolling = join(directory, 'backups');
  await mkdir(rolling);
  await writeFile(join(rolling, 'notes.txt'), 'not ours');
  const newest: string[] = [];
  for (const day of [5, 9, 1, 2]) {
    const { revision } = { revision: await store.transact([{ key: '/a', value: `${day}` }]) };
    const clock = { ...systemClock, now: () => Date.parse(`2026-11-0${day}T00:00:00Z`) };
    await takeRollingBackup({ directory: rolling, everyMs: 1, keep: 2, serverDirectory: server, store, clock, log });
    newest.unshift(join(rolling, backupName(clock.now(), revision)));
  }
  assert.deepEqual(await listBackups(rolling), newest.slice(0, 2));
  assert.equal((await readdir(rolling)).length, 3);
});
