import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sysctlName } from '../../api/safe-sysctls.ts';
import { samplePod } from './pod-samples.ts';
import { sandboxSpec } from './sandbox-spec.ts';

const placement = { cgroupParent: '/pods', oomScore: -998 };
const circumstances = { attempt: 2, hostname: 'web', ociRuntime: 'crun', placement };

test('the pause container is asked for all that the pod shares', () => {
  const securityContext = {
    sysctls: [
      { name: 'kernel/shm_rmid_forced', value: '1' },
      { name: 'net.ipv4.tcp_syncookies', value: '0' },
    ],
    seLinuxOptions: { type: 'spc_t' },
  };
  const spec = sandboxSpec(samplePod({ hostIPC: true, securityContext }), circumstances);
  assert.deepEqual(spec, {
    podUid: 'u1',
    podNamespace: 'default',
    podName: 'web',
    name: 'POD',
    attempt: 2,
    hostname: 'web',
    hostNetwork: false,
    hostIpc: true,
    sysctls: { 'kernel.shm_rmid_forced': '1', 'net.ipv4.tcp_syncookies': '0' },
    seLinux: ['type:spc_t'],
    ociRuntime: 'crun',
    ...placement,
  });
});

test('what Docker cannot make is refused with the reason', () => {
  assert.throws(
    () => sandboxSpec(samplePod({ hostUsers: false }), circumstances),
    /Docker has one for all .* or for none/,
  );
  assert.equal(sandboxSpec(samplePod({ hostUsers: true }), circumstances).hostname, 'web');
  assert.throws(() => sandboxSpec(samplePod(), { ...circumstances, hostname: 'x'.repeat(65) }), /too long/);
});

test('settings are known by one name however they are written', () => {
  assert.equal(sysctlName('kernel.shm_rmid_forced'), 'kernel.shm_rmid_forced');
  assert.equal(sysctlName('kernel/shm_rmid_forced'), 'kernel.shm_rmid_forced');
  assert.equal(sysctlName('net/ipv4/conf/eth0.5/forwarding'), 'net.ipv4.conf.eth0/5.forwarding');
  assert.equal(sysctlName('net.ipv4.conf.eth0/5.forwarding'), 'net.ipv4.conf.eth0/5.forwarding');
});
