import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePod } from '../pods/pod-samples.ts';
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
  const [found] = await usages.all();
  assert.deepEqual([found?.whole.diskBytes, found?.whole.inodes], [3, 1]);
});
