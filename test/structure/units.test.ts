// The units that ship: systemd understands them, and the agent's says nothing that would hide its mounts from Docker.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tryCommand } from '../bench/command.ts';

const root = join(import.meta.dirname, '../..');
const unit = (role: string) => readFileSync(join(root, `systemd/wherry-${role}.service`), 'utf8');
const setting = (text: string, key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1];

/** Of directives that give a service a mount namespace, as systemd.exec has them. */
const ownMounts =
  /^(Private(Tmp|Devices|Mounts|IPC)|Protect(System|Home|ControlGroups|KernelTunables|KernelModules|KernelLogs|Proc)|(ReadWrite|ReadOnly|Inaccessible|Exec|NoExec)Paths|Bind(ReadOnly)?Paths|TemporaryFileSystem|RootDirectory|RootImage|MountFlags|DynamicUser|ProcSubset)=/m;

test("the agent's mounts are those that Docker sees", () => {
  assert.doesNotMatch(unit('agent'), ownMounts);
  assert.match(unit('server'), ownMounts);
});

for (const role of ['server', 'agent'])
  test(`the unit of the ${role} is watched, started again for ever, and of the program of its role`, () => {
    const text = unit(role);
    assert.equal(setting(text, 'Type'), 'notify');
    assert.equal(setting(text, 'NotifyAccess'), 'all');
    assert.equal(setting(text, 'Restart'), 'always');
    assert.equal(setting(text, 'StartLimitIntervalSec'), '0');
    assert.equal(setting(text, 'KillMode'), 'mixed');
    assert.ok(setting(text, 'WatchdogSec'));
    assert.equal(setting(text, 'ExecStart'), `/usr/local/lib/wherry/${role}/wherry ${role}`);
  });

test('when the host goes down the agent stops before Docker and the master, and has the time that pods are given', () => {
  const text = unit('agent');
  for (const other of ['docker.service', 'wherry-server.service', 'network-online.target', 'time-sync.target'])
    assert.ok(setting(text, 'After')?.split(' ').includes(other), other);
  const installer = readFileSync(join(root, 'scripts/install.sh'), 'utf8');
  const graceSeconds = Number(/shutdown-grace-period=(\d+)s/.exec(installer)?.[1]);
  assert.ok(Number(/^(\d+)s$/.exec(setting(text, 'TimeoutStopSec') ?? '')?.[1]) > graceSeconds);
});

test('systemd understands the units', async (t) => {
  if ((await tryCommand('sh', ['-c', 'command -v systemd-analyze'])).code !== 0)
    return t.skip('systemd-analyze is not installed here');
  const folder = await mkdtemp(join(tmpdir(), 'wherry-units-'));
  t.after(() => rm(folder, { recursive: true }));
  // What they start has to be there.
  const files = ['server', 'agent'].map((role) => join(folder, `wherry-${role}.service`));
  for (const role of ['server', 'agent'])
    await writeFile(
      join(folder, `wherry-${role}.service`),
      unit(role).replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true'),
    );
  const { stdout, stderr } = await tryCommand('systemd-analyze', ['verify', ...files]);
  const faults = `${stdout}${stderr}`
    .split('\n')
    .filter(
      (line) => line.includes('wherry-') && !/Unknown key.*Restart(Steps|MaxDelaySec)|docker\.service/.test(line),
    );
  assert.deepEqual(faults, []);
});
