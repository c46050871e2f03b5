import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hasVersion, shownFile, showVersion } from './atomic-folder.ts';
import type { Payload } from './payload.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'wherry-atomic-'));
});
after(() => rm(root, { recursive: true }));

const files = (contents: Record<string, string>, mode = 0o644): Payload =>
  new Map(Object.entries(contents).map(([path, text]) => [path, { content: Buffer.from(text), mode }]));
const show = (folder: string, contents: Record<string, string>, more = {}) =>
  showVersion(folder, { payload: files(contents), nowMs: 1_000, ...more });
const names = async (folder: string) => (await readdir(folder)).filter((name) => !/^\.\.\d/.test(name)).sort();

test('files are links into the version that is shown', async () => {
  const folder = join(root, 'links');
  assert.equal(await hasVersion(folder), false);
  assert.equal(await show(folder, { a: '1', 'deep/b': '2' }), true);
  assert.deepEqual(await names(folder), ['..data', 'a', 'deep']);
  assert.equal(await readlink(join(folder, 'a')), '..data/a');
  assert.match(await readlink(join(folder, '..data')), /^\.\.1970_01_01_00_00_01\.000\.0$/);
  assert.equal(await readFile(join(folder, 'deep/b'), 'utf8'), '2');
  assert.equal(await shownFile(folder, 'a'), '1');
  assert.equal(await hasVersion(folder), true);
});

test('the same again is not written, anything else is another version', async () => {
  const folder = join(root, 'same');
  await show(folder, { a: '1', b: '2' });
  const first = await readlink(join(folder, '..data'));
  assert.equal(await show(folder, { b: '2', a: '1' }), false);
  assert.equal(await readlink(join(folder, '..data')), first);
  const others: Record<string, string>[] = [{ a: '1', b: '3' }, { a: '1' }, { a: '1', c: '2' }, {}];
  for (const other of others) {
    assert.equal(await show(folder, other), true);
    assert.deepEqual(await names(folder), ['..data', ...Object.keys(other)]);
    assert.equal((await readdir(folder)).length, 2 + Object.keys(other).length, 'one version');
  }
});

test('what a crash left is cleared away, and a link that leads nowhere is no version', async () => {
  const folder = join(root, 'crashed');
  await show(folder, { a: '1' });
  await mkdir(join(folder, '..2026_half'));
  await symlink('..2026_half', join(folder, '..data_tmp'));
  assert.equal(await show(folder, { a: '1' }), false);
  assert.deepEqual(await names(folder), ['..data', 'a']);
  assert.equal((await readdir(folder)).length, 3);

  const other = join(root, 'nowhere');
  await mkdir(other);
  await symlink('..1999_gone', join(other, '..data'));
  assert.equal(await show(other, { a: '1' }), true);
  assert.equal(await readFile(join(other, 'a'), 'utf8'), '1');
});

test('a version is finished before it is shown, and one that cannot be finished is not', async () => {
  const folder = join(root, 'finished');
  await show(folder, { a: '1' });
  const finish = async (version: string) => {
    assert.equal(await readFile(join(version, 'a'), 'utf8'), '2');
    assert.equal(await shownFile(folder, 'a'), '1');
    throw new Error('no');
  };
  await assert.rejects(show(folder, { a: '2' }, { finish }), /^Error: no$/);
  assert.equal(await readFile(join(folder, 'a'), 'utf8'), '1');
});

test('modes are those of the files, whatever the umask', async () => {
  const folder = join(root, 'modes');
  const umask = process.umask(0o077);
  try {
    await showVersion(folder, { payload: files({ 'deep/a': '1' }, 0o666), nowMs: 0 });
  } finally {
    process.umask(umask);
  }
  const modeOf = async (path: string) => (await stat(join(folder, path))).mode & 0o7777;
  assert.deepEqual(await Promise.all(['', '..data', 'deep', 'deep/a'].map(modeOf)), [0o777, 0o755, 0o755, 0o666]);
});

test('no path leads out of the folder', async () => {
  const folder = join(root, 'out');
  await mkdir(folder);
  await writeFile(join(root, 'other'), 'x');
  for (const path of ['', '/etc/x', '../other', 'a/../../other', '..data', '..x', '.'])
    await assert.rejects(show(folder, { [path]: '1' }), /leads out of the volume/, path);
  assert.deepEqual(await readdir(folder), []);
});
