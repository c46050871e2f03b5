import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import { systemClock } from '../../base/clock.ts';
import { createLog } from '../../base/log.ts';
import { samplePod } from '../pods/pod-samples.ts';
import { Evictions, type EvictionsOptions } from './evictions.ts';
import type { PodUsages } from './pod-usages.ts';

const critical = { priority: 2_000_000_000 };
const limited = { volumes: [{ name: 'data', emptyDir: { sizeLimit: '1Ki' } }] };

/** A node with these pods, each of which takes more disk than it may. */
function nodeWith(pods: readonly Pod[], changes: Partial<EvictionsOptions> = {}) {
  const evicted: string[] = [];
  const evictions = new Evictions({
    settings: { thresholds: [], transitionMs: 0, softGraceMs: 0 },
    levels: async () => new Map(),
    usages: {
      storageOf: async () => ({ volumeBytes: new Map([['data', 2048]]), containerBytes: new Map() }),
    } as object as PodUsages,
    pods: () => pods,
    evict: ({ metadata }) => evicted.push(metadata.name),
    isRunning: () => false,
    freeImages: async () => 0,
    tellPressures: () => {},
    clock: systemClock,
    log: createLog({ level: 'error' }),
    ...changes,
  });
  return { evictions, evicted };
}

test('critical and static pods stay, also those that take more disk than their own limits allow', async () => {
  const { evictions, evicted } = nodeWith([
    samplePod({ ...limited, ...critical }, { name: 'critical' }),
    samplePod(limited, { name: 'static', annotations: { 'kubernetes.io/config.source': 'file' } }),
    samplePod(limited, { name: 'plain' }),
  ]);
  await evictions.look();
  assert.deepEqual(evicted, ['plain']);
});
