import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { HostResolvers } from './host-resolvers.ts';

let folder = '';
before(async () => (folder = await mkdtemp(join(tmpdir(), 'host-resolvers-'))));
after(async () => await rm(folder, { recursive: true }));

const cases: [what: string, host: string, upstream: string | undefined, found: string[]][] = [
  [
    'those of the host',
    'nameserver 192.0.2.1\nnameserver 192.0.2.2\n',
    'nameserver 192.0.2.9\n',
    ['192.0.2.1', '192.0.2.2'],
  ],
  ['those behind a stub', 'nameserver 127.0.0.53\n', 'nameserver 192.0.2.9\n', ['192.0.2.9']],
  ['a stub of which no more is known', 'nameserver 127.0.0.1\n', undefined, ['127.0.0.1']],
  [
    'one beside a stub',
    'nameserver 127.0.0.53\nnameserver 192.0.2.1\n',
    'nameserver 192.0.2.9\n',
    ['127.0.0.53', '192.0.2.1'],
  ],
  [
    'each once, and not ourselves',
    'nameserver 10.96.0.10\nnameserver 192.0.2.1\nnameserver 192.0.2.1\n',
    undefined,
    ['192.0.2.1'],
  ],
  ['nobody', '', undefined, []],
];
for (const [what, host, upstream, found] of cases) {
  test(`asks ${what}`, async () => {
    const files = { host: join(folder, 'host'), upstream: join(folder, 'upstream') };
    await writeFile(files.host, host);
    await rm(files.upstream, { force: true });
    if (upstream !== undefined) await writeFile(files.upstream, upstream);
    assert.deepEqual(await new HostResolvers(systemClock, files).list('10.96.0.10'), found);
  });
}

test('sees when the host has joined another network, but does not look for each question', async () => {
  const files = { host: join(folder, 'host'), upstream: join(folder, 'upstream') };
  let nowMs = 0;
  const resolvers = new HostResolvers({ ...systemClock, monotonicMs: () => nowMs }, files);
  await writeFile(files.host, 'nameserver 192.0.2.1\n');
  await resolvers.list('');
  await writeFile(files.host, 'nameserver 192.0.2.2\n');
  assert.deepEqual(await resolvers.list(''), ['192.0.2.1']);
  nowMs = 1_000;
  assert.deepEqual(await resolvers.list(''), ['192.0.2.2']);
});
