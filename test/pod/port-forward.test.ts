// kubectl port-forward from the oldest (SPDY) to the newest (SPDY in a WebSocket): to a server that listens at the pod's
// 127.0.0.1 only, large and many at once, and what happens when nothing listens, or the container is another one.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import Docker from 'dockerode';
import { oldestAndNewest } from '../api/kubectls.ts';
import type { HostProcess } from '../bench/test-host.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { WholeNode } from './whole-node.ts';

const script = `mkdir -p /tmp/www && echo hello >/tmp/www/index.html
yes wherry | head -c 300000000 >/tmp/www/large
nc -ll -p 9000 -e sha256sum &
exec httpd -f -p 127.0.0.1:8080 -h /tmp/www`;

let node: WholeNode;
let programs: string[];
before(async () => {
  [node, programs] = await Promise.all([
    WholeNode.open(),
    oldestAndNewest().then((ends) => ends.map(({ program }) => program)),
  ]);
  await node.createPod('web', {
    containers: [{ name: 'main', image: busyboxImage, command: ['sh', '-c', script] }],
  });
  await serving();
});
after(async () => {
  await node?.close();
});

const serving = () =>
  waitUntil('the pod serves', () => node.kubectl('exec', 'web', '--', 'wget', '-qO-', 'http://127.0.0.1:8080/'));

async function forwarded(program: string, ports: string, use: (kubectl: HostProcess) => Promise<void>): Promise<void> {
  const [, ...args] = node.commandOf(program, 'port-forward', 'pod/web', ports);
  const kubectl = await node.on.host.spawn(program, args, { log: `port-forward-${randomUUID()}.log` });
  try {
    await waitUntil('it forwards', async () => (await kubectl.readLog()).includes('Forwarding from 127.0.0.1'));
    await use(kubectl);
  } catch (error) {
    throw new Error(`${program}: ${(error as Error).message}\n${await kubectl.readLog()}\n${await node.logs()}`, {
      cause: error,
    });
  } finally {
    await kubectl.kill('SIGTERM');
  }
}

const sumOf = async (command: string) => (await node.shell('kubectl', `set -e; ${command} | sha256sum`)).stdout;

test("a server at the pod's 127.0.0.1 answers; 300 MB come and go whole", { timeout: 300_000 }, async () => {
  const sum = await sumOf('yes wherry | head -c 300000000');
  for (const program of programs) {
    await forwarded(program, '18080:8080', async () => {
      assert.equal((await node.shell(program, 'curl -sf http://127.0.0.1:18080/')).stdout, 'hello\n');
      assert.equal(await sumOf('curl -sf http://127.0.0.1:18080/large'), sum);
    });
    await forwarded(program, '19000:9000', async () => {
      const sent = await node.shell(program, 'yes wherry | head -c 300000000 | socat -t 60 - TCP:127.0.0.1:19000');
      assert.equal(sent.stdout, sum);
    });
  }
});

test('a hundred connections at once, each with its own answer', { timeout: 120_000 }, async () => {
  for (const program of programs) {
    await forwarded(program, '18080:8080', async () => {
      const many =
        'for i in $(seq 100); do curl -sf --max-time 60 -r 0-99999 http://127.0.0.1:18080/large | sha256sum & done; wait';
      const { stdout } = await node.shell(program, many);
      const answers = stdout.trim().split('\n');
      assert.equal(answers.length, 100);
      assert.deepEqual(new Set(answers), new Set([(await sumOf('yes wherry | head -c 100000')).trim()]));
    });
  }
});

test('where nothing listens kubectl says so; a container that is another one is reached again', async () => {
  for (const program of programs) {
    await forwarded(program, '18081:81', async (kubectl) => {
      await node.shell(program, 'curl -s --max-time 10 http://127.0.0.1:18081/');
      await waitUntil('the reason', async () =>
        /error forwarding port 81 to pod .*connection refused/.test(await kubectl.readLog()),
      );
    });
    await forwarded(program, '18080:8080', async () => {
      await node.shell(program, 'curl -sf http://127.0.0.1:18080/');
      const main = async () => (await node.pod('web')).status.containerStatuses?.[0];
      const id = (await main())?.containerID?.replace('docker://', '') ?? '';
      await new Docker({ socketPath: node.on.docker.socket }).getContainer(id).kill();
      await waitUntil('it is another one', async () => !(await main())?.containerID?.endsWith(id));
      await serving();
      assert.equal((await node.shell(program, 'curl -sf http://127.0.0.1:18080/')).stdout, 'hello\n');
    });
  }
});
