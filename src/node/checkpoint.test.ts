import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Pod } from '../api/kinds/pod.ts';
import { createLog } from '../base/log.ts';
import { Checkpoint } from './checkpoint.ts';

const pod = { metadata: { name: 'web', uid: 'u1' }, spec: { containers: [] }, status: {} } as unknown as Pod;

test('whole pods are read, a torn one is left out, and what a killed writer began is taken away', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'checkpoint-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const folder = join(dataDir, 'checkpoint');
  await mkdir(folder);
  await writeFile(join(folder, 'u1.json'), JSON.stringify(pod));
  await writeFile(join(folder, 'u2.json'), '{"torn');
  await writeFile(join(folder, 'u3.json.4711.part'), '{}');
  const lines: string[] = [];
  const checkpoint = new Checkpoint({ dataDir, log: createLog({ write: (line) => lines.push(line) }) });
  assert.deepEqual(await checkpoint.read(), [pod]);
  assert.deepEqual((await readdir(folder)).sort(), ['u1.json', 'u2.json']);
  assert.equal(lines.length, 1);
});
