import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { execute } from './exec.ts';
import { removeFolder } from './folder-removal.ts';

test('a folder goes with all that is in it, however deep, and what its links lead to stays', async () => {
  const top = await mkdtemp(join(tmpdir(), 'wherry-removal-'));
  const abyss = join(top, 'abyss');
  await mkdir(abyss);
  await writeFile(join(top, 'other'), 'stays');
  await symlink(join(top, 'other'), join(abyss, 'link'));
  await symlink(top, join(abyss, 'up'));
  const name = 'n'.repeat(200);
  const down = `cd -P "$1" && for i in $(seq 30); do mkdir ${name} && cd -P ${name} || exit 1; done; echo there >file`;
  await execute('sh', ['-c', down, 'sh', abyss]);
  await removeFolder(abyss);
  assert.deepEqual(await readdir(top), ['other']);
  assert.equal(await readFile(join(top, 'other'), 'utf8'), 'stays');
  await removeFolder(join(top, 'never there'));
  await removeFolder(top);
});
