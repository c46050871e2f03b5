// The state that is kept for the way back, in the order that makes it good after a power cut at any time: with `sync` and `cp` played, as
// what a disk has taken is seen by nobody else.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { failedState, forgetState, heldUpgrade, keepState, refuseWithoutRoom, returnState } from './kept-state.ts';
import { stateBefore } from './upgrade-hold.ts';

const upgrade = { from: '/programs/1', to: '/programs/2' };
const path = process.env.PATH;
let top: string;
let server: string;
const names = async () => (await readdir(top)).filter((name) => name.startsWith('server')).sort();
const stateIn = async (folder: string) => await readFile(join(folder, 'state'), 'utf8');

beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'wherry-kept-'));
  server = join(top, 'server');
  await mkdir(server);
  await writeFile(join(server, 'state'), 'former');
});
afterEach(async () => {
  process.env.PATH = path;
  await rm(top, { recursive: true });
});

/** A program of this name comes before the host's. */
async function play(program: string, script: string): Promise<void> {
  const folder = join(top, 'programs');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, program), `#!/bin/sh\ncd ${top}\n${script}\n`, { mode: 0o755 });
  process.env.PATH = `${folder}:${path}`;
}

/** What was there each time the disk was waited for. */
async function syncs(run: () => Promise<void>): Promise<string[]> {
  await play('sync', 'echo $(ls -d server* server/upgrade-hold.json 2>/dev/null) >>syncs');
  await run();
  return (await readFile(join(top, 'syncs'), 'utf8')).trim().split('\n');
}

test('the copy is on the disk before it is one, and the hold before anything goes on', async () => {
  const told = await syncs(() => keepState(server, upgrade));
  assert.deepEqual(told, [
    'server server.before-upgrade.part',
    'server server.before-upgrade server/upgrade-hold.json',
  ]);
  assert.equal(await stateIn(stateBefore(server)), 'former');
  assert.deepEqual(await heldUpgrade(server), upgrade);
});

test('where a copy has no room that is said before anything is stopped', async () => {
  await refuseWithoutRoom(server);
  await play('du', 'printf "1000000000000000\\t%s\\n" "$3"');
  await assert.rejects(
    refuseWithoutRoom(server),
    /server is needed for the way back: 1000000000000000 bytes, and its disk has \d+$/,
  );
});

test('the former state comes back, and the one that failed stays until it is forgotten', async () => {
  await keepState(server, upgrade);
  await writeFile(join(server, 'state'), 'of the new program');
  assert.deepEqual(await syncs(() => returnState(server)), ['server server.failed-upgrade']);
  assert.equal(await stateIn(server), 'former');
  assert.equal(await stateIn(failedState(server)), 'of the new program');
  assert.equal(await heldUpgrade(server), undefined);
  await forgetState(server);
  assert.deepEqual(await names(), ['server']);
  assert.equal(await stateIn(server), 'former');
});

test('a state that cannot be kept whole is not held, and leaves nothing when it is forgotten', async () => {
  for (const program of ['cp', 'sync']) {
    await play(program, 'mkdir -p server.before-upgrade.part && echo torn >server.before-upgrade.part/state; exit 1');
    await assert.rejects(keepState(server, upgrade), /ended with 1/);
    assert.equal(await heldUpgrade(server), undefined, program);
    assert.deepEqual(await names(), ['server', 'server.before-upgrade.part'], program);
    await forgetState(server);
    assert.deepEqual(await names(), ['server']);
    await rm(join(top, 'programs'), { recursive: true });
  }
});

test('where the kept state is gone, the one that is there goes on', async () => {
  await keepState(server, upgrade);
  await rm(stateBefore(server), { recursive: true });
  await returnState(server);
  assert.deepEqual(
    [await names(), await stateIn(server), await heldUpgrade(server)],
    [['server'], 'former', undefined],
  );
});
