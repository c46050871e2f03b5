// A client that goes in the middle of an exec leaves no process in the container: neither what it started nor what that
// started, with a terminal and without; what others run there stays.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Docker from 'dockerode';
import { oldestAndNewest } from '../api/kubectls.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { WholeNode } from './whole-node.ts';

let node: WholeNode;
let programs: string[];
let container: Docker.Container;
before(async () => {
  [node, programs] = await Promise.all([
    WholeNode.open(),
    oldestAndNewest().then((ends) => ends.map(({ program }) => program)),
  ]);
  const { status } = await node.createPod('web', {});
  const id = status.containerStatuses?.[0]?.containerID?.replace('docker://', '') ?? '';
  container = new Docker({ socketPath: node.on.docker.socket }).getContainer(id);
});
after(async () => {
  await node?.close();
});

/** The command lines of what runs in the container. */
async function running(): Promise<string[]> {
  const { Processes = [], Titles } = (await container.top({ ps_args: '-eo pid,args' })) as {
    Processes?: string[][];
    Titles: string[];
  };
  const at = Titles.findIndex((title) => /^(CMD|COMMAND)$/.test(title));
  return Processes.map((row) => row[at] ?? '').sort();
}

const seconds = ['2001', '2002', '2003'];
const script = `(sleep ${seconds[0]} & sleep ${seconds[1]}) & sleep ${seconds[2]}; echo never`;
/** What another client runs there meanwhile, until there is this file. */
const enough = '/tmp/enough';
const otherScript = `until [ -e ${enough} ]; do sleep 0.5; done; echo other is done`;
const isOfOther = (line: string) => line === 'sleep 0.5' || line.includes(enough);
const isOurs = (line: string) => seconds.some((second) => line.includes(second));

const ways: [string, (program: string) => Promise<{ kill(): Promise<void> }>][] = [
  [
    'without a terminal',
    (program) => {
      const [, ...args] = node.commandOf(program, 'exec', 'web', '--', 'sh', '-c', script);
      return node.on.host.spawn(program, args, { log: 'gone.log' });
    },
  ],
  [
    'with a terminal',
    (program) => {
      const line = node.commandOf(program, 'exec', '-it', 'web', '--', 'sh', '-c', `'${script}'`).join(' ');
      // "script" goes with its terminal; kubectl then has none to go on with.
      return node.on.host.spawn('script', ['-qec', line, '/dev/null'], { log: 'gone.log' });
    },
  ],
];

for (const [name, start] of ways) {
  test(`${name}, all that was started is gone within seconds`, { timeout: 120_000 }, async () => {
    for (const program of programs) {
      const [kubectl = '', ...args] = node.commandOf('kubectl', 'exec', 'web', '--', 'sh', '-c', otherScript);
      const other = node.on.host.exec(kubectl, args, { timeoutMs: 120_000 });
      const before = await waitUntil('the other command', async () => {
        const lines = await running();
        return lines.some(isOfOther) && lines.filter((line) => !isOfOther(line));
      });
      const client = await start(program);
      await waitUntil('all three run', async () => {
        const lines = await running();
        return seconds.every((second) => lines.includes(`sleep ${second}`));
      });
      await client.kill();
      await waitUntil('nothing is left', async () => !(await running()).some(isOurs), { timeoutMs: 10_000 });
      const left = (await running()).filter((line) => !isOfOther(line));
      assert.deepEqual(left, before, await node.logs());
      await node.kubectl('exec', 'web', '--', 'touch', enough);
      assert.equal((await other).stdout, 'other is done\n', 'what another client runs there goes on');
      await node.kubectl('exec', 'web', '--', 'rm', enough);
    }
  });
}

test('what ran for a client of an agent that was killed is ended by the next, and nothing else is', {
  timeout: 120_000,
}, async () => {
  const id = container.id;
  const exec = await container.exec({ Cmd: ['sleep', '3001'] });
  await exec.start({ Detach: true });
  const [, ...args] = node.commandOf('kubectl', 'exec', 'web', '--', 'sh', '-c', script);
  await node.on.host.spawn('kubectl', args, { log: 'killed.log' });
  await waitUntil('all three run', async () => {
    const lines = await running();
    return seconds.every((second) => lines.includes(`sleep ${second}`));
  });
  await node.kill('agent');
  assert.ok((await running()).some(isOurs), 'the agent had no time for it');
  await node.startAgent();
  await waitUntil('nothing is left', async () => !(await running()).some(isOurs));
  assert.ok((await running()).includes('sleep 3001'), 'what somebody started by Docker itself goes on');
  assert.equal((await container.inspect()).Id, id);
});
