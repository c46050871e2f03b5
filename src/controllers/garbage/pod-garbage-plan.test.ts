import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '../../api/kinds/node.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { isOutOfService, tooManyFinished } from './pod-garbage-plan.ts';

const node = (ready: string, taints: string[]): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'one' },
  spec: { taints: taints.map((key) => ({ key: `node.kubernetes.io/${key}`, effect: 'NoExecute' })) },
  status: { conditions: [{ type: 'Ready', status: ready }] },
});

const services: [ready: string, taints: string[], isOut: boolean][] = [
  ['Unknown', ['unreachable', 'out-of-service'], true],
  ['False', ['out-of-service'], true],
  ['True', ['out-of-service'], false],
  ['Unknown', ['unreachable'], false],
];
for (const [ready, taints, isOut] of services) {
  test(`a node with Ready ${ready} and ${taints} is ${isOut ? 'out of' : 'in'} service`, () => {
    assert.equal(isOutOfService(node(ready, taints)), isOut);
  });
}

test('a node without any taint is in service', () => {
  const { taints: _, ...spec } = node('False', []).spec;
  assert.equal(isOutOfService({ ...node('False', []), spec }), false);
});

/** As "old done", "new evicted", "mid running", "mid failed ending". */
function pod(told: string): Pod {
  const [age = '', ...traits] = told.split(' ');
  const is = (trait: string) => traits.includes(trait);
  const creationTimestamp = { old: '2026-01-01T00:00:00Z', mid: '2026-01-02T00:00:00Z', new: '2026-01-03T00:00:00Z' }[
    age
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: told, creationTimestamp, ...(is('ending') && { deletionTimestamp: '2026-01-04T00:00:00Z' }) },
    spec: { containers: [] },
    status: {
      phase: is('running') ? 'Running' : is('done') ? 'Succeeded' : 'Failed',
      ...(is('evicted') && { reason: 'Evicted' }),
    },
  } as Pod;
}

const crowds: [pods: string[], most: number, going: string[]][] = [
  [['old done', 'new done', 'mid running'], 2, []],
  [['new done', 'old done', 'mid failed'], 1, ['old done', 'mid failed']],
  [['old done', 'new evicted', 'mid evicted'], 1, ['mid evicted', 'new evicted']],
  [['old failed ending', 'new done'], 1, []],
];
for (const [pods, most, going] of crowds) {
  test(`of ${pods.join(', ')} ${most} may stay: ${going.join(', ') || 'nothing'} goes`, () => {
    const planned = tooManyFinished(pods.map(pod), most);
    assert.deepEqual(
      planned.map(({ metadata }) => metadata.name),
      going,
    );
  });
}
