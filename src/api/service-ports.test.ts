import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from './kinds/pod.ts';
import type { ServicePort } from './kinds/service.ts';
import { targetPortIn } from './service-ports.ts';

const pod = {
  spec: {
    containers: [
      { name: 'a', ports: [{ name: 'http', containerPort: 8080 }] },
      { name: 'b', ports: [{ name: 'dns', containerPort: 53, protocol: 'UDP' }] },
    ],
    initContainers: [{ name: 's', restartPolicy: 'Always', ports: [{ name: 'mesh', containerPort: 15001 }] }],
  },
} as Pod;

const cases: [ServicePort, number | undefined][] = [
  [{ port: 80 }, 80],
  [{ port: 80, targetPort: 8000 }, 8000],
  [{ port: 80, targetPort: 'http' }, 8080],
  [{ port: 80, targetPort: 'mesh' }, 15001],
  [{ port: 53, targetPort: 'dns', protocol: 'UDP' }, 53],
  [{ port: 53, targetPort: 'dns', protocol: 'TCP' }, undefined],
  [{ port: 80, targetPort: 'absent' }, undefined],
];

for (const [port, expected] of cases) {
  test(`${JSON.stringify(port)} ends at ${expected}`, () => assert.equal(targetPortIn(pod, port), expected));
}
