// kubectl attach, run and cp, the oldest and the newest: a container's own process is joined, with its terminal and its
// input, and files come and go whole.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { oldestAndNewest } from '../api/kubectls.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { WholeNode } from './whole-node.ts';

let node: WholeNode;
let programs: string[];
before(async () => {
  [node, programs] = await Promise.all([
    WholeNode.open(),
    oldestAndNewest().then((ends) => ends.map(({ program }) => program)),
  ]);
});
after(async () => {
  await node?.close();
});

async function each(check: (program: string, name: string) => Promise<void>): Promise<void> {
  for (const [index, program] of programs.entries()) {
    try {
      await check(program, `pod-${index}`);
    } catch (error) {
      throw new Error(`${program}: ${(error as Error).message}\n${await node.logs()}`, { cause: error });
    }
  }
}

test('attach joins the output of both streams as it comes, and ends with the container', async () => {
  await each(async (program, name) => {
    const command = ['sh', '-c', 'until [ -e /tmp/go ]; do sleep 0.1; done; echo out; echo err >&2'];
    await node.createPod(`att-${name}`, {
      restartPolicy: 'Never',
      containers: [{ name: 'main', image: busyboxImage, command }],
    });
    const attached = node.tryKubectl(program, ['attach', `att-${name}`]);
    await new Promise((resolve) => setTimeout(resolve, 2_000)); // nothing tells that it has been attached
    await node.kubectl('exec', `att-${name}`, '--', 'touch', '/tmp/go');
    const { stdout, stderr, code } = await attached;
    assert.equal(stdout, 'out\n');
    assert.match(stderr, /^err$/m);
    assert.equal(code, 0);
  });
});

test('input goes to a container that takes it once, with its end', async () => {
  await each(async (program, name) => {
    const args = ['run', `run-${name}`, '-i', '--rm', '--restart=Never', `--image=${busyboxImage}`, '--quiet'];
    const outcome = await node.tryKubectl(program, [...args, '--', 'sh', '-c', 'sha256sum; exit 3'], {
      input: 'x'.repeat(5_000_000),
    });
    const { stdout: sum } = await node.shell(program, 'head -c 5000000 /dev/zero | tr "\\0" x | sha256sum');
    assert.match(outcome.stdout, new RegExp(sum.trim()));
    assert.equal(outcome.code, 3, outcome.stderr);
    await waitUntil('the pod is removed', async () => !(await node.kubectl('get', 'pods')).includes(`run-${name}`));
  });
});

test('run -it --rm is a shell with a terminal', async () => {
  await each(async (program, name) => {
    const args = ['run', `tty-${name}`, '-it', '--rm', '--restart=Never', `--image=${busyboxImage}`, '--', 'sh'];
    const line = `stty rows 21 cols 63; ${node.commandOf(program, ...args).join(' ')}; echo code \\$?`;
    const typed = `{ sleep 5; printf 'tty; stty size\\r'; sleep 1; printf 'exit 4\\r'; sleep 3; }`;
    const { stdout } = await node.shell(program, `${typed} | script -qec "${line}" /dev/null`);
    assert.match(stdout, /\/dev\/pts\/0/);
    assert.match(stdout, /21 63/);
    assert.match(stdout, /code 4/);
  });
});

test('a container that was made without input or terminal is attached to as it is', async () => {
  await node.createPod('plain', {});
  await each(async (program) => {
    const { stderr } = await node.shell(program, 'timeout 5 $kubectl attach -it plain');
    assert.match(stderr, /Unable to use a TTY - container main did not allocate one/);
  });
});

test('files and folders are copied whole in both directions', { timeout: 200_000 }, async () => {
  await node.createPod('files', {});
  await each(async (program, name) => {
    const folder = join(node.on.host.folder, name);
    const script = `set -e; mkdir -p ${folder}/in/deep
      yes wherry | head -c 100000000 >${folder}/in/large; echo small >"${folder}/in/deep/a name"; chmod 755 ${folder}/in/deep/a*
      $kubectl cp ${folder}/in files:/tmp/${name} && $kubectl cp files:/tmp/${name} ${folder}/out
      diff -r ${folder}/in ${folder}/out && $kubectl exec files -- test -x "/tmp/${name}/deep/a name"
      echo done`;
    const outcome = await node.shell(program, script);
    assert.match(outcome.stdout, /done/, outcome.stderr);
  });
});
