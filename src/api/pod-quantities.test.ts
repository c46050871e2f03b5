import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, PodSpec } from './kinds/pod-template.ts';
import { podQuantities } from './pod-quantities.ts';

const container = (requests: object, limits: object = {}, more: object = {}) =>
  ({ name: 'x', resources: { requests, limits }, ...more }) as Container;

test('sums are exact and keep the way in which they are written', () => {
  const cases: [spec: Partial<PodSpec>, requests: object, limits: object][] = [
    [{ containers: [container({ memory: '1Gi' }), container({ memory: '512Mi' })] }, { memory: '1536Mi' }, {}],
    [{ containers: [container({ cpu: '100m' }, { cpu: '1' }), container({ cpu: '0.9' })] }, { cpu: '1' }, { cpu: '1' }],
    [{ containers: [container({ cpu: '100m' })], initContainers: [container({ cpu: '2' })] }, { cpu: '2' }, {}],
    [
      {
        containers: [container({ cpu: '1' })],
        initContainers: [container({ cpu: '200m' }, {}, { restartPolicy: 'Always' }), container({ cpu: '900m' })],
      },
      { cpu: '1200m' },
      {},
    ],
    [
      { containers: [container({ cpu: '1' })], overhead: { cpu: '10m', memory: '1Mi' } },
      { cpu: '1010m', memory: '1Mi' },
      {},
    ],
    [
      { containers: [container({}, { cpu: '1' })], overhead: { cpu: '10m', memory: '1Mi' } },
      { cpu: '10m', memory: '1Mi' },
      { cpu: '1010m' },
    ],
    [{ containers: [container({ cpu: '1' })], resources: { requests: { cpu: '3' } } }, { cpu: '3' }, {}],
  ];
  for (const [spec, requests, limits] of cases) {
    assert.deepEqual(podQuantities(spec as PodSpec), { requests, limits }, JSON.stringify(spec));
  }
});
