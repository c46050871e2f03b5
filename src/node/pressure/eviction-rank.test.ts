import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import { evictionMessage, type PodUsage, rankForEviction, type Usage } from './eviction-rank.ts';
import { hasStorageLimits, storageOveruse } from './local-storage.ts';

const mebi = 2 ** 20;
interface Sample {
  uses: Partial<Usage>;
  asks?: Record<string, string>;
  priority?: number;
  annotations?: Record<string, string>;
}
function sample(name: string, { uses, asks, priority, annotations }: Sample): PodUsage {
  const whole = { memoryBytes: 0, diskBytes: 0, inodes: 0, processes: 0, ...uses };
  const spec = { containers: [{ name: 'main', ...(asks && { resources: { requests: asks } }) }], priority };
  const pod = { metadata: { name, annotations }, spec, status: {} } as object as Pod;
  return { pod, whole, containers: new Map([['main', whole]]) };
}
const names = (usages: PodUsage[]) => usages.map(({ pod }) => pod.metadata.name);

test('who uses more memory than asked for goes first, then who matters less, then who uses most', () => {
  const pods = [
    sample('within', { uses: { memoryBytes: 500 * mebi }, asks: { memory: '600Mi' } }),
    sample('important', { uses: { memoryBytes: 900 * mebi }, priority: 1000 }),
    sample('little', { uses: { memoryBytes: 10 * mebi } }),
    sample('much', { uses: { memoryBytes: 400 * mebi }, asks: { memory: '100Mi' } }),
    sample('critical', { uses: { memoryBytes: 5000 * mebi }, priority: 2_000_000_000 }),
    sample('static', { uses: { memoryBytes: 5000 * mebi }, annotations: { 'kubernetes.io/config.source': 'file' } }),
  ];
  assert.deepEqual(names(rankForEviction('memory.available', pods)), ['much', 'little', 'important', 'within']);
});

test('disk is measured against what was asked for, inodes and processes by themselves', () => {
  const pods = [
    sample('asked', { uses: { diskBytes: 900, inodes: 1, processes: 9 }, asks: { 'ephemeral-storage': '1000' } }),
    sample('unasked', { uses: { diskBytes: 100, inodes: 9, processes: 1 } }),
  ];
  assert.deepEqual(names(rankForEviction('nodefs.available', pods)), ['unasked', 'asked']);
  assert.deepEqual(names(rankForEviction('imagefs.inodesFree', pods)), ['unasked', 'asked']);
  assert.deepEqual(names(rankForEviction('pid.available', pods)), ['asked', 'unasked']);
});

test('the message says what ran out and who took it', () => {
  const usage = sample('web', { uses: { memoryBytes: 200 * mebi }, asks: { memory: '100Mi' } });
  const threshold = {
    signal: 'memory.available',
    text: '100Mi',
    limit: { amount: 0 },
    reclaim: { amount: 0 },
    graceMs: 0,
  } as const;
  assert.equal(
    evictionMessage(threshold, 50 * mebi, usage),
    'The node was low on resource: memory. Threshold quantity: 100Mi, available: 51200Ki. Container main was using 204800Ki, request is 100Mi, has larger consumption of memory. ',
  );
});

test('of containers those alone are named that use more than they asked for, and none where nothing can be asked for', () => {
  const { whole } = sample('web', { uses: { memoryBytes: 5 * mebi, inodes: 70 } });
  const asking = (name: string, memory: string) => ({ name, resources: { requests: { memory } } });
  const containers = [asking('more', '4Mi'), asking('as-much', '5Mi'), asking('unseen', '1Mi'), { name: 'silent' }];
  const pod = { metadata: { name: 'web' }, spec: { containers }, status: {} } as object as Pod;
  const seen = ['more', 'as-much', 'silent'].map((name) => [name, whole] as const);
  const usage: PodUsage = { pod, whole, containers: new Map(seen) };
  const message = (signal: 'memory.available' | 'nodefs.inodesFree' | 'pid.available') => {
    const threshold = { signal, text: '5%', limit: { amount: 0 }, reclaim: { amount: 0 }, graceMs: 0 };
    return evictionMessage(threshold, 1024, usage).replace(/^.*available: /, '');
  };
  const more = 'has larger consumption of memory. ';
  assert.equal(
    message('memory.available'),
    `1Ki. Container more was using 5120Ki, request is 4Mi, ${more}Container silent was using 5120Ki, request is 0, ${more}`,
  );
  assert.equal(message('nodefs.inodesFree'), '1024. ');
  assert.equal(message('pid.available'), '1024. ');
});

test('a pod keeps to the limits of its own disk use', () => {
  const pod = (limits: Record<string, string>[], sizeLimit?: string): Pod =>
    ({
      spec: {
        containers: limits.map((each, index) => ({ name: `c${index}`, resources: { limits: each } })),
        volumes: [{ name: 'data', emptyDir: sizeLimit ? { sizeLimit } : {} }],
      },
    }) as object as Pod;
  const used = (volume: number, ...containers: number[]) => ({
    volumeBytes: new Map([['data', volume]]),
    containerBytes: new Map(containers.map((bytes, index) => [`c${index}`, bytes])),
  });
  const storage = (amount: string) => ({ 'ephemeral-storage': amount });
  assert.equal(hasStorageLimits(pod([{}])), false);
  assert.equal(hasStorageLimits(pod([{}], '1Mi')), true);
  assert.equal(storageOveruse(pod([{}], '1Mi'), used(mebi)), undefined);
  assert.equal(hasStorageLimits(pod([{}], '0')), false, 'a volume of no size is one without a limit');
  assert.equal(storageOveruse(pod([storage('1Gi')], '0'), used(mebi, mebi)), undefined);
  assert.equal(
    storageOveruse(pod([{}], '1Mi'), used(mebi + 1)),
    'Usage of EmptyDir volume "data" exceeds the limit "1Mi". ',
  );
  assert.equal(
    storageOveruse(pod([storage('1Mi'), storage('9Mi')]), used(0, 2 * mebi, mebi)),
    'Container c0 exceeded its local ephemeral storage limit "1Mi". ',
  );
  assert.equal(
    storageOveruse(pod([storage('1Mi'), storage('1Mi')]), used(mebi, mebi, 1)),
    'Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ',
  );
  assert.equal(
    storageOveruse(pod([storage('1M'), {}]), used(0, 1, mebi)),
    'Pod ephemeral local storage usage exceeds the total limit of containers 1M. ',
  );
});
