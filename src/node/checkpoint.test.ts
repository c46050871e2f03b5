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

test('what of a pod changes nothing for a later life is not written again', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'checkpoint-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const checkpoint = new Checkpoint({ dataDir, log: createLog({ write: () => {} }) });
  await checkpoint.read();
  const path = join(dataDir, 'checkpoint', 'u1.json');
  const isWritten = async (status: object, spec: object = {}) => {
    await rm(path, { force: true });
    checkpoint.keep({ ...pod, spec: { ...pod.spec, ...spec }, status } as Pod);
    await checkpoint.settled();
    return (await readdir(join(dataDir, 'checkpoint'))).length > 0;
  };
  assert.equal(await isWritten({ phase: 'Pending' }), true);
  assert.equal(await isWritten({ phase: 'Running', startTime: '2026-01-01T00:00:00Z' }), false);
  assert.equal(await isWritten({ phase: 'Succeeded' }), true, 'it is not to run again');
  assert.equal(await isWritten({ phase: 'Pending' }, { activeDeadlineSeconds: 5 }), true);
  const begun = { phase: 'Running', startTime: '2026-01-01T00:00:00Z' };
  assert.equal(await isWritten(begun, { activeDeadlineSeconds: 5 }), true, 'its time has begun');
});
