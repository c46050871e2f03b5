// The pause program as the first process of a namespace, for each processor that there is one for: it reaps what is left to
// it, heeds no signal but two, and ends on those.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { pauseProgram } from '../../src/node/docker/pause-program.ts';
import { runCommand } from '../bench/command.ts';
import { childrenOf } from '../bench/process-table.ts';
import { waitUntil } from '../bench/wait-until.ts';

const emulator = join(tmpdir(), 'wherry-test-images', 'qemu-aarch64-static');
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wherry-pause-'));
});
after(async () => {
  await rm(folder, { recursive: true });
});

/** What runs programs for this processor here: nothing, or an emulator. */
async function runnerFor(architecture: string): Promise<string> {
  if (architecture === process.arch) return '';
  const isThere = await access(emulator).then(
    () => true,
    () => false,
  );
  const program = join(import.meta.dirname, '../images/foreign-processor');
  await mkdir(dirname(emulator), { recursive: true });
  if (!isThere) await runCommand(program, [emulator], { timeoutMs: 300_000 });
  return emulator;
}

const stateOf = async (pid: number) => /^State:\s+(\S)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];

for (const architecture of ['x64', 'arm64']) {
  test(`for ${architecture} it reaps orphans and ends on SIGTERM and SIGINT alone`, async (t) => {
    if (architecture === 'x64' && process.arch !== 'x64') return t.skip('there is an emulator for ARM only');
    const runner = await runnerFor(architecture);
    const path = join(folder, architecture);
    await writeFile(path, pauseProgram(architecture));
    await chmod(path, 0o755);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      // Perl is the first process, heeds none of its children, and becomes the program when it is told to.
      const script = 'for (1 .. 3) { fork or do { sleep 1; exit } } <STDIN>; exec @ARGV';
      const first = ['perl', '-e', script, ...(runner ? [runner] : []), path];
      const unshare: ChildProcess = spawn('unshare', ['--pid', '--fork', '--kill-child', ...first]);
      t.after(() => unshare.kill('SIGKILL'));
      const exited = once(unshare, 'exit');
      const pid = await waitUntil('the first process', () => childrenOf(unshare.pid ?? 0)[0]);
      await waitUntil('its orphans', () => childrenOf(pid).length === 3);
      if (signal === 'SIGINT') {
        const states = () => Promise.all(childrenOf(pid).map(stateOf));
        await waitUntil('they have ended before', async () => (await states()).join('') === 'ZZZ');
      }
      unshare.stdin?.write('\n');
      await waitUntil('it is the program', async () => {
        const name = await readFile(`/proc/${pid}/comm`, 'utf8');
        return !/^(unshare|perl)\n$/.test(name);
      });
      await waitUntil('no orphan is left, not even a dead one', () => childrenOf(pid).length === 0);
      for (const other of ['SIGUSR1', 'SIGHUP', 'SIGCHLD'] as const) process.kill(pid, other);
      await waitUntil('it waits again', async () => (await stateOf(pid)) === 'S');
      process.kill(pid, signal);
      assert.deepEqual(await exited, [0, null]);
    }
  });
}
