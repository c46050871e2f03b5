import assert from 'node:assert/strict';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { execute } from '../../base/exec.ts';
import { removeFolder } from '../../base/folder-removal.ts';
import { ensureOwnership } from './ownership.ts';
import { VolumeProblem } from './volume-problem.ts';

const top = await mkdtemp(join(tmpdir(), 'wherry-ownership-'));
after(() => removeFolder(top));

test('folders in each other without end take no end of open files', async () => {
  const dig = 'cd -P "$1"; for third in 1 2 3; do mkdir -p "$2" && cd -P "$2" || exit 1; done';
  await execute('sh', ['-c', dig, 'sh', top, 'd/'.repeat(1000)]);
  const openFiles = async () => (await readdir('/proc/self/fd')).length;
  const before = await openFiles();
  await assert.rejects(ensureOwnership(top, { gid: 1234, isReadOnly: false, onlyOnMismatch: false }), VolumeProblem);
  assert.ok((await openFiles()) <= before);
});
