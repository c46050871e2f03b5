// Exec, attach and port-forward of Kubernetes' JavaScript client, over WebSockets; and a client as a browser is one, with
// its token among the protocols.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { WholeNode } from './whole-node.ts';

const program = join(import.meta.dirname, '../../node_modules/.bin/node');
const script = `mkdir /tmp/www; echo hello >/tmp/www/index.html; exec httpd -f -p 127.0.0.1:8080 -h /tmp/www`;

let node: WholeNode;
before(async () => {
  node = await WholeNode.open();
  const made = [
    node.createPod('web', { containers: [{ name: 'main', image: busyboxImage, command: ['sh', '-c', script] }] }),
    node.createPod('echo', { containers: [{ name: 'main', image: busyboxImage, command: ['cat'], stdin: true }] }),
  ];
  await Promise.all(made);
  await waitUntil('the pod serves', () => node.kubectl('exec', 'web', '--', 'wget', '-qO-', 'http://127.0.0.1:8080/'));
});
after(async () => {
  await node?.close();
});

test('the JavaScript client executes, attaches and forwards', { timeout: 60_000 }, async () => {
  await node.kubectl(
    'create',
    'clusterrolebinding',
    'all',
    '--clusterrole=cluster-admin',
    '--serviceaccount=default:default',
  );
  const token = (await node.kubectl('create', 'token', 'default')).trim();
  const client = join(import.meta.dirname, 'streams-client.ts');
  const outcome = await node.on.host.tryExec('timeout', ['40', program, client, node.kubeconfig, token]);
  assert.equal(outcome.code, 0, outcome.stderr + (await node.logs()));
  const { failing, ...others } = JSON.parse(outcome.stdout);
  assert.deepEqual([failing.out, failing.err], ['out\n', 'err\n']);
  assert.deepEqual(failing.status, {
    metadata: {},
    status: 'Failure',
    message:
      'command terminated with non-zero exit code: error executing command [sh -c echo out; echo err >&2; exit 9], exit code 9',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '9' }] },
  });
  assert.match(others.forwarded, /^HTTP\/1\.[01] 200 OK.*hello/s);
  assert.match(others.byProtocol, /^uid=0/);
  assert.match(others.badToken, /401/);
  assert.deepEqual(
    { piped: others.piped.out, resized: others.resized, attached: others.attached },
    { piped: '3000000\n', resized: 'followed', attached: 'to the container\n' },
  );
});
