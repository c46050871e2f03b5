// The virtual machine itself: it is what users have, keeps its disk over a reboot and a power cut, and leaves nothing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { observeLeftovers, runName } from '../bench/leftovers.ts';
import { observeTrees } from '../bench/process-table.ts';
import { openVm, type Vm } from './vm.ts';

let vm: Vm;
before(async () => {
  vm = await openVm();
});
after(async () => {
  await vm?.close();
});

const bootId = () => vm.exec('cat /proc/sys/kernel/random/boot_id');

test('it is a Debian with systemd, control groups v2 and Docker, at the present time', async () => {
  assert.equal((await vm.exec('stat -f -c %T /sys/fs/cgroup')).trim(), 'cgroup2fs');
  assert.match(await vm.exec('docker info --format "{{.CgroupDriver}} {{.LiveRestoreEnabled}}"'), /^systemd true$/m);
  assert.equal((await vm.exec('systemctl is-active docker ssh')).trim(), 'active\nactive');
  const offMs = Math.abs(Number(await vm.exec('date +%s')) * 1000 - Date.now());
  assert.ok(offMs < 60_000, `the clock is off by ${offMs} ms`);
});

test('what is on its disk outlives a reboot, what was only on its way there does not outlive a power cut', async () => {
  const first = await bootId();
  await vm.exec('echo kept >/root/kept; sync /root/kept; echo state >/run/state');
  await vm.reboot();
  const second = await bootId();
  assert.notEqual(second, first);
  assert.equal(await vm.exec('cat /root/kept'), 'kept\n');
  assert.notEqual((await vm.tryExec('cat /run/state')).code, 0);
  await vm.exec('echo more >>/root/kept');
  await vm.unplug();
  await vm.boot();
  assert.notEqual(await bootId(), second);
  assert.equal(await vm.exec('cat /root/kept'), 'kept\n');
});

test('it leaves nothing when it is closed', async () => {
  await vm.close();
  assert.deepEqual(
    observeTrees(({ command }) => command.some((argument) => argument.includes(`/${runName}/`))),
    [],
  );
  assert.deepEqual(
    (await observeLeftovers()).filter((path) => path.includes(runName)),
    [],
  );
});
