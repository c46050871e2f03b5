// kubectl debug: an ephemeral container in a pod that runs, joined by attach, with and without a terminal, and beside the
// processes of another container.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { kubectlPrograms } from '../api/kubectls.ts';
import { busyboxImage } from '../images/images.ts';
import { WholeNode } from './whole-node.ts';

let node: WholeNode;
/** The oldest of these lies at 1.27: debug is of 1.25. */
let programs: string[];
before(async () => {
  [node, programs] = await Promise.all([WholeNode.open(), kubectlPrograms()]);
  await node.createPod('web', {});
});
after(async () => {
  await node?.close();
});

test('debug is a shell in the pod, that sees the processes of the container it is to look at', {
  timeout: 120_000,
}, async () => {
  for (const [index, program] of programs.entries()) {
    const args = [
      'debug',
      'web',
      '-it',
      `--image=${busyboxImage}`,
      '--target=main',
      `--container=look-${index}`,
      '--',
      'sh',
    ];
    const typed = `{ sleep 6; printf 'ps; hostname\\r'; sleep 1; printf 'exit\\r'; sleep 2; }`;
    const { stdout } = await node.shell(
      program,
      `${typed} | script -qec "${node.commandOf(program, ...args).join(' ')}" /dev/null`,
    );
    assert.match(stdout, /sleep 10000/, `${program}: ${stdout}\n${await node.logs()}`);
    assert.match(stdout, /^web\r?$/m);
  }
});

test('debug without a terminal takes its input, and ends with it', { timeout: 120_000 }, async () => {
  for (const [index, program] of programs.entries()) {
    const args = [
      'debug',
      'web',
      '-i',
      `--image=${busyboxImage}`,
      `--container=pipe-${index}`,
      '--',
      'sh',
      '-c',
      // Its input has no end, as it is of a container that may be attached to again.
      'head -c 50000 | wc -c',
    ];
    const { stdout, stderr } = await node.tryKubectl(program, args, { input: 'x'.repeat(50_000) });
    assert.match(stdout, /50000/, `${program}: ${stderr}\n${await node.logs()}`);
  }
});
