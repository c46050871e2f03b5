import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startFed } from '../../base/exec.ts';
import { pauseListing, pauseProgram } from './pause-program.ts';

const onX64 = { skip: process.arch !== 'x64' && 'the program is for x64' };
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wherry-pause-'));
});
after(async () => {
  await rm(folder, { recursive: true });
});

test('the program is a small ELF whose code is what the listing says', () => {
  const program = pauseProgram('x64');
  assert.equal(program.subarray(0, 4).toString('latin1'), '\x7fELF');
  assert.ok(program.length < 1000, `${program.length} bytes`);
  assert.equal(program.readBigUInt64LE(24), 0x400078n, 'the entry point is right behind the headers');
  assert.equal(program.readBigUInt64LE(96), BigInt(program.length), 'all of the file is loaded');
  // rt_sigprocmask comes first, exit comes last; the jumps between lead to where the listing has its labels.
  const code = program.subarray(120).toString('hex');
  assert.match(code, /^6aff4889e631ff31d26a08415a6a0e580f05/);
  assert.match(code, /0f056aff5f31f66a015a4531d26a3d580f0585c07fec4889e7/);
  assert.match(code, /83f80f740c83f802740783f81174cbebdd31ff6a3c580f05$/);
  assert.equal(pauseListing().filter((line) => /^(wait|reap|exit) /.test(line)).length, 3);
});

test('for ARM it is an ELF of words whose jumps lead to their labels', () => {
  const program = pauseProgram('arm64');
  assert.equal(program.readUInt16LE(18), 183);
  assert.equal(program.readBigUInt64LE(96), BigInt(program.length));
  const code = program.subarray(120);
  const words = Array.from({ length: code.length / 4 }, (_, index) => code.readUInt32LE(4 * index));
  const distanceOf = (word: number) => (word << 8) >> 13;
  const jumps = words.flatMap((word, at) => (word >>> 24 === 0x54 ? [[at, at + distanceOf(word)]] : []));
  // Eight words come before; then the loops of reaping, from 8, and of waiting, from 16; the exit is at 29.
  assert.deepEqual(jumps, [
    [15, 8],
    [23, 29],
    [25, 29],
    [27, 8],
    [28, 16],
  ]);
  assert.equal(words.length, 32);
});

test('on another architecture the reason is told', () => {
  assert.throws(() => pauseProgram('riscv64'), /written for x64 and arm64, this host is riscv64: choose another image/);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`it waits, heeds no other signal, and ends with 0 on ${signal}`, onX64, async () => {
    const path = join(folder, `pause-${signal}`);
    await writeFile(path, pauseProgram('x64'));
    await chmod(path, 0o755);
    const child = startFed(path, []);
    await once(child, 'spawn');
    // Until it waits for a signal, in rt_sigtimedwait, one would still end it.
    while (!/^128 /.test(await readFile(`/proc/${child.pid}/syscall`, 'utf8')))
      await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill('SIGUSR1');
    child.kill('SIGCHLD');
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(child.exitCode, null);
    assert.equal(child.signalCode, null);
    const exited = once(child, 'exit');
    child.kill(signal);
    assert.deepEqual(await exited, [0, null]);
  });
}
