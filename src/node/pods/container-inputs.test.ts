import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerResources } from '../resources/container-resources.ts';
import { containerSecurity } from './container-security.ts';
import { containerSpec } from './container-spec.ts';
import { samplePod } from './pod-samples.ts';
import { unsupportedFeatures } from './unsupported-features.ts';

test('requests become shares, limits become quota and bytes', () => {
  const of = (resources: object) => containerResources({ name: 'main', resources });
  assert.deepEqual(of({}), { cpuShares: 2, cpuQuotaMicros: undefined, memoryBytes: undefined });
  assert.deepEqual(of({ requests: { cpu: '100m' }, limits: { cpu: '1500m', memory: '64Mi' } }), {
    cpuShares: 102,
    cpuQuotaMicros: 150_000,
    memoryBytes: 64 * 2 ** 20,
  });
  assert.equal(of({ limits: { cpu: '1m' } }).cpuQuotaMicros, 1_000);
});

test('command and arguments are those of the manifest', () => {
  const pod = samplePod({ shareProcessNamespace: true });
  const security = containerSecurity(pod, { name: 'main' }, { isSeccompDefault: false });
  const circumstances = {
    attempt: 1,
    backoffSeconds: 10,
    pauseId: 'p',
    ociRuntime: 'crun',
    env: new Map([['A', 'x']]),
    mounts: [],
    image: { source: 'i', digest: '' },
    security,
    placement: { cgroupParent: undefined, oomScore: 0 },
  };
  const spec = containerSpec(pod, { name: 'main', image: 'i', command: ['run', '$(A)'] }, circumstances);
  assert.deepEqual([spec.entrypoint, spec.args, spec.env], [['run', 'x'], undefined, ['A=x']]);
  const silent = containerSpec(pod, { name: 'main', image: 'i', command: [], args: [] }, circumstances);
  assert.deepEqual([silent.entrypoint, silent.args], [undefined, undefined]);
  assert.equal(spec.processes, 'of the pod');
  assert.equal(containerSpec(samplePod(), { name: 'main' }, circumstances).processes, 'own');
});

test('what the agent does not do yet is listed, and nothing else', () => {
  const plain = {
    containers: [
      { name: 'main', image: 'i', terminationMessagePath: '/dev/termination-log', ports: [{ containerPort: 80 }] },
    ],
    securityContext: {},
  };
  assert.deepEqual(unsupportedFeatures(samplePod(plain)), []);
  const asked = unsupportedFeatures(
    samplePod({
      resourceClaims: [{ name: 'gpu' }],
      containers: [
        {
          name: 'main',
          lifecycle: { preStop: { sleep: { seconds: 1 } } },
          ports: [
            { containerPort: 80, hostPort: 80 },
            { containerPort: 80, hostPort: 80, protocol: 'SCTP' },
          ],
        },
      ],
    }),
  );
  const expected = ['resourceClaims', 'containers[main].ports.hostPort of SCTP'];
  assert.deepEqual(asked, expected);
});
