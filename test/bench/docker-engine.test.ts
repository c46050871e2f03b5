// An engine on this machine itself, for agents that run in the test's process, and what becomes of a bench whose test crashes.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import Docker from 'dockerode';
import { busyboxImage, ensureImages } from '../images/images.ts';
import { startDockerEngine } from './docker-engine.ts';
import { observeLeftovers, removeStaleLeftovers, runName } from './leftovers.ts';
import { isRunning, observeTrees } from './process-table.ts';
import { waitUntil } from './wait-until.ts';

const processesOf = (name: string) =>
  observeTrees(({ command }) => command.some((argument) => argument.includes(`/${name}/`)));
const mounts = async (name: string) =>
  (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line.includes(`/${name}/`));

test('an engine of its own runs containers that are processes of this machine, and leaves nothing', async () => {
  const engine = await startDockerEngine();
  const docker = new Docker({ socketPath: engine.socket });
  try {
    await ensureImages(engine.socket);
    const container = await docker.createContainer({ Image: busyboxImage, Cmd: ['sleep', '1000'] });
    await container.start();
    const { State } = await container.inspect();
    // Between runc and its program there is a moment without a command line.
    const commandLine = () => readFile(`/proc/${State.Pid}/cmdline`, 'utf8');
    assert.equal(await waitUntil('it runs its program', commandLine), 'sleep\u00001000\u0000');
    assert.notDeepEqual(await mounts(runName), []);
    await engine.killDaemon();
    assert.equal(isRunning(State.Pid), true);
    await engine.startDaemon();
    assert.equal((await container.inspect()).State.Pid, State.Pid);
  } finally {
    await engine.stop();
  }
  assert.deepEqual(processesOf(runName), []);
  assert.deepEqual(await mounts(runName), []);
  assert.equal(existsSync(engine.folder), false);
  assert.deepEqual(
    (await observeLeftovers()).filter((path) => path.includes(runName)),
    [],
  );
});

test('an engine whose daemon was killed is stopped with its containers all the same', async () => {
  const engine = await startDockerEngine({ name: 'killed' });
  await ensureImages(engine.socket);
  const docker = new Docker({ socketPath: engine.socket });
  const container = await docker.createContainer({ Image: busyboxImage, Cmd: ['sleep', '1000'] });
  await container.start();
  const { State } = await container.inspect();
  await engine.killDaemon();
  await engine.stop();
  assert.equal(isRunning(State.Pid), false);
  assert.deepEqual(await mounts(runName), []);
});

const crashes = {
  hosts: "const { openHosts } = await import('./hosts.ts'); await openHosts();",
  engine: "const { startDockerEngine } = await import('./docker-engine.ts'); await startDockerEngine();",
};
for (const [what, opening] of Object.entries(crashes)) {
  test(`a test that is killed with its ${what} open leaves nothing that the next does not remove`, async () => {
    const crashing = `${opening} process.stdout.write('open\\n'); setInterval(() => {}, 60_000);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', crashing], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const name = `wt-${child.pid}`;
    const [said] = await once(child.stdout.setEncoding('utf8'), 'data');
    assert.equal(said, 'open\n');
    assert.notDeepEqual(processesOf(name), []);
    child.kill('SIGKILL');
    await once(child, 'exit');
    // Hosts end by themselves; an engine on this machine is found by the files that it has open.
    if (what === 'hosts') await waitUntil('hosts end with their test', () => processesOf(name).length === 0);
    await removeStaleLeftovers();
    assert.deepEqual(processesOf(name), []);
    assert.deepEqual(await mounts(name), []);
    assert.deepEqual(
      (await observeLeftovers()).filter((path) => path.includes(name)),
      [],
    );
  });
}
