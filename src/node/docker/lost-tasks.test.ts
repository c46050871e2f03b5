import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { createLog } from '../../base/log.ts';
import { LostTasks, shimOf } from './lost-tasks.ts';

test('a shim is known by its name and tells its container', () => {
  const line = (...words: string[]) => `${words.join('\0')}\0`;
  const arguments_ = ['-namespace', 'moby', '-id', 'abc', '-address', '/run/containerd.sock'];
  assert.equal(shimOf(line('/usr/bin/containerd-shim-runc-v2', ...arguments_)), 'abc');
  assert.equal(shimOf(line('containerd-shim-runc-v2', ...arguments_)), 'abc');
  assert.equal(shimOf(line('/usr/bin/containerd', ...arguments_)), undefined);
  assert.equal(shimOf(line('grep', 'containerd-shim', '-id', 'abc')), undefined);
  assert.equal(shimOf(line('/usr/bin/containerd-shim-runc-v2')), undefined);
  assert.equal(shimOf(''), undefined);
});

test('the shim of a container that was removed is ended some time later, that of another is not', async (t) => {
  // A shell under a shim's name, as nothing else tells what it is.
  const folder = await mkdtemp(join(tmpdir(), 'wherry-shims-'));
  t.after(() => rm(folder, { recursive: true }));
  const program = join(folder, 'containerd-shim-runc-v2');
  await copyFile('/bin/sh', program);
  const shim = (id: string) => spawn(program, ['-c', 'read line', '-id', id], { stdio: ['pipe', 'ignore', 'ignore'] });
  const lost = shim('lost');
  const kept = shim('kept');
  t.after(() => kept.kill());
  const timers: (() => void)[] = [];
  const clock = { ...systemClock, after: (_: number, run: () => void) => timers.push(run) as never };
  const tasks = new LostTasks({ clock, log: createLog({ write: () => {} }) });
  const ended = once(lost, 'exit');
  tasks.wasRemoved('lost');
  tasks.wasRemoved('gone by itself');
  assert.equal(timers.length, 1);
  timers[0]?.();
  assert.deepEqual(await ended, [null, 'SIGKILL']);
  assert.equal(kept.exitCode ?? kept.signalCode, null);
  tasks.wasRemoved('another');
  assert.equal(timers.length, 2, 'the next ones are looked for again');
});
