// A command in a container, through the runtime: its exit code and output, what cannot be run, and that one which is
// given up leaves no process.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Docker from 'dockerode';
import { createLog } from '../../src/base/log.ts';
import { DockerRuntime } from '../../src/node/docker/docker-runtime.ts';
import { type ExecOptions, ExecRefused } from '../../src/node/runtime.ts';
import { type DockerEngine, startDockerEngine } from '../bench/docker-engine.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage, ensureImages } from '../images/images.ts';

let engine: DockerEngine;
let runtime: DockerRuntime;
let container: Docker.Container;
before(async () => {
  engine = await startDockerEngine();
  await ensureImages(engine.socket);
  const log = createLog({ level: 'error', part: 'test' });
  runtime = new DockerRuntime({ socketPath: engine.socket, owner: { cluster: 'c1', node: 'n1' }, log });
  const docker = new Docker({ socketPath: engine.socket });
  container = await docker.createContainer({ Image: busyboxImage, Cmd: ['sleep', '1000'], NetworkDisabled: true });
  await container.start();
});
after(async () => {
  await engine?.stop();
});

const exec = (argv: string[], { outputBytes = 1_000, signal = AbortSignal.timeout(20_000), ...more }: Asked = {}) =>
  runtime.exec(container.id, argv, { outputBytes, signal, ...more });
const sh = (text: string, options: Asked = {}) => exec(['sh', '-c', text], options);
type Asked = Partial<ExecOptions>;

/** The commands that run in the container. */
async function running(): Promise<string[]> {
  const { Processes } = await container.top({ ps_args: '-o pid,args' });
  return (Processes as string[][]).map((columns) => columns[1] ?? '');
}

test('a command tells its exit code and what it wrote', async () => {
  let isOver = false;
  const onEnd = () => {
    isOver = true;
  };
  assert.deepEqual(await exec(['true'], { onEnd }), { exitCode: 0, output: '' });
  await waitUntil('its end is told', () => isOver);
  const { exitCode, output } = await sh('echo out; echo err >&2; exit 3');
  // Two pipes: which is read first nobody can tell.
  assert.deepEqual([exitCode, output.split('\n').sort()], [3, ['', 'err', 'out']]);
  assert.equal((await sh('not-there')).exitCode, 127, 'what the shell says is its own exit code');
});

test('of a long output the beginning is kept, and the command ends all the same', async () => {
  const { exitCode, output } = await sh('dd if=/dev/zero bs=1024 count=2000 2>/dev/null | tr "\\0" x; exit 4', {
    outputBytes: 10,
  });
  assert.deepEqual({ exitCode, output }, { exitCode: 4, output: 'xxxxxxxxxx' });
});

test('a command that is given up is killed with its children', async () => {
  const abort = new AbortController();
  const reason = new Error('enough');
  const ended = Promise.withResolvers<void>();
  const run = sh('sleep 777 | cat', { signal: abort.signal, onEnd: ended.resolve });
  await waitUntil('it runs', async () => (await running()).includes('sleep 777'));
  abort.abort(reason);
  await assert.rejects(run, reason);
  await ended.promise;
  assert.deepEqual(await running(), ['sleep 1000'], 'only the container itself is left when the end is told');
  await assert.rejects(sh('sleep 778', { signal: abort.signal }), reason);
});

test('one given up before it has begun leaves nothing either', async () => {
  for (const ms of [1, 5, 10, 20, 30, 40]) {
    const ended = Promise.withResolvers<void>();
    const run = exec(['sleep', '779'], { signal: AbortSignal.timeout(ms), onEnd: ended.resolve });
    await assert.rejects(
      run,
      (error: Error) => error.name === 'TimeoutError' || /^Docker did not run the command in time/.test(error.message),
    );
    await ended.promise;
    assert.deepEqual(await running(), ['sleep 1000']);
  }
});

test('what cannot be run is refused with the cause', async () => {
  await assert.rejects(
    exec(['/no/such']),
    (error) => error instanceof ExecRefused && /no such file/.test(error.message),
  );
  await container.kill();
  await assert.rejects(exec(['true']), (error) => error instanceof ExecRefused && /is not running/.test(error.message));
  await container.remove();
  await assert.rejects(
    exec(['true']),
    (error) => error instanceof ExecRefused && /No such container/.test(error.message),
  );
});
