import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pullPolicyOf, setPodOnlyDefaults, setPodSpecDefaults } from './defaults.ts';
import type { PodSpec } from './types.ts';

const images: [string, 'Always' | 'IfNotPresent'][] = [
  ['busybox', 'Always'],
  ['busybox:latest', 'Always'],
  ['busybox:1.36', 'IfNotPresent'],
  ['registry.local:5000/team/app', 'Always'],
  ['registry.local:5000/team/app:v1', 'IfNotPresent'],
  [`busybox@sha256:${'a'.repeat(64)}`, 'IfNotPresent'],
  [`busybox:latest@sha256:${'a'.repeat(64)}`, 'Always'],
  ['Not An Image', 'IfNotPresent'],
  ['', 'IfNotPresent'],
];

for (const [image, expected] of images) {
  test(`${image || 'no image'} is pulled ${expected}`, () => assert.equal(pullPolicyOf(image), expected));
}

const completed = (spec: object, isPod: boolean): PodSpec => {
  const draft = structuredClone(spec) as PodSpec;
  setPodSpecDefaults(draft);
  if (isPod) setPodOnlyDefaults(draft);
  return draft;
};

test('a template is completed', () => {
  const spec = completed(
    {
      containers: [
        { name: 'c', image: 'a:1', ports: [{ containerPort: 80 }], livenessProbe: { httpGet: { port: 80 } } },
      ],
      volumes: [{ name: 'v' }, { name: 's', secret: { secretName: 's' } }],
      serviceAccount: 'me',
      hostNetwork: true,
    },
    false,
  );
  assert.deepEqual(spec, {
    containers: [
      {
        name: 'c',
        image: 'a:1',
        ports: [{ containerPort: 80, protocol: 'TCP' }],
        livenessProbe: {
          httpGet: { port: 80, path: '/', scheme: 'HTTP' },
          timeoutSeconds: 1,
          periodSeconds: 10,
          successThreshold: 1,
          failureThreshold: 3,
        },
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        imagePullPolicy: 'IfNotPresent',
        resources: {},
      },
    ],
    volumes: [
      { name: 'v', emptyDir: {} },
      { name: 's', secret: { secretName: 's', defaultMode: 0o644 } },
    ],
    serviceAccount: 'me',
    serviceAccountName: 'me',
    hostNetwork: true,
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    securityContext: {},
  });
});

test('in a pod limits are requests, ports are the host’s, and its whole follows its containers', () => {
  const { containers, resources, enableServiceLinks } = completed(
    {
      containers: [
        { name: 'c', image: 'a:1', ports: [{ containerPort: 80 }], resources: { limits: { cpu: '0.0005' } } },
        { name: 'd', image: 'a:1', resources: { requests: { cpu: '1' } } },
      ],
      hostNetwork: true,
      resources: { limits: { cpu: '3', memory: '1Gi' } },
    },
    true,
  );
  assert.deepEqual(containers[0]?.resources, { limits: { cpu: '1m' }, requests: { cpu: '1m' } });
  assert.equal(containers[0]?.ports?.[0]?.hostPort, 80);
  assert.deepEqual(resources, { limits: { cpu: '3', memory: '1Gi' }, requests: { cpu: '1001m', memory: '1Gi' } });
  assert.equal(enableServiceLinks, true);
});
