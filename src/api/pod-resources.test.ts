import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec } from './kinds/pod-template.ts';
import { assumedRequests, podRequests } from './pod-resources.ts';

const container = (cpu: string | undefined, memory?: string, restartPolicy?: 'Always') => ({
  name: 'c',
  image: 'i',
  resources: { requests: { ...(cpu && { cpu }), ...(memory && { memory }) } },
  ...(restartPolicy && { restartPolicy }),
});

const cases: { name: string; spec: PodSpec; expected: Record<string, number> }[] = [
  { name: 'nothing asked for', spec: { containers: [container(undefined)] }, expected: {} },
  {
    name: 'containers are added',
    spec: { containers: [container('250m', '64Mi'), container('1', '64Mi')] },
    expected: { cpu: 1250, memory: 128 * 2 ** 20 },
  },
  {
    name: 'the largest init container counts where it is larger',
    spec: { containers: [container('500m', '1Gi')], initContainers: [container('2', '10Mi'), container('1')] },
    expected: { cpu: 2000, memory: 2 ** 30 },
  },
  {
    name: 'sidecars run beside the containers and beside the init containers that follow them',
    spec: {
      containers: [container('500m')],
      initContainers: [container('1'), container('200m', undefined, 'Always'), container('1')],
    },
    expected: { cpu: 1200 },
  },
  {
    name: 'overhead is added to what the pod states as a whole',
    spec: { containers: [container('1')], resources: { requests: { cpu: '3' } }, overhead: { cpu: '100m' } },
    expected: { cpu: 3100 },
  },
  {
    name: 'extended resources are whole units',
    spec: { containers: [{ name: 'c', resources: { requests: { 'example.com/gpu': '2' } } }] },
    expected: { 'example.com/gpu': 2 },
  },
];

for (const { name, spec, expected } of cases) {
  test(`pod requests: ${name}`, () => assert.deepEqual(podRequests(spec), expected));
}

test('a pod that asks for nothing is taken to use something', () => {
  assert.deepEqual(assumedRequests({ containers: [container(undefined), container('1')] }), {
    milliCpu: 1100,
    memoryBytes: 400 * 2 ** 20,
  });
});
