import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMaps } from '../../api/kinds/config-map.ts';
import { deployments } from '../../api/kinds/deployment.ts';
import type { Kind } from '../../api/kinds/kind.ts';
import { pods } from '../../api/kinds/pod.ts';
import type { ResourceQuota } from '../../api/kinds/resource-quota.ts';
import type { KubeObject } from '../../api/meta.ts';
import { kindsLimitedBy, nextLapseInMs, plannedStatus } from './quota-plan.ts';

const kinds = [configMaps, deployments, pods] as unknown as Kind[];
const quota = (hard: Record<string, string>, more: object = {}) =>
  ({ metadata: { name: 'q' }, spec: { hard, ...more }, status: {} }) as unknown as ResourceQuota;
const pod = (cpu: string, phase = 'Running') =>
  ({
    metadata: { name: 'x' },
    spec: { containers: [{ name: 'main', resources: { requests: { cpu } } }] },
    status: { phase },
  }) as unknown as KubeObject;

test('only kinds that can use something limited are looked at', () => {
  const limited = (hard: Record<string, string>) => kindsLimitedBy(quota(hard), kinds).map(({ kind }) => kind);
  assert.deepEqual(limited({ 'requests.cpu': '1' }), ['Pod']);
  assert.deepEqual(limited({ configmaps: '1', 'count/deployments.apps': '1' }), ['ConfigMap', 'Deployment']);
  assert.deepEqual(limited({}), []);
});

test('what is used is summed up, of what is limited alone', () => {
  const contents = [
    { kind: pods as unknown as Kind, objects: [pod('250m'), pod('1'), pod('5', 'Succeeded')] },
    { kind: configMaps as unknown as Kind, objects: [{ metadata: { name: 'a' } } as KubeObject] },
  ];
  const hard = { pods: '10', 'requests.cpu': '4', 'count/pods': '20', secrets: '3' };
  assert.deepEqual(plannedStatus(quota(hard), contents, 0), {
    hard,
    used: { pods: '2', 'requests.cpu': '1250m', 'count/pods': '3', secrets: '0' },
  });
  assert.deepEqual(plannedStatus(quota({ pods: '1' }, { scopes: ['BestEffort'] }), contents, 0).used, { pods: '0' });
});

test('the next pod that is overdue is known beforehand', () => {
  const going = (deletionTimestamp: string, deletionGracePeriodSeconds: number) =>
    ({ metadata: { name: 'x', deletionTimestamp, deletionGracePeriodSeconds } }) as KubeObject;
  const ofPods = (...objects: KubeObject[]) => [{ kind: pods as unknown as Kind, objects }];
  const nowMs = Date.parse('2030-01-01T00:00:10Z');
  const [past, soon, later] = [
    going('2030-01-01T00:00:05Z', 4),
    going('2030-01-01T00:00:05Z', 10),
    going('2030-01-01T00:00:30Z', 30),
  ];
  assert.equal(nextLapseInMs(ofPods(pod('1'), past), nowMs), undefined);
  assert.equal(nextLapseInMs(ofPods(pod('1'), later, past, soon), nowMs), 5001);
  const maps = [{ kind: configMaps as unknown as Kind, objects: [soon] }];
  assert.equal(nextLapseInMs(maps, nowMs), undefined);
  const contents = ofPods({ ...pod('1'), metadata: soon.metadata });
  const usedAt = (atMs: number) => plannedStatus(quota({ pods: '1' }), contents, atMs).used;
  assert.deepEqual([usedAt(nowMs + 5000), usedAt(nowMs + 5001)], [{ pods: '1' }, { pods: '0' }]);
});
