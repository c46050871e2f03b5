// A node that nobody can connect to is a node as any other: its agent opens the way to the master. What goes through it is
// whole, either side may be killed, and a node that can be reached does without.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { oldestAndNewest } from '../api/kubectls.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { OneNode } from './one-node.ts';

const tunnels = async (one: OneNode) =>
  Number(/^wherry_tunnels (\d+)$/m.exec(await one.kubectl('get', '--raw', '/metrics'))?.[1]);

describe('behind NAT', () => {
  let one: OneNode;
  before(async () => {
    one = await OneNode.open([], { isBehindNat: true });
    const site = 'mkdir /www; echo welcome > /www/index.html; echo begun; exec httpd -f -p 8080 -h /www';
    await one.applyPod('site', { main: site });
    await one.podReady('site');
    await waitUntil('the tunnel', async () => (await tunnels(one)) === 1);
    await waitUntil('the pod serves', () =>
      one.kubectl('exec', 'site', '--', 'wget', '-qO-', 'http://127.0.0.1:8080/'),
    );
    await one.logsBecome('site', 'begun\n');
  });
  after(async () => {
    await one?.close();
  });

  test('the master cannot reach the agent, and yet all of kubectl works', async () => {
    const direct = await one.on.host.tryExec('curl', ['-sk', '--max-time', '2', `https://${one.node.address}:10250/`]);
    assert.notEqual(direct.code, 0);
    for (const { program } of await oldestAndNewest()) {
      const kubectl = async (...args: string[]) => (await one.tryKubectl(args, program)).stdout;
      assert.equal(await kubectl('logs', 'site'), 'begun\n');
      assert.equal(await kubectl('exec', 'site', '--', 'cat', '/www/index.html'), 'welcome\n');
      assert.equal(await kubectl('get', '--raw', '/api/v1/namespaces/default/pods/site:8080/proxy/'), 'welcome\n');
      assert.equal(
        JSON.parse(await kubectl('get', '--raw', '/api/v1/nodes/n1/proxy/stats/summary')).node.nodeName,
        'n1',
      );
    }
  });

  test('much goes through it, both ways and many at once, and comes out whole', async () => {
    const mebibytes = 30;
    const zeros = createHash('md5')
      .update(Buffer.alloc(mebibytes * 2 ** 20))
      .digest('hex');
    const kubectl = `kubectl --kubeconfig ${one.kubeconfig}`;
    const out = `${kubectl} exec site -- dd if=/dev/zero bs=1M count=${mebibytes} 2>/dev/null | md5sum`;
    const into = `dd if=/dev/zero bs=1M count=${mebibytes} 2>/dev/null | ${kubectl} exec -i site -- md5sum`;
    const said = await Promise.all(
      [out, into, out].map(async (script) => (await one.on.host.exec('sh', ['-c', script])).stdout),
    );
    for (const text of said) assert.equal(text.split(' ')[0], zeros);
  });

  test('a port is forwarded, and each direction ends by itself', async () => {
    const kubectl = `kubectl --kubeconfig ${one.kubeconfig}`;
    const script = `${kubectl} port-forward pod/site 8090:8080 >/dev/null & forward=$!
      curl -s --retry 20 --retry-delay 1 --retry-connrefused http://127.0.0.1:8090/; kill $forward`;
    assert.equal((await one.on.host.exec('sh', ['-c', script])).stdout, 'welcome\n');
  });

  test('kill -9 of the agent, and of the master: the way is there again', async () => {
    await one.agent?.kill('SIGKILL');
    await one.startAgent();
    const works = async () => (await one.tryKubectl(['logs', 'site'])).stdout === 'begun\n';
    await waitUntil('logs after the agent came again', works);
    await one.server?.kill('SIGKILL');
    await one.startServer();
    await waitUntil('logs after the master came again', works);
    assert.equal(await tunnels(one), 1);
  });

  test('a tunnel is for nodes alone', async () => {
    const { identity, host } = { identity: await one.masterIdentity(), host: one.on.host };
    const files = { crt: identity.certificate, key: identity.key };
    for (const [end, input] of Object.entries(files)) await host.exec('tee', [`${host.folder}/m.${end}`], { input });
    const upgrade = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ];
    const args = [
      '-ski',
      '--http1.1',
      '--max-time',
      '5',
      '--cert',
      `${host.folder}/m.crt`,
      '--key',
      `${host.folder}/m.key`,
    ];
    const { stdout } = await host.tryExec('curl', [
      ...args,
      ...upgrade.flatMap((line) => ['-H', line]),
      `${one.url}/wherry/tunnel`,
    ]);
    assert.match(stdout, /^HTTP\/1.1 403 [\s\S]*tunnels are for nodes/);
  });
});

describe('within reach', () => {
  let one: OneNode;
  before(async () => {
    one = await OneNode.open();
  });
  after(async () => {
    await one?.close();
  });

  test('a node needs no tunnel, and has one if it is told to', async () => {
    await one.applyPod('talk', { main: 'echo begun; sleep 1000' });
    await one.podReady('talk');
    await one.logsBecome('talk', 'begun\n');
    assert.equal(await tunnels(one), 0);
    await one.agent?.kill('SIGTERM');
    await one.startAgent(['--tunnel', 'always']);
    await waitUntil('the tunnel', async () => (await tunnels(one)) === 1);
    assert.equal(await one.kubectl('logs', 'talk'), 'begun\n');
  });
});
