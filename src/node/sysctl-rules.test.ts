import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePod } from './pods/pod-samples.ts';
import { patternFault, sysctlFault } from './sysctl-rules.ts';

test('a pod gets the safe settings, those that are allowed, and none of its host’s', () => {
  const cases: [sysctl: string, allowed: string[], spec: object, fault: string | undefined][] = [
    ['kernel.shm_rmid_forced', [], {}, undefined],
    ['kernel/shm_rmid_forced', [], {}, undefined],
    ['net.ipv4.tcp_rmem', [], {}, undefined],
    ['net.core.somaxconn', [], {}, '"net.core.somaxconn" not allowlisted'],
    ['net.core.somaxconn', ['net.core.somaxconn'], {}, undefined],
    ['net.core.somaxconn', ['net.core.*'], {}, undefined],
    ['net/core/somaxconn', ['net.core.*'], {}, undefined],
    ['net.core.somaxconn', ['net.core.s'], {}, '"net.core.somaxconn" not allowlisted'],
    ['kernel.msgmax', ['net.*'], {}, '"kernel.msgmax" not allowlisted'],
    ['vm.swappiness', [], {}, '"vm.swappiness" not allowlisted'],
    ['net.ipv4.tcp_rmem', [], { hostNetwork: true }, '"net.ipv4.tcp_rmem" not allowed with host Net enabled'],
    ['kernel.shm_rmid_forced', [], { hostIPC: true }, '"kernel.shm_rmid_forced" not allowed with host IPC enabled'],
    ['kernel.shm_rmid_forced', [], { hostNetwork: true }, undefined],
  ];
  for (const [name, allowed, spec, fault] of cases) {
    const pod = samplePod({ ...spec, securityContext: { sysctls: [{ name, value: '1' }] } });
    assert.equal(sysctlFault(pod, allowed), fault, name);
  }
  assert.equal(sysctlFault(samplePod(), []), undefined);
});

test('only what a namespace has of its own can be allowed', () => {
  assert.equal(patternFault(['net.core.*', 'kernel/msgmax', 'fs.mqueue.*', 'kernel.sem']), undefined);
  assert.equal(patternFault(['net.*', 'vm.*']), 'the sysctls "vm.*" are not known to be namespaced');
  assert.equal(patternFault(['kernel.*']), 'the sysctls "kernel.*" are not known to be namespaced');
});
