// The control groups of a pod with both of Docker's drivers, on both versions of control groups, as systemd sets them up.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { busyboxImage } from '../images/images.ts';
import { openVm } from './vm.ts';

const mebi = 2 ** 20;
const slice = 'wherry-kubepods-burstable-podaa_bb.slice';
const folder = '/wherry/kubepods/burstable/podaa-bb';
/** What the kernel says of 500 thousandths asked for, and limits of one core, 64 MiB and 50 processes. */
const says = {
  1: ['512', '100000', String(64 * mebi), '50'],
  2: ['20', '100000 100000', String(64 * mebi), '50'],
};

for (const version of [2, 1] as const) {
  test(`control groups v${version}`, async (t) => {
    const vm = await openVm(version === 1 ? { kernelArguments: 'systemd.unified_cgroup_hierarchy=0' } : {});
    t.after(() => vm.close());
    const program = join(vm.folder, 'exercise.mjs');
    await build({
      entryPoints: [join(import.meta.dirname, 'group-exercise.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    });
    await vm.copyIn([program], '/root/');
    for (const driver of ['systemd', 'cgroupfs'] as const) {
      await t.test(`with the driver ${driver}`, async () => {
        const settings = { 'live-restore': true, 'exec-opts': [`native.cgroupdriver=${driver}`] };
        await vm.exec('cat >/etc/docker/daemon.json && systemctl restart docker', { input: JSON.stringify(settings) });
        const command = `node /root/exercise.mjs ${driver} ${version} ${busyboxImage}`;
        const { ensureMs, ...told } = JSON.parse(await vm.exec(command));
        const cgroupParent = driver === 'systemd' ? slice : folder;
        // systemd has no word for how much is swapped on v1, where it is as much as on the host.
        const swap = driver === 'systemd' && version === 1 ? '60' : '0';
        assert.deepEqual(told, { cgroupParent, found: says[version], swap, ofPod: false, left: [] });
        assert.ok(ensureMs > 0);
      });
    }
  });
}
