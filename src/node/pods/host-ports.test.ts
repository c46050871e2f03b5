import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portsLedTo } from './host-ports.ts';
import { samplePod } from './pod-samples.ts';

test('the ports of all containers count, as far as they are to be the host’s', () => {
  const pod = samplePod({
    initContainers: [
      { name: 'side', restartPolicy: 'Always', ports: [{ containerPort: 1, hostPort: 1, protocol: 'UDP' }] },
    ],
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
  assert.deepEqual(portsLedTo(pod), [
    { protocol: 'udp', hostIp: '0.0.0.0', hostPort: 1, containerPort: 1 },
    { protocol: 'tcp', hostIp: '127.0.0.1', hostPort: 8081, containerPort: 81 },
  ]);
  assert.deepEqual(portsLedTo({ ...pod, spec: { ...pod.spec, hostNetwork: true } }), []);
  assert.deepEqual(portsLedTo(samplePod()), []);
});

test('an address that is none is refused, whatever its text', () => {
  for (const hostIP of ['host', '192.0.2.7/32 -j ACCEPT\n-A INPUT']) {
    const ports = [{ containerPort: 80, hostPort: 8080, hostIP }];
    assert.throws(
      () => portsLedTo(samplePod({ containers: [{ name: 'main', ports }] })),
      /hostPort 8080 is no IP address/,
    );
  }
});
