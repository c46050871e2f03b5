// wherry check on hosts made for it: what is wrong is said with its remedy, and the exit code tells.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { tryCommand } from '../bench/command.ts';
import { TestServer } from '../controllers/test-server.ts';
import { wherry } from './wherry.ts';

const main = join(import.meta.dirname, '../../src/main.ts');
const env = { ...process.env, WHERRY_CONFIG: '/dev/null', NO_COLOR: '1' };
let server: TestServer;
before(async () => {
  server = await TestServer.open();
});
after(() => server?.close());

test('a firewall that shuts what is needed is named with the rule that is missing', async () => {
  const check = (rules: string, role: string) =>
    tryCommand(
      'unshare',
      ['--net', 'sh', '-c', `ip link set lo up; ${rules}; exec "$@"`, 'sh', process.execPath, main, 'check', role],
      { env },
    );
  const shut = await check('iptables -P INPUT DROP; iptables -A INPUT -p tcp --dport 22 -j ACCEPT', 'agent');
  assert.match(
    shut.stdout,
    /warn +firewall +a firewall of this host shuts TCP port 10250, which is for logs.*\n +`ufw allow 10250\/tcp`/,
  );
  assert.match(shut.stdout, /shuts UDP port 8472.*\n.*iptables -I INPUT -p udp --dport 8472 -j ACCEPT/);
  const open = await check('iptables -P INPUT DROP; iptables -A INPUT -p tcp --dport 6443 -j ACCEPT', 'server');
  assert.match(open.stdout, /ok +firewall +the firewall lets others in to TCP port 6443\n/);
});

test('the way to the master: its clock, its version, and by which address this host goes there', async () => {
  const there = await wherry(['check', 'agent', '--server', server.kubeconfig.server]);
  assert.match(there.stdout, /ok +master +the master answers at/);
  assert.match(there.stdout, /ok +master +the clocks are no more than \d\.\d s apart/);
  assert.match(
    there.stdout,
    /fail +address +the master is named by a loopback address: this node would be 127\.0\.0\.1/,
  );
  const away = await wherry(['check', 'agent', '--server', 'https://127.0.0.1:9']);
  assert.equal(away.code, 1);
  assert.match(away.stdout, /fail +master +nothing listens at 127\.0\.0\.1:9.*\n +see there whether the master runs/);
  const unnamed = await wherry(['check', 'agent']);
  assert.match(unnamed.stdout, /warn +master +no master is named.*\n +say --server/);
});

test('a host on the network that all Vagrant machines share is told so', async () => {
  const script = 'ip link set lo up; ip address add 10.0.2.15/24 dev lo; exec "$@"';
  const args = [
    '--net',
    'sh',
    '-c',
    script,
    'sh',
    process.execPath,
    main,
    'check',
    'server',
    '--advertise-address',
    '10.0.2.15',
  ];
  const { stdout } = await tryCommand('unshare', args, { env });
  assert.match(
    stdout,
    /warn +address +others would reach this server at 10\.0\.2\.15, which every Vagrant machine has/,
  );
});
