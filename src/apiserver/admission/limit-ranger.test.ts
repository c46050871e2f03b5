import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitRanges } from '../../api/kinds/limit-range.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import type { KubeObject } from '../../api/meta.ts';
import { admitting } from './admission-for-tests.ts';
import { limitRanger } from './limit-ranger.ts';

const rangeNamed = (name: string, spec: object) =>
  ({ apiVersion: 'v1', kind: 'LimitRange', metadata: { name, namespace: 'shop' }, spec }) as unknown as KubeObject;
const podAsking = (resources: object) => ({
  metadata: { name: 'web', namespace: 'shop' },
  spec: { containers: [{ name: 'main', resources }] },
});

test('a pod gets what the ranges of its namespace say and is held to it; a range may say nothing', async () => {
  const { put, admit } = await admitting();
  put(limitRanges, rangeNamed('a-silent', {}));
  put(
    limitRanges,
    rangeNamed('b', { limits: [{ type: 'Container', default: { memory: '64Mi' }, max: { memory: '64Mi' } }] }),
  );
  const modest = await admit<Pod>(limitRanger, { kind: pods, object: podAsking({}) });
  assert.deepEqual(modest.spec.containers[0]?.resources?.limits, { memory: '64Mi' });
  assert.match(modest.metadata.annotations?.['kubernetes.io/limit-ranger'] ?? '', /memory limit for container main/);
  const greedy = podAsking({ limits: { memory: '65Mi' }, requests: { memory: '1Mi' } });
  await assert.rejects(
    admit(limitRanger, { kind: pods, object: greedy }),
    /maximum memory usage per Container is 64Mi/,
  );
});

test('a pod that is resized is held to the ranges as a new one is', async () => {
  const { put, admit } = await admitting();
  put(limitRanges, rangeNamed('a', { limits: [{ type: 'Container', max: { memory: '64Mi' } }] }));
  const [previous, object] = ['32Mi', '128Mi'].map((memory) => podAsking({ limits: { memory }, requests: { memory } }));
  await assert.rejects(
    admit(limitRanger, { kind: pods, object: object ?? {}, previous: previous ?? {}, subresource: 'resize' }),
    /maximum memory usage per Container is 64Mi, but limit is 128Mi/,
  );
});
