import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { execute } from '../base/exec.ts';
import { createLog } from '../base/log.ts';
import { LogLinks } from './log-links.ts';
import { sampleContainer } from './pods/pod-samples.ts';

async function open(t: TestContext) {
  const top = await mkdtemp(join(tmpdir(), 'links-'));
  t.after(() => rm(top, { recursive: true }));
  const logPath = join(top, 'docker-json.log');
  await writeFile(logPath, 'a line\n');
  const folder = join(top, 'log');
  const links = new LogLinks({ folder, log: createLog({ level: 'error' }) });
  /** Every link below the folder. */
  const found = async () =>
    (await execute('find', [top, '-type', 'l', '-printf', '%P\n'])).split('\n').filter(Boolean).sort();
  return { links, folder, logPath, found, folders: () => execute('find', [folder, '-type', 'd']).catch(() => '') };
}

test('a container is found under both names, and under none when it has gone', async (t) => {
  const { links, folder, logPath, found, folders } = await open(t);
  const container = sampleContainer('main', { attempt: 2, logPath });
  links.heed(sampleContainer('main', { attempt: 2, state: 'created' }));
  links.heed(container);
  links.heed({ ...container, state: 'exited' });
  await links.done;
  const flat = 'log/containers/web_default_main-main-2.log';
  assert.deepEqual(await found(), [flat, 'log/pods/default_web_u1/main/2.log']);
  assert.equal(await readFile(join(folder, '..', flat), 'utf8'), 'a line\n');
  assert.equal(await readlink(join(folder, 'pods/default_web_u1/main/2.log')), logPath);
  links.heed({ ...container, state: 'removed' });
  await links.done;
  assert.deepEqual(await found(), []);
  assert.doesNotMatch(await folders(), /default_web/);
});

test('what leads nowhere is swept away, and what leads somewhere or is no link of a log stays', async (t) => {
  const { links, folder, logPath, found, folders } = await open(t);
  links.heed(sampleContainer('main', { logPath }));
  await links.done;
  await mkdir(join(folder, 'pods/default_old_u0/main'), { recursive: true });
  await symlink('/nowhere/x.log', join(folder, 'pods/default_old_u0/main/0.log'));
  await symlink(join(folder, 'pods/default_old_u0/main/0.log'), join(folder, 'containers/old_default_main-1.log'));
  await writeFile(join(folder, 'containers/notes.txt'), '');
  await links.sweep();
  assert.deepEqual(await found(), ['log/containers/web_default_main-main-0.log', 'log/pods/default_web_u1/main/0.log']);
  assert.doesNotMatch(await folders(), /default_old/);
  assert.equal(await readFile(join(folder, 'containers/notes.txt'), 'utf8'), '');
});

test('a link that is there already, to something else, is set right', async (t) => {
  const { links, folder, logPath } = await open(t);
  const path = join(folder, 'pods/default_web_u1/main/0.log');
  await mkdir(join(path, '..'), { recursive: true });
  await symlink('/elsewhere', path);
  links.heed(sampleContainer('main', { logPath }));
  await links.done;
  assert.equal(await readlink(path), logPath);
});

test('a name is never longer than a file system takes', async (t) => {
  const { links, found, logPath } = await open(t);
  links.heed(sampleContainer('main', { logPath, podName: 'p'.repeat(240), id: 'f'.repeat(64) }));
  await links.done;
  const [flat = ''] = await found();
  assert.equal(flat.slice('log/containers/'.length).length, 255);
});
