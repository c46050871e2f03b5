import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DiskRoom } from './disk-usage.ts';
import { volumeMetrics } from './volume-metrics.ts';
import { VolumeRooms } from './volume-rooms.ts';

const room: DiskRoom = { capacityBytes: 100, availableBytes: 60, usedBytes: 30, inodes: 20, inodesFree: 15 };
const claim = { namespace: 'default', name: 'data' };
const volumes = [
  { name: 'far', folder: '/far' },
  { name: 'near', folder: '/near', claim },
];

function setUp(look: (folder: string) => Promise<DiskRoom>) {
  const looks: string[] = [];
  let nowMs = 0;
  let late = () => {};
  const clock = {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: () => new Promise<void>((resolve) => (late = resolve)),
    after: () => () => {},
  };
  const rooms = new VolumeRooms({
    clock,
    look: (folder) => {
      looks.push(folder);
      return look(folder);
    },
  });
  return {
    rooms,
    /** The folders that were looked at since the last time. */
    looked: () => looks.splice(0),
    isLate: () => late(),
    pass: (seconds: number) => {
      nowMs += seconds * 1000;
    },
  };
}

test('who hangs is not waited for, is not looked at again meanwhile, and keeps nobody else from being told', async () => {
  const hung = Promise.withResolvers<DiskRoom>();
  const { rooms, looked, isLate } = setUp(async (folder) => (folder === '/far' ? hung.promise : room));
  for (const _ of [1, 2]) {
    const asked = rooms.of(volumes);
    setImmediate(isLate);
    assert.deepEqual(await asked, [{ name: 'near', folder: '/near', claim, room }]);
  }
  assert.deepEqual(looked(), ['/far', '/near']);
  hung.resolve(room);
  assert.equal((await rooms.of(volumes)).length, 2);
});

test('what was found stands for a minute; who cannot be looked at is tried ever more rarely', async () => {
  const { rooms, looked, pass } = setUp(async (folder) => {
    if (folder === '/far') throw new Error('not within 5000 ms');
    return room;
  });
  const lookedAfter = async (seconds: number) => {
    pass(seconds);
    assert.equal((await rooms.of(volumes)).length, 1);
    return looked().join(' ');
  };
  assert.equal(await lookedAfter(0), '/far /near');
  assert.equal(await lookedAfter(59), '');
  assert.equal(await lookedAfter(1), '/far /near');
  assert.equal(await lookedAfter(60), '/near');
  assert.equal(await lookedAfter(60), '/far /near');
  for (const _ of Array(10)) await lookedAfter(3_600);
  assert.equal(await lookedAfter(3_599), '/near');
  assert.equal(await lookedAfter(1), '/far');
});

test('each claim is told of once, by whatever pods it is used; what has no claim is not', () => {
  const labels = '{namespace="default",persistentvolumeclaim="data"}';
  const text = volumeMetrics(
    [
      { name: 'a', folder: '/a', claim, room },
      { name: 'b', folder: '/a', claim, room },
    ],
    5,
  );
  assert.deepEqual(
    text.split('\n').filter((line) => line.startsWith('kubelet')),
    [
      `kubelet_volume_stats_available_bytes${labels} 60`,
      `kubelet_volume_stats_capacity_bytes${labels} 100`,
      `kubelet_volume_stats_inodes${labels} 20`,
      `kubelet_volume_stats_inodes_free${labels} 15`,
      `kubelet_volume_stats_inodes_used${labels} 5`,
      `kubelet_volume_stats_used_bytes${labels} 30`,
    ],
  );
  assert.equal(volumeMetrics([{ name: 'a', folder: '/a', room }], 5), '');
});
