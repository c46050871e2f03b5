import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createLog } from '../../base/log.ts';
import { ImageGarbage } from './image-garbage.ts';
import { ImageLedger } from './image-ledger.ts';
import type { ImageInfo, ImageStore } from './image-store.ts';

const nowMs = 1_000_000;
const clock = { now: () => nowMs } as never;
const capacityBytes = 1_000;
const thresholds = { highPercent: 85, lowPercent: 50, leastAgeMs: 60_000 };

let dataDir: string;
before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'wherry-garbage-'));
});
after(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

/** A disk of images of 100 bytes each; all but those that were brought by others were pulled, in this order. */
async function diskOf(
  pulled: string[],
  { brought = [] as string[], used = [] as string[], kept = [] as string[] } = {},
) {
  const image = (name: string): ImageInfo => ({
    id: name,
    tags: name.includes('digest') || name.includes('nameless') ? [] : [`${name}:1`],
    digests: name.includes('digest') ? [`${name}@sha256:0`, `other/${name}@sha256:0`] : [],
    sizeBytes: 100,
  });
  const images = new Map([...pulled, ...brought].map((name) => [name, image(name)]));
  const taken: string[] = [];
  const store = {
    list: async () => [...images.values()],
    idsInUse: async () => new Set(used),
    inspect: async (id: string) => images.get(id),
    remove: async (name: string) => {
      taken.push(name);
      if (kept.includes(name)) return false;
      images.delete(name.replace(/(:1|@.*)$/, ''));
      return true;
    },
  } as Partial<ImageStore> as ImageStore;
  const log = createLog({ level: 'error' });
  const ledger = await ImageLedger.open({ dataDir: join(dataDir, 'none'), log });
  ledger.save = async () => {};
  for (const [index, name] of pulled.entries()) await ledger.pulled(name, `${name}:1`, index);
  const told: string[] = [];
  const logged: unknown[] = [];
  log.info = (message, fields) => logged.push([message, fields]);
  let removals = 0;
  const garbage = new ImageGarbage({
    store,
    ledger,
    thresholds,
    clock,
    log,
    tell: (reason) => told.push(reason),
    onRemoved: () => {
      removals += 1;
    },
    disk: async () => ({ capacityBytes, availableBytes: capacityBytes - 100 * images.size }),
  });
  return { garbage, images, ledger, told, logged, taken, removals: () => removals };
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `image-${index}`);

test('a disk that is not full enough keeps all', async () => {
  const { garbage, images } = await diskOf(names(8));
  await garbage.collect();
  assert.equal(images.size, 8);
});

test('of a full one no more goes than has to, what was needed longest ago first, and it is said what was freed', async () => {
  const { garbage, images, ledger, told, logged, removals } = await diskOf(names(9));
  ledger.used('image-0', nowMs);
  await garbage.collect();
  assert.deepEqual([...images.keys()], ['image-0', 'image-5', 'image-6', 'image-7', 'image-8']);
  assert.deepEqual([...ledger.entries().keys()], [...images.keys()]);
  assert.deepEqual(told, []);
  assert.equal(removals(), 1);
  const removed = ['image-1:1', 'image-2:1', 'image-3:1', 'image-4:1'];
  assert.deepEqual(logged, [['removed images that nobody uses', { images: removed, freedBytes: 400 }]]);
});

test('where that is not enough it is told; what is used, brought by others or kept by the engine stays', async () => {
  const circumstances = { brought: ['theirs'], used: ['image-0'], kept: ['image-1:1'] };
  const { garbage, images, ledger, told } = await diskOf(names(8), circumstances);
  assert.equal(await garbage.free(800), 600);
  assert.deepEqual([...ledger.entries().keys()], ['image-0', 'image-1'], 'what stays may go another time');
  assert.deepEqual([...images.keys()], ['image-0', 'image-1', 'theirs']);
  assert.deepEqual(told, []);
  const full = await diskOf(names(2), { brought: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] });
  await full.garbage.collect();
  assert.deepEqual(full.told, ['FreeDiskSpaceFailed']);
});

test('an image goes with all of its names, be they digests, and by its id where it has none', async () => {
  const { garbage, images, taken, removals } = await diskOf(['digest', 'nameless']);
  assert.equal(await garbage.free(200), 200);
  assert.deepEqual(taken, ['digest@sha256:0', 'other/digest@sha256:0', 'nameless']);
  assert.equal(images.size, 0);
  await garbage.free(200);
  assert.equal(removals(), 1, 'where nothing was removed nothing has changed');
});

test('two that ask at once do not count each other’s room as theirs', async () => {
  const { garbage, images } = await diskOf(names(9));
  assert.deepEqual(await Promise.all([garbage.free(200), garbage.free(100)]), [200, 100]);
  assert.equal(images.size, 6);
});
