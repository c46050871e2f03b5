// The commands that an administrator uses beside a server that runs: tokens, the kubeconfig, check, and uninstall, which must not.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseKubeconfig } from '../../src/pki/kubeconfig.ts';
import { StandInAgent } from '../controllers/stand-in-agent.ts';
import { TestServer } from '../controllers/test-server.ts';
import { wherry } from './wherry.ts';

let server: TestServer;
before(async () => {
  server = await TestServer.open();
});
after(() => server?.close());

const run = async (...args: string[]) => {
  const { code, stdout, stderr } = await wherry([...args, '--kubeconfig', server.kubeconfigFile]);
  return { code, stdout: stdout.trimEnd(), stderr };
};

test('a token is made, listed without its secret, and deleted', async () => {
  const { stdout: token } = await run('token', 'create', '--ttl', '2h', '--description', 'for the new rack');
  const [id = '', secret = ''] = token.split('.');
  const listed = await run('token', 'list');
  assert.match(listed.stdout, new RegExp(`^${id}  \\S+Z  authentication,signing  for the new rack$`, 'm'));
  assert.ok(!listed.stdout.includes(secret));
  const deleted = await run('token', 'delete', token);
  assert.deepEqual([deleted.code, deleted.stdout], [0, `token ${id} is deleted`]);
  assert.ok(!(await run('token', 'list')).stdout.includes(id));
  const again = await run('token', 'delete', id);
  assert.deepEqual([again.code, /there is no token/.test(again.stderr)], [1, true], again.stderr);
});

test('a token is for what it is told, and for nothing that there is not', async () => {
  const { stdout: token } = await run('token', 'create', '--usages', 'signing');
  assert.match((await run('token', 'list')).stdout, new RegExp(`^${token.split('.')[0]}  \\S+  signing +made by`, 'm'));
  const wrong = await run('token', 'create', '--usages', 'signing,client');
  assert.deepEqual(
    [wrong.code, /"client" is no usage of a token: there are signing and authentication/.test(wrong.stderr)],
    [2, true],
    wrong.stderr,
  );
});

test('what a server that runs must keep is not taken from it, and its own port is no fault', async () => {
  const dataDir = ['--data-dir', server.dataDir];
  const uninstall = await wherry(['uninstall', '--yes', ...dataDir, '--write-kubeconfig', server.kubeconfigFile]);
  assert.deepEqual([uninstall.code, /in use by another server: stop that one/.test(uninstall.stderr)], [1, true]);
  const check = await wherry(['check', 'server', ...dataDir, '--https-port', String(server.port)]);
  assert.equal(check.code, 0, check.stdout);
  assert.match(check.stdout, /the server runs on/);
});

test('the kubeconfig is printed, for another address when that is wanted', async () => {
  const same = parseKubeconfig((await run('kubeconfig')).stdout);
  assert.deepEqual(same, server.kubeconfig);
  // Where no other is named it is the one that the server writes, wherever that is.
  const unnamed = await wherry(['kubeconfig', '--write-kubeconfig', server.kubeconfigFile]);
  assert.deepEqual(parseKubeconfig(unnamed.stdout), server.kubeconfig);
  const { stdout } = await run('kubeconfig', '--server', 'https://203.0.113.7:6443');
  assert.deepEqual(parseKubeconfig(stdout), { ...server.kubeconfig, server: 'https://203.0.113.7:6443' });
});

test('the status says how the cluster is and what to do, and its exit code whether something is wrong', async () => {
  const dataDir = ['--data-dir', server.dataDir];
  const empty = await run('status', ...dataDir);
  assert.equal(empty.code, 1);
  assert.match(empty.stdout, /^server +https:\/\/127\.0\.0\.1:\d+ +Kubernetes v1\.34/m);
  assert.match(empty.stdout, /^certificates +the first ends in 36\d days/m);
  assert.match(empty.stdout, /What is wrong:\n- there is no node, so no pod runs\n {2}make a token/);
  const agents = new StandInAgent(server);
  await agents.start('one');
  const well = await run('status', ...dataDir);
  assert.deepEqual([well.code, /Nothing is wrong\.$/.test(well.stdout)], [0, true], well.stdout);
  assert.match(well.stdout, /^nodes +1, 1 ready\n {2}one +ready/m);
  agents.stop();
});
