import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleContainer, samplePod } from '../pods/pod-samples.ts';
import { PodUsages, type PodUsagesOptions } from './pod-usages.ts';

test('a volume in memory takes no disk, neither from its pod nor from the node', async () => {
  const pod = samplePod({
    volumes: [
      { name: 'disk', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory' } },
    ],
  });
  const volume = (name: string, usedBytes: number) => ({ name, used: { usedBytes, inodesUsed: 1 } });
  const usages = new PodUsages({
    observer: { observe: async () => ({ pods: [{ pod, containers: [], usage: undefined }] }) },
    disks: { volumes: async () => [volume('disk', 3), volume('memory', 500)] },
    containers: { of: () => [] },
  } as object as PodUsagesOptions);
  assert.deepEqual((await usages.storageOf(pod)).volumeBytes, new Map([['disk', 3]]));
  const [found] = await usages.all('nodefs.available');
  assert.deepEqual([found?.whole.diskBytes, found?.whole.inodes], [3, 1]);
});

/** A pod that takes memory and processes, and whose disk is found so. */
function usagesOn(disks: { volumes(): Promise<unknown>; container(): Promise<unknown> }): PodUsages {
  const usage = { workingSetBytes: 7, processes: 2 };
  const observed = { pod: samplePod(), containers: [{ container: sampleContainer('main'), usage }], usage };
  const observer = { observe: async () => ({ pods: [observed] }) };
  return new PodUsages({ observer, disks, containers: { of: () => [] } } as object as PodUsagesOptions);
}

test('nobody waits for a disk to be walked when memory or processes run out', { timeout: 10_000 }, async () => {
  const never = () => new Promise(() => {});
  const usages = usagesOn({ volumes: never, container: never });
  for (const signal of ['memory.available', 'pid.available'] as const) {
    const [found] = await usages.all(signal);
    assert.deepEqual([found?.whole.memoryBytes, found?.whole.processes], [7, 2]);
  }
});

test('a pod whose disk cannot be measured is told of all the same', async () => {
  const broken = () => Promise.reject(new Error('too deep'));
  const [found] = await usagesOn({ volumes: broken, container: broken }).all('nodefs.available');
  assert.deepEqual([found?.whole.diskBytes, found?.whole.processes], [0, 2]);
});
