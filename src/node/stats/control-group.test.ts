import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ControlGroup, parseGroup, podGroupOf, readUsage } from './control-group.ts';

const uid = '0f8a2c1e-1111-2222-3333-444455556666';

test('the group of a process is found in either version of the kernel', () => {
  const first = parseGroup(
    `5:pids:/kubepods/pod${uid}/abc\n4:memory:/kubepods/pod${uid}/abc\n2:cpu,cpuacct:/kubepods/pod${uid}/abc\n0::/\n`,
  );
  assert.deepEqual(first, {
    version: 1,
    cpu: `/sys/fs/cgroup/cpuacct/kubepods/pod${uid}/abc`,
    memory: `/sys/fs/cgroup/memory/kubepods/pod${uid}/abc`,
    pids: `/sys/fs/cgroup/pids/kubepods/pod${uid}/abc`,
  });
  assert.equal(
    parseGroup('0::/system.slice/docker-abc.scope\n')?.memory,
    '/sys/fs/cgroup/system.slice/docker-abc.scope',
  );
});

test("the group around a container's is its pod's where it bears the pod's uid", () => {
  const inGroup = (path: string) => podGroupOf(parseGroup(`0::${path}\n`) as ControlGroup, uid)?.memory;
  assert.equal(inGroup(`/kubepods/burstable/pod${uid}/abc`), `/sys/fs/cgroup/kubepods/burstable/pod${uid}`);
  const slice = `kubepods-pod${uid.replaceAll('-', '_')}.slice`;
  assert.equal(inGroup(`/kubepods.slice/${slice}/docker-abc.scope`), `/sys/fs/cgroup/kubepods.slice/${slice}`);
  assert.equal(inGroup('/wherry/abc'), undefined);
});

/** A group of the second version, as the kernel shows it. */
async function folderWith(t: TestContext, files: Record<string, string>): Promise<ControlGroup> {
  const folder = await mkdtemp(join(tmpdir(), 'group-'));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return { version: 2, cpu: folder, memory: folder, pids: folder };
}

const second = {
  'cpu.stat': 'usage_usec 2500\nuser_usec 2000\nsystem_usec 500\nnr_periods 4\nnr_throttled 1\nthrottled_usec 30\n',
  'memory.current': '9000\n',
  'memory.stat': 'anon 5000\nfile 4000\ninactive_file 3000\npgfault 12\npgmajfault 2\n',
  'memory.max': '20000\n',
  'pids.current': '3\n',
};

test('the second version is read in the same units as the first', async (t) => {
  const usage = await readUsage(await folderWith(t, second));
  assert.deepEqual(usage, {
    cpuNanos: 2_500_000,
    cpuUserNanos: 2_000_000,
    cpuSystemNanos: 500_000,
    periods: 4,
    throttledPeriods: 1,
    throttledNanos: 30_000,
    memoryBytes: 9000,
    workingSetBytes: 6000,
    rssBytes: 5000,
    cacheBytes: 4000,
    swapBytes: 0,
    pageFaults: 12,
    majorPageFaults: 2,
    memoryLimitBytes: 20_000,
    processes: 3,
  });
});

test('no limit is none, and a group that is gone has used nothing', async (t) => {
  const group = await folderWith(t, { ...second, 'memory.max': 'max\n' });
  assert.equal((await readUsage(group))?.memoryLimitBytes, undefined);
  const gone = join(group.memory, 'gone');
  assert.equal(await readUsage({ version: 2, cpu: gone, memory: gone, pids: gone }), undefined);
});
