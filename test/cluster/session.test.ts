// What README.md tells to do on two machines, done to the letter: each block is typed into a shell that stays, on the machine that it names.
// Hosts are made of namespaces, with Docker Engines and iptables of their own; systemd is played.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Hosts, openHosts } from '../bench/hosts.ts';
import type { TestHost } from '../bench/test-host.ts';
import { makeArchive, makeNextArchive, settle } from './bundle-hosts.ts';
import { type Block, type OwnValues, readSession, withOwnValues } from './readme-session.ts';

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

let hosts: Hosts;
let blocks: Block[];
let own: OwnValues;
const first = () => hosts.host('first');
const second = () => hosts.host('second');

/** Types it; the shell of that machine is where it was before, with the variables that it had. */
async function type(host: TestHost, commands: string): Promise<string> {
  const state = join(host.folder, 'shell');
  const script = `set -ea; PATH=${path} HOME=/root; cd; [ ! -e ${state} ] || . ${state}
${commands}
{ export -p; echo "cd '$PWD'"; } >${state}`;
  const { code, stdout, stderr } = await host.tryExec('sh', ['-c', script], { timeoutMs: 400_000 });
  assert.equal(code, 0, `${host.name}: ${commands}\n${stdout}${stderr}`);
  return stdout;
}

/** The next block, which has to be for that place, on each machine that it is for; what they wrote. */
async function next(where: string): Promise<string> {
  const block = blocks.shift();
  assert.equal(block?.where, where, block?.commands);
  const places: Record<string, TestHost[]> = {
    'first machine': [first().host],
    'second machine': [second().host],
    'both machines': [first().host, second().host],
    anywhere: [hosts.client.host],
  };
  let said = '';
  for (const host of places[where] ?? []) said += await type(host, withOwnValues(block?.commands ?? '', own));
  return said;
}

before(async () => {
  blocks = await readSession();
  hosts = await openHosts({ names: ['first', 'second'], dockerIptables: true });
  own = { MASTER: first().address, SECOND: 'second' };
  const archive = await makeArchive('nginx:stable', first());
  const nextArchive = await makeNextArchive(archive, hosts.client.host.folder);
  for (const on of hosts.hosts) {
    await settle(on);
    await on.host.exec('cp', [archive, nextArchive, '/root/']);
  }
});
after(async () => await hosts?.close());

test('a master, two nodes, three nginx', async () => {
  await next('both machines');
  const token = /^[a-z0-9]{6}\.[a-z0-9]{16}\.[0-9a-f]{64}$/m.exec(await next('first machine'))?.[0];
  assert.ok(token, 'a token is printed');
  own = { ...own, TOKEN: token };
  assert.match(await next('both machines'), /node first of.*node second of/s);
  const said = await next('first machine');
  assert.match(said, /nginx.* first /);
  assert.match(said, /nginx.* second /);
  assert.match(said, /Nothing is wrong\.\n$/);
});

test('they answer from outside', async () => {
  assert.match(await next('anywhere'), /Welcome to nginx!/);
});

test('the plug of a node is pulled, and its pods move', async () => {
  assert.match(blocks[0]?.after ?? '', /pull the plug of the second machine/);
  await second().kill();
  const said = await next('first machine');
  assert.match(said, /^second +NotReady/m);
  const running = said.split('\n').filter((line) => /^nginx-.* Running /.test(line) && / first /.test(line));
  assert.equal(running.length, 3, said);
});

test('it comes back, and both are upgraded', async () => {
  assert.match(blocks[0]?.after ?? '', /Give it power again/);
  await second().boot();
  await settle(second());
  // What is enabled is started with the machine.
  await type(second().host, 'systemctl start wherry-agent');
  await next('first machine');
  const said = await next('both machines');
  assert.equal(said.match(/^wherry 0\.2\.0 /gm)?.length, 2, said);
});

test('a node leaves, and nothing of Wherry is left on either', async () => {
  await next('first machine');
  assert.match(await next('second machine'), /this host is no node any more.*Wherry is uninstalled/s);
  assert.match(await next('first machine'), /Wherry is uninstalled/);
  assert.deepEqual(blocks, [], 'all has been done');
  for (const { host } of hosts.hosts) {
    const left = 'ls -d /usr/local/lib/wherry /usr/local/bin/wherry /var/lib/wherry /etc/wherry 2>/dev/null || true';
    assert.equal((await host.exec('sh', ['-c', left])).stdout, '');
  }
});
