// What a pod has mounted inside its volumes lies on another disk: it is not counted as the pod's, and a file system whose
// server has died hides nothing of what lies beside it.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { systemClock } from '../../src/base/clock.ts';
import { FolderUsages } from '../../src/node/stats/disk-usage.ts';

const exec = promisify(execFile);
const mebi = 2 ** 20;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wherry-mounts-'));
});
after(async () => {
  for (const name of ['memory', 'dead'])
    await exec('umount', ['--no-canonicalize', '--internal-only', '--lazy', join(folder, name)]).catch(() => {});
  // Node's own way does not come as deep.
  await exec('rm', ['-rf', '--one-file-system', folder]);
});

/** Its server ends as soon as it is mounted: who looks at it is told that it is not connected. */
async function mountDead(path: string): Promise<void> {
  await mkdir(path);
  await using device = await open('/dev/fuse', 'r+');
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0';
  const args = ['--internal-only', '-t', 'fuse', '-o', options, 'dead', path];
  const [code] = await once(spawn('mount', args, { stdio: ['ignore', 'inherit', 'inherit', device.fd] }), 'exit');
  assert.equal(code, 0);
}

async function assertCounted(inodes: number): Promise<void> {
  const { usedBytes, inodesUsed } = await new FolderUsages(systemClock).of(folder);
  assert.ok(usedBytes >= mebi && usedBytes < 2 * mebi, `${usedBytes} bytes`);
  assert.equal(inodesUsed, inodes);
}

test('what lies on another disk is not counted', async () => {
  await mkdir(join(folder, 'memory'));
  await exec('mount', ['-t', 'tmpfs', 'tmpfs', join(folder, 'memory')]);
  await writeFile(join(folder, 'memory/file'), Buffer.alloc(5 * mebi));
  await writeFile(join(folder, 'own'), Buffer.alloc(mebi));
  await assertCounted(2);
});

test('what lies beside a file system whose server has died is counted, at whatever depth', async () => {
  await mountDead(join(folder, 'dead'));
  await assertCounted(2);
  const name = 'n'.repeat(200);
  await exec('sh', [
    '-c',
    `cd "$1" && for i in $(seq 30); do mkdir ${name} && cd -P ${name} || exit 1; done`,
    'sh',
    folder,
  ]);
  await assertCounted(32);
});
