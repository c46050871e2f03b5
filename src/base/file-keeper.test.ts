import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from './clock.ts';
import { FileKeeper } from './file-keeper.ts';
import { createLog } from './log.ts';

test('files are as they were said last, also after the disk refused them', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'file-keeper-'));
  t.after(() => rm(folder, { recursive: true }));
  const timers: (() => void)[] = [];
  const clock = { ...systemClock, after: (_: number, run: () => void) => timers.push(run) as never };
  const lines: string[] = [];
  const keeper = new FileKeeper({ clock, log: createLog({ write: (line) => lines.push(line) }) });
  const path = (name: string) => join(folder, name);

  keeper.write(path('a'), 'first');
  keeper.write(path('a'), 'second');
  keeper.write(path('b/one'), '1');
  await keeper.settled();
  assert.equal(await readFile(path('a'), 'utf8'), 'second');

  keeper.write(path('b/two'), '2');
  keeper.remove(path('b'));
  keeper.write(path('b/three'), '3');
  await keeper.settled();
  assert.deepEqual(await readdir(path('b')), ['three'], 'what was to be written before the removal is not');

  // A file stands where a folder has to be: the disk refuses.
  await writeFile(path('c'), '');
  keeper.write(path('c/once'), 'refused at first');
  await keeper.settled();
  keeper.write(path('c/d'), 'old');
  keeper.write(path('e'), 'waits');
  keeper.write(path('c/d'), 'new');
  await keeper.settled();
  assert.deepEqual([timers.length, lines.length], [1, 1]);
  await rm(path('c'));
  timers[0]?.();
  await keeper.settled();
  assert.equal(await readFile(path('c/d'), 'utf8'), 'new');
  assert.equal(await readFile(path('c/once'), 'utf8'), 'refused at first');
  assert.equal(await readFile(path('e'), 'utf8'), 'waits');

  // A folder stands where a file has to be: of the file that is refused then, and not wanted any more, nothing stays.
  await mkdir(path('g'));
  keeper.write(path('g'), 'refused');
  await keeper.settled();
  assert.equal(timers.length, 2);
  const parts = (await readdir(folder)).filter((name) => name.endsWith('.part'));
  assert.deepEqual(parts, []);
});
