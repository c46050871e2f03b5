import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostPortsOf, portsClash } from './host-ports.ts';
import { samplePod } from './pod-samples.ts';

const port = { protocol: 'tcp', hostIp: '', hostPort: 80, containerPort: 8080 } as const;

test('the ports of all containers count, as far as they are to be the host’s', () => {
  const pod = samplePod({
    initContainers: [{ name: 'side', ports: [{ containerPort: 1, hostPort: 1, protocol: 'UDP' }] }],
    containers: [
      {
        name: 'main',
        ports: [
          { containerPort: 80 },
          { containerPort: 81, hostPort: 8081, hostIP: '127.0.0.1' },
          { containerPort: 82, hostPort: 8082, protocol: 'SCTP' },
        ],
      },
    ],
  });
  assert.deepEqual(hostPortsOf(pod), [
    { protocol: 'tcp', hostIp: '127.0.0.1', hostPort: 8081, containerPort: 81 },
    { protocol: 'udp', hostIp: '', hostPort: 1, containerPort: 1 },
  ]);
  assert.deepEqual(hostPortsOf(samplePod()), []);
});

test('two pods cannot have the same port of the host', () => {
  assert.equal(portsClash(port, { ...port, containerPort: 1 }), true);
  assert.equal(portsClash(port, { ...port, protocol: 'udp' }), false);
  assert.equal(portsClash(port, { ...port, hostPort: 81 }), false);
  assert.equal(portsClash(port, { ...port, hostIp: '192.0.2.7' }), true, 'all addresses are that one, too');
  assert.equal(portsClash({ ...port, hostIp: '0.0.0.0' }, { ...port, hostIp: '192.0.2.7' }), true);
  assert.equal(portsClash({ ...port, hostIp: '192.0.2.8' }, { ...port, hostIp: '192.0.2.7' }), false);
});
