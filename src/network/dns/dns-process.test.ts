import { once } from 'node:events';
import fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { tell } from './dns-link.ts';
import { DnsProcess } from './dns-process.ts';

test('where the kernel has no watch left to give it is found, and ends with its file, all the same', async () => {
  mock.method(fs, 'watch', () => {
    throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
  });
  syncBuiltinESMExports();
  const folder = await mkdtemp(join(tmpdir(), 'dns-process-'));
  const path = join(folder, 'dns.sock');
  try {
    const clock = { ...systemClock, sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 300, signal) };
    await new DnsProcess(path, 'x', clock).listen();
    const agents = [connect(path).resume(), connect(path).resume()];
    for (const agent of agents) tell(agent, { do: 'begin' });
    const ends = agents.map((agent) => once(agent, 'close'));
    // One takes the place of the other, and goes when the program ends.
    await Promise.race(ends);
    await rm(path);
    await Promise.all(ends);
  } finally {
    await rm(folder, { recursive: true });
    mock.restoreAll();
    syncBuiltinESMExports();
  }
});
