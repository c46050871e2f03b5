import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import { systemClock } from '../../base/clock.ts';
import { createLog } from '../../base/log.ts';
import { samplePod } from '../pods/pod-samples.ts';
import { type EvictionSettings, Evictions, type EvictionsOptions } from './evictions.ts';
import type { PodUsages } from './pod-usages.ts';
import type { Levels, Signal } from './signals.ts';
import type { Threshold } from './thresholds.ts';

const critical = { priority: 2_000_000_000 };
const limited = { volumes: [{ name: 'data', emptyDir: { sizeLimit: '1Ki' } }] };
const noUsage = { memoryBytes: 0, diskBytes: 0, inodes: 0, processes: 0 };
const overLimit = { volumeBytes: new Map([['data', 2048]]), containerBytes: new Map() };

interface Circumstances extends Partial<Omit<EvictionsOptions, 'usages'>> {
  /** What a pod is found to take where it has limits of its own. */
  storageOf?: PodUsages['storageOf'];
}

/** A node with these pods. */
function nodeWith(pods: readonly Pod[], { storageOf = async () => overLimit, ...changes }: Circumstances = {}) {
  const evicted: string[] = [];
  const all = async () => pods.map((pod) => ({ pod, whole: noUsage, containers: new Map() }));
  const evictions = new Evictions({
    settings: { thresholds: [], transitionMs: 0, softGraceMs: 0 },
    levels: async () => new Map(),
    usages: { all, storageOf } as object as PodUsages,
    pods: () => pods,
    evict: ({ metadata }) => evicted.push(metadata.name),
    isRunning: () => false,
    isOfEngineDisk: async () => true,
    freeContainers: async () => {},
    freeImages: async () => {},
    tellPressures: () => {},
    clock: systemClock,
    log: createLog({ level: 'error' }),
    ...changes,
  });
  return { evictions, evicted };
}

/** Below it is who has less than a hundred left. */
function threshold(signal: Signal): EvictionSettings {
  const hundred: Threshold = { signal, limit: { amount: 100 }, text: '100', graceMs: 0, reclaim: { amount: 0 } };
  return { thresholds: [hundred], transitionMs: 0, softGraceMs: 0 };
}

const left = (signal: Signal, available: number): Levels => new Map([[signal, { available, capacity: 1000 }]]);

test('critical and static pods stay, also those that take more disk than their own limits allow', async () => {
  const { evictions, evicted } = nodeWith([
    samplePod({ ...limited, ...critical }, { name: 'critical' }),
    samplePod(limited, { name: 'static', annotations: { 'kubernetes.io/config.source': 'file' } }),
    samplePod(limited, { name: 'plain' }),
  ]);
  await evictions.keepToLimits();
  assert.deepEqual(evicted, ['plain']);
});

test('a pod whose disk cannot be measured saves no other from its limits', async () => {
  const { evictions, evicted } = nodeWith(
    [samplePod(limited, { name: 'broken' }), samplePod(limited, { name: 'plain' })],
    {
      storageOf: async ({ metadata }) => {
        if (metadata.name === 'broken') throw new Error('too deep');
        return overLimit;
      },
    },
  );
  await evictions.keepToLimits();
  assert.deepEqual(evicted, ['plain']);
});

test('a pod whose disk is measured for ever does not hide that memory runs out', { timeout: 10_000 }, async (t) => {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const told: string[] = [];
  const { promise: evicted, resolve: evict } = Promise.withResolvers<Pod>();
  const { evictions } = nodeWith([samplePod(limited, { name: 'huge' })], {
    storageOf: () => new Promise(() => {}),
    settings: threshold('memory.available'),
    levels: async () => left('memory.available', 1),
    tellPressures: (pressures) => told.push(...pressures),
    evict,
  });
  void evictions.run(stop.signal);
  assert.equal((await evicted).metadata.name, 'huge');
  assert.deepEqual(told, ['MemoryPressure']);
});

/** What is left at each look at it, in turn: at first, without the containers of pods that are over, and without images. */
function disk(signal: Signal, ...available: number[]) {
  const asked: number[] = [];
  const levels = async () => left(signal, available.shift() ?? Number.NaN);
  const freeImages = async (amount: number) => asked.push(amount);
  return { asked, changes: { settings: threshold(signal), levels, freeImages } };
}

test('where the containers of pods that are over were enough neither an image nor a pod goes', async () => {
  const { asked, changes } = disk('imagefs.available', 40, 100);
  const { evictions, evicted } = nodeWith([samplePod()], changes);
  await evictions.look();
  assert.deepEqual([asked, evicted], [[], []]);
});

for (const signal of ['imagefs.available', 'imagefs.inodesFree'] as const)
  test(`${signal}: where the images that nobody uses were enough no pod goes`, async () => {
    const { asked, changes } = disk(signal, 40, 70, 100);
    const { evictions, evicted } = nodeWith([samplePod()], changes);
    await evictions.look();
    assert.deepEqual([asked, evicted], [[signal === 'imagefs.available' ? 30 : Number.POSITIVE_INFINITY], []]);
  });

test('where they were not enough a pod goes at once', async () => {
  const { evictions, evicted } = nodeWith([samplePod()], disk('imagefs.available', 40, 40, 99).changes);
  await evictions.look();
  assert.deepEqual(evicted, ['web']);
});

test('what the engine has on another disk stays, and a pod goes', async () => {
  const { asked, changes } = disk('nodefs.available', 40, 40, 40);
  const freeContainers = async () => void asked.push(0);
  const elsewhere = { ...changes, freeContainers, isOfEngineDisk: async () => false };
  const { evictions, evicted } = nodeWith([samplePod()], elsewhere);
  await evictions.look();
  assert.deepEqual([asked, evicted], [[], ['web']]);
});

test('where images cannot be removed a pod goes', async () => {
  const { changes } = disk('imagefs.available', 40, 40, 40);
  const freeImages = () => Promise.reject(new Error('the engine is away'));
  const { evictions, evicted } = nodeWith([samplePod()], { ...changes, freeImages });
  await evictions.look();
  assert.deepEqual(evicted, ['web']);
});
