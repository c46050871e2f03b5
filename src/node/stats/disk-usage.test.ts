import assert from 'node:assert/strict';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { execute } from '../../base/exec.ts';
import { FolderUsages } from './disk-usage.ts';

const folder = await mkdtemp(join(tmpdir(), 'wherry-usage-'));
// Node's own way does not come as deep.
after(() => execute('rm', ['-rf', folder]));

/** Folders in each other, deeper than any path can name, with a file of some size at the end. */
async function makeAbyss(top: string, bytes: number): Promise<void> {
  await mkdir(top);
  const name = 'n'.repeat(200);
  const down = `cd -P "$1" && for i in $(seq 30); do mkdir ${name} && cd -P ${name} || exit 1; done`;
  await execute('sh', ['-c', `${down} && head -c ${bytes} /dev/zero >file`, 'sh', top]);
}

test('what lies deeper than a path can name is counted, too', async () => {
  const top = join(folder, 'abyss');
  await makeAbyss(top, 1_000_000);
  const { usedBytes, inodesUsed } = await new FolderUsages(systemClock).of(top);
  assert.ok(usedBytes >= 1_000_000, `${usedBytes} bytes`);
  assert.equal(inodesUsed, 32);
});

test('a folder that cannot be walked keeps no other from being walked', async () => {
  const file = join(folder, 'small');
  await mkdir(file);
  await writeFile(join(file, 'a'), 'b');
  const usages = new FolderUsages(systemClock);
  await assert.rejects(usages.of('\0'));
  assert.equal((await usages.of(file)).inodesUsed, 2);
});
