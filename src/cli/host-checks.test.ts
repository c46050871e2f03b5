import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { judgeDocker, lookAtDocker } from './docker-checks.ts';
import {
  judgeMounts,
  lookAtCgroups,
  lookAtClock,
  lookAtDataDir,
  lookAtMemory,
  lookAtName,
  lookAtPort,
  lookAtSysctls,
  lookAtUser,
} from './host-checks.ts';
import { judgeNodeAddress } from './reach-checks.ts';

const directory = mkdtempSync(join(tmpdir(), 'wherry-checks-'));
after(() => rmSync(directory, { recursive: true }));

test('what is well is well, and what is not says why and what to do', async () => {
  mkdirSync(join(directory, 'v1/cpu'), { recursive: true });
  mkdirSync(join(directory, 'v2'));
  writeFileSync(join(directory, 'v2/cgroup.controllers'), 'cpuset cpu io memory hugetlb pids\n');
  const cases = [
    [lookAtUser(0), 'ok', /root/],
    [lookAtUser(1000), 'fail', /root/],
    [lookAtClock(new Date('2026-01-01')), 'ok', /2026/],
    [lookAtClock(new Date(0)), 'fail', /1970/],
    [lookAtName('node-1.example'), 'ok', /node-1/],
    [lookAtName('Node_1'), 'fail', /cannot be a node's name/],
    [judgeMounts('22 1 8:1 / / rw shared:1 - ext4 x rw\n', '/var/lib/wherry'), 'ok', /below \/ are shared/],
    [
      judgeMounts('22 1 8:1 / / rw shared:1 - ext4 x rw\n30 22 8:2 / /var/lib rw - ext4 y rw', '/var/lib/wherry'),
      'warn',
      /\/var\/lib are not shared/,
    ],
    [
      judgeMounts('22 1 8:1 / / rw shared:1 - ext4 x rw\n30 22 8:2 / /var/li rw - ext4 y rw', '/var/lib/wherry'),
      'ok',
      /below \/ /,
    ],
    [lookAtMemory(2 ** 30), 'ok', /1024 MiB/],
    [lookAtMemory(2 ** 28), 'warn', /256 MiB/],
    [judgeNodeAddress('192.168.56.11'), 'ok', /192\.168\.56\.11/],
    [judgeNodeAddress('10.0.2.15'), 'fail', /every Vagrant machine/],
    [judgeNodeAddress('127.0.0.1'), 'fail', /loopback/],
    [judgeNodeAddress(undefined), 'warn', /not known/],
    [lookAtCgroups(join(directory, 'v2')), 'ok', /version 2/],
    [lookAtCgroups(join(directory, 'v1')), 'fail', /memory, pids/],
  ] as const;
  for (const [finding, level, text] of cases) {
    assert.equal(finding.level, level, finding.text);
    assert.match(finding.text, text);
    assert.equal(finding.remedy !== undefined, level !== 'ok', finding.text);
  }
  const [room] = await lookAtDataDir(join(directory, 'not/yet/there'));
  assert.match(room?.text ?? '', /not\/yet\/there has \d+ MB left/);
});

test('a port that somebody has is in use', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const taken = await lookAtPort(port, '127.0.0.1', '--https-port');
  assert.deepEqual([taken.level, /in use/.test(taken.text)], ['fail', true]);
  assert.match(taken.remedy ?? '', /--https-port/);
  server.close();
  await once(server, 'close');
  assert.equal((await lookAtPort(port, '127.0.0.1', '--https-port')).level, 'ok');
});

test('a Docker Engine answers, is too old, talks nonsense, or is not there', async () => {
  const socket = join(directory, 'docker.sock');
  let answer = '';
  const server = createHttpServer((_request, response) => response.end(answer)).listen(socket);
  await once(server, 'listening');
  for (const [text, level, said] of [
    ['{"Version":"28.0.1","ApiVersion":"1.48"}', 'ok', /28\.0\.1 \(API 1\.48\)/],
    ['{"Version":"19.03","ApiVersion":"1.40"}', 'fail', /too old/],
    ['<html>', 'fail', /cannot be asked/],
  ] as const) {
    answer = text;
    const [finding] = await lookAtDocker(socket);
    assert.ok(finding);
    assert.equal(finding.level, level, finding.text);
    assert.match(finding.text, said);
  }
  server.close();
  await once(server, 'close');
  assert.match((await lookAtDocker(socket))[0]?.text ?? '', /there is no Docker Engine/);
});

test('a Docker Engine that is busy is not taken for one that is missing', async () => {
  const socket = join(directory, 'busy.sock');
  const server = createHttpServer(() => undefined).listen(socket);
  await once(server, 'listening');
  const [finding] = await lookAtDocker(socket, 50);
  assert.match(finding?.text ?? '', /cannot be asked: it has not answered within 0.05 s$/);
  assert.doesNotMatch(finding?.remedy ?? '', /install/);
  server.close();
  server.closeAllConnections();
});

test('settings of Docker that harm pods are told with their remedy', () => {
  for (const [info, level, says] of [
    [{ LiveRestoreEnabled: true, OSType: 'linux' }, 'ok', /outlive a restart/],
    [{ LiveRestoreEnabled: false }, 'warn', /ends all pods when it restarts/],
    [{ LiveRestoreEnabled: true, SecurityOptions: ['name=rootless'] }, 'fail', /rootless/],
    [{ LiveRestoreEnabled: true, SecurityOptions: ['name=userns'] }, 'fail', /maps users/],
    [{ LiveRestoreEnabled: true, OSType: 'windows' }, 'fail', /windows/],
    [{ LiveRestoreEnabled: true, Driver: 'vfs' }, 'warn', /vfs/],
  ] as const) {
    const [finding] = judgeDocker({
      ...info,
      SecurityOptions: [...('SecurityOptions' in info ? info.SecurityOptions : [])],
    });
    assert.deepEqual([finding?.level, says.test(finding?.text ?? '')], [level, true], finding?.text);
    assert.equal(finding?.remedy !== undefined, level !== 'ok');
  }
});

test('kernel settings that take back what the agent sets are found in their files', () => {
  const root = join(directory, 'sysctls');
  mkdirSync(join(root, 'etc/sysctl.d'), { recursive: true });
  mkdirSync(join(root, 'proc/sys/fs/inotify'), { recursive: true });
  writeFileSync(join(root, 'proc/sys/fs/inotify/max_user_instances'), '128\n');
  assert.deepEqual(
    lookAtSysctls(root).map(({ level }) => level),
    ['ok'],
  );
  writeFileSync(join(root, 'etc/sysctl.d/99-hardening.conf'), '# none\nnet.ipv4.ip_forward = 0\n');
  writeFileSync(join(root, 'proc/sys/fs/inotify/max_user_instances'), '64\n');
  const [forwarding, instances] = lookAtSysctls(root);
  assert.match(forwarding?.text ?? '', /99-hardening\.conf turns off forwarding/);
  assert.match(instances?.text ?? '', /may follow 64 sets/);
});
