import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { GroupSlices } from './group-slices.ts';

test('a slice that is removed takes along what systemd was told of it and of those in it, and of no other', async (t) => {
  const settings = await mkdtemp(join(tmpdir(), 'wherry-slices-'));
  t.after(() => rm(settings, { recursive: true }));
  const told = [
    'x_a.slice.d',
    'x_a-b.slice.d',
    'x_a-b-podc.slice.d',
    'x_a-bb.slice.d',
    'x_a-b.service.d',
    'docker.service.d',
  ];
  for (const name of told) await mkdir(join(settings, name));
  const slices = new GroupSlices(2, settings);
  await slices.remove(['x-a', 'b']);
  assert.deepEqual((await readdir(settings)).sort(), [
    'docker.service.d',
    'x_a-b.service.d',
    'x_a-bb.slice.d',
    'x_a.slice.d',
  ]);
  await slices.remove(['x-a']);
  assert.deepEqual((await readdir(settings)).sort(), ['docker.service.d', 'x_a-b.service.d']);
  await new GroupSlices(2, join(settings, 'none')).remove(['x-a']);
});
