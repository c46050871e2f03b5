import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLog } from '../base/log.ts';
import { SealedKeepsakes } from './sealed-keepsakes.ts';

const lines: string[] = [];
const log = createLog({ write: (line) => lines.push(line) });

test('what is kept is found by the next life, by no other node, and by nobody who reads the disk', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'keepsakes-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const open = (nodeKeyPem = 'key of n1') => new SealedKeepsakes({ dataDir, nodeKeyPem, log });
  const paths = async () =>
    (await readdir(dataDir, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  const first = open();
  first.keep('secrets/shop/login', '', 'the password is hunter2');
  first.keep('u1', 'token', 'eyJ.token');
  await first.settled();
  for (const path of await paths()) assert.doesNotMatch(await readFile(path, 'latin1'), /hunter2|eyJ|login/);
  const written = await paths();
  assert.equal(written.length, 2);

  const next = open();
  assert.equal(await next.find('secrets/shop/login', ''), 'the password is hunter2');
  assert.equal(await next.find('u1', 'token'), 'eyJ.token');
  assert.equal(await next.find('u1', 'another'), undefined);
  assert.equal(await open('key of n2').find('u1', 'token'), undefined);

  // The same again is not written; something else is.
  const before = await readFile(written[0] ?? '');
  first.keep('secrets/shop/login', '', 'the password is hunter2');
  first.keep('u1', 'token', 'eyJ.token');
  await first.settled();
  assert.deepEqual(await readFile(written[0] ?? ''), before);
  first.keep('u1', 'token', 'eyJ.newer');
  await first.settled();
  assert.equal(await open().find('u1', 'token'), 'eyJ.newer');

  // One file in the place of the other, or torn, is none.
  const [one = '', other = ''] = await paths();
  const content = await readFile(other);
  await rename(one, other);
  assert.equal(await open().find('u1', 'token'), undefined);
  assert.equal(await open().find('secrets/shop/login', ''), undefined);
  await writeFile(other, content.subarray(0, 7));
  assert.equal(await open().find('u1', 'token'), undefined);
  assert.match(lines.join(''), /a keepsake cannot be read/);

  first.keep('u2', 'token', 'of another pod');
  await first.settled();
  const later = open();
  later.keep('u3', 'token', 'of one that came meanwhile');
  await later.settled();
  await later.retain(['u2']);
  await later.settled();
  assert.equal((await paths()).length, 2);
  later.drop('u3');
  await later.settled();
  first.drop('u2');
  await first.settled();
  assert.deepEqual(await paths(), []);
  first.keep('u2', 'token', 'of another pod');
  await first.settled();
  assert.equal(await open().find('u2', 'token'), 'of another pod', 'what was dropped may be kept again');
});

test('nothing is dropped while the host goes down: whom nobody was told of begins again', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'keepsakes-'));
  t.after(() => rm(dataDir, { recursive: true }));
  let isGoingDown = false;
  const keepsakes = new SealedKeepsakes({ dataDir, nodeKeyPem: 'key of n1', log, isGoingDown: () => isGoingDown });
  for (const owner of ['before', 'meanwhile']) keepsakes.keep(owner, 'token', owner);
  keepsakes.drop('before');
  isGoingDown = true;
  keepsakes.drop('meanwhile');
  await keepsakes.settled();
  assert.equal(await keepsakes.find('before', 'token'), undefined);
  assert.equal(await keepsakes.find('meanwhile', 'token'), 'meanwhile');
});
