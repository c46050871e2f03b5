// kubectl exec from the oldest to the newest, over SPDY and over WebSocket: output, input, exit codes, terminals, and what
// cannot be done.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { kubectlPrograms, oldestAndNewest } from '../api/kubectls.ts';
import { busyboxImage } from '../images/images.ts';
import { WholeNode } from './whole-node.ts';

let node: WholeNode;
/** The oldest that has to work, what lies here, and the newest. */
let programs: string[];

before(async () => {
  [node, programs] = await Promise.all([
    WholeNode.open(),
    Promise.all([kubectlPrograms(), oldestAndNewest()]).then(([here, ends]) => [
      ...new Set([...here, ...ends.map(({ program }) => program)]),
    ]),
  ]);
  const initContainers = [{ name: 'init', image: busyboxImage, command: ['true'] }];
  await node.createPod('web', { initContainers });
});
after(async () => {
  await node?.close();
});

const peaks = () => Promise.all([node.peakMegabytes('server'), node.peakMegabytes('agent')]);

async function each(check: (program: string) => Promise<void>): Promise<void> {
  for (const program of programs) {
    try {
      await check(program);
    } catch (error) {
      throw new Error(`${program}: ${(error as Error).message}\n${await node.logs()}`, { cause: error });
    }
  }
}

test("a command answers on both of its outputs, and its exit code is kubectl's", async () => {
  await each(async (program) => {
    const outcome = await node.tryKubectl(program, [
      'exec',
      'web',
      '-c',
      'main',
      '--',
      'sh',
      '-c',
      'echo out; echo err >&2; exit 7',
    ]);
    assert.deepEqual([outcome.stdout, outcome.code], ['out\n', 7]);
    assert.match(outcome.stderr, /^err\n/);
    assert.match(outcome.stderr, /command terminated with exit code 7/);
  });
});

test('what is piped in arrives with its end', async () => {
  await each(async (program) => {
    const outcome = await node.tryKubectl(program, ['exec', '-i', 'web', '--', 'sh', '-c', 'wc -c; echo read all'], {
      input: 'x'.repeat(100_000),
    });
    assert.deepEqual([outcome.stdout, outcome.code], ['100000\nread all\n', 0], outcome.stderr);
  });
});

test("a terminal has the size of the client's, follows it, takes what is typed, and every key", async () => {
  await each(async (program) => {
    // What is typed: ctrl-p, with which Docker would let go of the terminal, must reach the program.
    const typed = `{ sleep 2; printf 'stty size; stty raw -echo; head -c 3 | od -An -tx1\\n'; sleep 1; printf '\\020\\021a'; sleep 1; printf 'exit 5\\r'; sleep 1; }`;
    const line = `stty rows 33 cols 77; ${node.commandOf(program, 'exec', '-it', 'web', '--', 'sh').join(' ')}; echo code \\$?`;
    const outcome = await node.shell(program, `${typed} | script -qec "${line}" /dev/null`);
    assert.match(outcome.stdout, /33 77/);
    assert.match(outcome.stdout, /10 11 61/);
    assert.match(outcome.stdout, /code 5/);
  });
});

test("what cannot be run is refused in Kubernetes' words", async () => {
  await each(async (program) => {
    const missing = await node.tryKubectl(program, ['exec', 'web', '--', 'no-such-program']);
    assert.match(missing.stderr, /error executing command in container:.*no-such-program.*not found/s);
    assert.notEqual(missing.code, 0);
    const container = await node.tryKubectl(program, ['exec', 'web', '-c', 'nope', '--', 'ls']);
    assert.match(container.stderr, /container nope is not valid for pod web/);
    const ended = await node.tryKubectl(program, ['exec', 'web', '-c', 'init', '--', 'ls']);
    assert.match(ended.stderr, /unable to upgrade connection: container not found \("init"\)/);
  });
});

test('a command may be run by a plain request to the agent', async () => {
  const run = (cmd: string) => node.askAgent(`/run/default/web/main?cmd=${encodeURIComponent(cmd)}`, ['-X', 'POST']);
  assert.equal(await run('echo two words'), 'two words\n 200');
  assert.equal(
    await run('cat /none'),
    "command 'cat /none' exited with 1: cat: can't open '/none': No such file or directory\n 500",
  );
  assert.match(
    await node.askAgent('/run/default/web/none?cmd=ls', ['-X', 'POST']),
    /container not found \("none"\) 500$/,
  );
  assert.match(await node.askAgent('/run/default/web/main?cmd=ls'), / 405$/);
});

test('who does not read is waited for, and nobody keeps what he has not read', { timeout: 60_000 }, async (t) => {
  const before = await peaks();
  await each(async (program) => {
    const outcome = await node.shell(program, '$kubectl exec web -- yes | { sleep 4; head -c 20000000 | wc -c; }');
    assert.equal(outcome.stdout, '20000000\n');
  });
  const after = await peaks();
  t.diagnostic(`server and agent took ${before.map(Math.round)} MB before, ${after.map(Math.round)} at the most`);
  for (const [index, megabytes] of after.entries())
    assert.ok(megabytes - (before[index] ?? 0) < 120, `${megabytes} MB`);
});

test('300 MB go out and 300 MB go in, each byte of them', { timeout: 300_000 }, async () => {
  for (const { program } of await oldestAndNewest()) {
    const bytes = 'yes wherry | head -c 300000000';
    const sum = (await node.shell(program, `${bytes} | sha256sum`)).stdout;
    const out = await node.shell(program, `$kubectl exec web -- sh -c '${bytes}' | sha256sum`);
    assert.equal(out.stdout, sum, out.stderr);
    const into = await node.shell(program, `${bytes} | $kubectl exec -i web -- sha256sum`);
    assert.equal(into.stdout, sum, into.stderr);
  }
});
