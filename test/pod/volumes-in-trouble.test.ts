// What must not hang or harm the agent: a file system that answers nothing, an agent that is killed with volumes mounted
// or half written, and folders of others below a mount that is left over.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  stat,
  statfs,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import { persistentVolumes } from '../../src/api/kinds/persistent-volume.ts';
import { persistentVolumeClaims } from '../../src/api/kinds/persistent-volume-claim.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLog } from '../../src/base/log.ts';
import { VolumeRooms } from '../../src/node/stats/volume-rooms.ts';
import { showVersion } from '../../src/node/volumes/atomic-folder.ts';
import { Mounter } from '../../src/node/volumes/mounter.ts';
import { type Keepsakes, noKeepsakes } from '../../src/node/volumes/object-source.ts';
import { PodVolumes } from '../../src/node/volumes/pod-volumes.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { isReady, PodBench, type RunningAgent } from './pod-bench.ts';
import { idle, inside, insideUntil, putConfigMap, putSecret, type Volumes, warned } from './volume-bench.ts';

const exec = promisify(execFile);
let bench: PodBench;
let running: RunningAgent;
before(async () => {
  bench = await PodBench.open();
  running = await bench.startAgent();
});
after(async () => {
  await bench?.close();
});

const start = async (name: string, volumes: Volumes) => {
  const volumeMounts = volumes.map((volume) => ({ name: volume.name, mountPath: `/${volume.name}` }));
  await bench.createPod(name, { containers: [idle({ volumeMounts })], volumes });
  return bench.podWhen(name, 'ready', isReady);
};
const end = async (name: string) => {
  await bench.client.delete(pods, { namespace: 'default', name }, { gracePeriodSeconds: 1 });
  await bench.gone(name);
};

/** A file system whose server has died: whoever touches it waits. */
class DeadFileSystem implements AsyncDisposable {
  readonly #folder: string;
  readonly #device: FileHandle;

  private constructor(folder: string, device: FileHandle) {
    this.#folder = folder;
    this.#device = device;
  }

  static async mount(folder: string): Promise<DeadFileSystem> {
    await mkdir(folder, { recursive: true });
    const device = await open('/dev/fuse', 'r+');
    const options = 'fd=3,rootmode=40000,user_id=0,group_id=0';
    const args = ['--internal-only', '-t', 'fuse', '-o', options, 'dead', folder];
    const [code] = await once(spawn('mount', args, { stdio: ['ignore', 'inherit', 'inherit', device.fd] }), 'exit');
    assert.equal(code, 0);
    return new DeadFileSystem(folder, device);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await exec('umount', ['--no-canonicalize', '--internal-only', '--lazy', this.#folder]).catch(() => {});
    await this.#device.close();
  }
}

const mountTable = () => readFile('/proc/self/mountinfo', 'utf8');

test('a path of the host on a file system that does not answer holds up its pod, and nothing else', async () => {
  const folder = join(bench.dataDir, 'dead');
  await using _ = await DeadFileSystem.mount(folder);
  const volumes: Volumes = [{ name: 'dead', hostPath: { path: join(folder, 'below'), type: 'Directory' } }];
  const volumeMounts = [{ name: 'dead', mountPath: '/dead' }];
  // As many as there are threads in which Node does files.
  const names = [1, 2, 3, 4, 5].map((number) => `hangs-${number}`);
  for (const name of names) await bench.createPod(name, { containers: [idle({ volumeMounts })], volumes });
  await start('beside', [{ name: 'disk', emptyDir: {} }]);
  await warned(
    bench,
    'hangs-1',
    `FailedMount: MountVolume.SetUp failed for volume "dead" : ${folder}/below cannot be looked at: its file server does not answer`,
  );
  await Promise.all([...names, 'beside'].map(end));
});

test('the room on a file system that does not answer is not waited for, by nobody', async () => {
  const near = join(bench.dataDir, 'near');
  await mkdir(near);
  const numbers = [1, 2, 3, 4, 5, 6];
  await using _ = await DeadFileSystem.mount(join(bench.dataDir, 'dead-room'));
  const volumes = numbers.map((number) => ({ name: `${number}`, folder: join(bench.dataDir, `dead-room/${number}`) }));
  const rooms = new VolumeRooms({ clock: systemClock });
  const told = await waitUntil('the one beside is told of', async () => {
    const found = await rooms.of([...volumes, { name: 'near', folder: near }]);
    return found.length > 0 && found;
  });
  // By the threads in which Node does files, which would all be stuck.
  const { blocks, bsize } = await statfs(near);
  assert.deepEqual(
    told.map(({ name, room }) => [name, room.capacityBytes]),
    [['near', blocks * bsize]],
  );
});

test('a volume whose file server has died, or that somebody holds open, goes with its pod', async () => {
  const pod = await start('served', [{ name: 'disk', emptyDir: {} }]);
  const folder = join(bench.dataDir, 'pods', pod.metadata.uid ?? '');
  await using _ = await DeadFileSystem.mount(join(folder, 'volumes/kubernetes.io~nfs/data'));
  const busy = join(folder, 'volumes/kubernetes.io~nfs/busy');
  await mkdir(busy);
  await exec('mount', ['-t', 'tmpfs', 'tmpfs', busy]);
  await using _held = await open(join(busy, 'held'), 'w');
  await end('served');
  assert.equal((await mountTable()).includes(folder), false);
  await assert.rejects(stat(folder), { code: 'ENOENT' });
});

test('what a killed agent left mounted of pods that are gone is taken away, and what is below belongs to others', async () => {
  const lasting = join(bench.dataDir, 'of-the-host');
  await mkdir(lasting);
  await writeFile(join(lasting, 'file'), 'kept');
  await putSecret(bench, 'login', { password: 'hidden' });
  const subPath = 'part';
  const container = idle({
    volumeMounts: [
      { name: 'host', mountPath: '/host', subPath },
      { name: 'memory', mountPath: '/memory' },
      { name: 'login', mountPath: '/login' },
    ],
  });
  const volumes: Volumes = [
    { name: 'host', hostPath: { path: lasting } },
    { name: 'memory', emptyDir: { medium: 'Memory' } },
    { name: 'login', secret: { secretName: 'login' } },
  ];
  const pod = await bench.createPod('left', { containers: [container], volumes });
  await bench.podWhen('left', 'ready', isReady);
  await inside(running, pod, 'echo kept > /host/file');
  running.kill();
  await bench.client.delete(pods, { namespace: 'default', name: 'left' }, { gracePeriodSeconds: 0 });
  for (const { Id } of await bench.containersOf(pod)) await bench.docker.getContainer(Id).remove({ force: true });
  const { uid = '' } = pod.metadata;
  assert.match(await mountTable(), new RegExp(uid));
  running = await bench.startAgent();
  await waitUntil('nothing is left', async () => {
    const folders = ['pods', 'secrets'].map((name) => readdir(join(bench.dataDir, name)));
    return !(await mountTable()).includes(uid) && !(await Promise.all(folders)).flat().includes(uid);
  });
  assert.equal(await readFile(join(lasting, 'part/file'), 'utf8'), 'kept\n');
  assert.equal(await readFile(join(lasting, 'file'), 'utf8'), 'kept');
});

test('who writes versions may be killed at any moment: one of them is there, and whole', async () => {
  const folder = join(bench.dataDir, 'written');
  const writer = join(import.meta.dirname, 'version-writer.ts');
  for (let round = 0; round < 15; round++) {
    const child = spawn(process.execPath, [writer, folder, `${round * 10_000}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await delay(2 + 5 * round);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const [one, two, names] = await Promise.all([
      readFile(join(folder, '..data/one'), 'utf8'),
      readFile(join(folder, '..data/deep/two'), 'utf8'),
      readdir(join(folder, '..data')),
    ]);
    const version = one.split('\n', 1)[0];
    assert.equal(one, `${version}\n`.repeat(1_000));
    assert.equal(two, one);
    assert.deepEqual(names.sort(), ['deep', 'one', `only-${version}`]);
  }
  await showVersion(folder, { payload: new Map([['one', { content: Buffer.from('last'), mode: 0o644 }]]), nowMs: 0 });
  assert.equal((await readdir(folder)).length, 3, 'nothing is left of those who were killed');
});

test('what changed while an agent was gone is shown by the next, and what a crash left is cleared away', async () => {
  await putConfigMap(bench, 'settings', { one: '0', two: '0' });
  const pod = await start('versions', [{ name: 'v', configMap: { name: 'settings' } }]);
  const folder = join(bench.dataDir, 'pods', pod.metadata.uid ?? '', 'volumes/kubernetes.io~configmap/v');
  // All that a crash can leave: a version half written, a link to it that was not shown yet.
  await mkdir(join(folder, '..2026_01_01_00_00_00.000.0'));
  await writeFile(join(folder, '..2026_01_01_00_00_00.000.0/one'), 'ha');
  await symlink('..2026_01_01_00_00_00.000.0', join(folder, '..data_tmp'));
  for (let version = 1; version <= 10; version++) {
    const changed = bench.client.patch(
      configMaps,
      { namespace: 'default', name: 'settings' },
      { data: { one: `${version}`, two: `${version}` } },
    );
    running.kill();
    await changed;
    assert.match(await inside(running, pod, 'cd /v/..data; cat one; echo; cat two'), /^(\d+)\n\1$/);
    running = await bench.startAgent();
  }
  await insideUntil(running, pod, 'cat /v/one /v/two', '1010');
  assert.equal(await inside(running, pod, 'ls -A /v | wc -l'), '4\n');
  await end('versions');
});

test('what a pod had is known to an agent that starts while the master is away, unless the master says otherwise', async () => {
  const lasting = join(bench.dataDir, 'claimed');
  await mkdir(lasting);
  const claim = await bench.client.create(persistentVolumeClaims, {
    metadata: { name: 'data', namespace: 'default' },
    spec: { volumeName: 'pv-data' },
    status: { phase: 'Bound' },
  });
  await bench.client.create(persistentVolumes, {
    metadata: { name: 'pv-data' },
    spec: { claimRef: { uid: claim.metadata.uid ?? '' }, hostPath: { path: lasting } },
  });
  const volumes: Volumes = [
    { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
    { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
    { name: 'login', secret: { secretName: 'login' } },
  ];
  const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
  const pod = {
    metadata: { name: 'remembers', namespace: 'default', uid: 'remembers' },
    spec: { containers: [idle({ volumeMounts })], volumes },
  } as unknown as Pod;
  const kept = new Map<string, Map<string, string>>();
  const keepsakes: Keepsakes = {
    find: async (owner, name) => kept.get(owner)?.get(name),
    keep: (owner, name, text) => kept.set(owner, (kept.get(owner) ?? new Map()).set(name, text)),
    drop: (owner) => kept.delete(owner),
  };
  const signal = AbortSignal.timeout(30_000);
  /** As after a reboot: nothing is in memory. */
  const prepareAnew = async (known: Keepsakes) => {
    const dataDir = await mkdtemp(join(bench.dataDir, 'anew-'));
    const log = createLog({ level: 'warn' });
    const node = () => ({ name: 'n1', labels: {}, allocatable: {} });
    const options = {
      dataDir,
      client: bench.client,
      clock: systemClock,
      log,
      node,
      keepsakes: known,
      onChange: () => {},
    };
    await new PodVolumes(options).prepare(pod, signal);
    return readFile(join(dataDir, 'secrets', pod.metadata.uid ?? '', 'kubernetes.io~secret/login/password'), 'utf8');
  };
  assert.equal(await prepareAnew(keepsakes), 'hidden');
  assert.deepEqual([...(kept.get(pod.metadata.uid ?? '')?.keys() ?? [])].length, 2, 'the token and the volume');
  bench.api.isAway = true;
  try {
    assert.equal(await prepareAnew(keepsakes), 'hidden');
    await assert.rejects(prepareAnew(noKeepsakes), /failed to sync secret cache: the master is away/);
  } finally {
    bench.api.isAway = false;
  }
  await bench.client.delete(persistentVolumeClaims, { namespace: 'default', name: 'data' });
  await assert.rejects(prepareAnew(keepsakes), /persistentvolumeclaims "data" not found/);
});

test('an agent whose folder is behind a link mounts for secrets once', async () => {
  await mkdir(join(bench.dataDir, 'real'));
  await symlink('real', join(bench.dataDir, 'link'));
  const log = createLog({ level: 'warn' });
  const node = () => ({ name: 'n1', labels: {}, allocatable: {} });
  const options = { dataDir: join(bench.dataDir, 'link'), client: bench.client, clock: systemClock, log, node };
  for (const _ of [1, 2]) await new PodVolumes({ ...options, onChange: () => {} }).start(AbortSignal.timeout(20_000));
  assert.equal((await mountTable()).match(/\/real\/secrets /g)?.length, 1);
});

test('an uninstall takes away what is mounted before it removes files', async () => {
  const folder = join(bench.dataDir, 'below/mounted');
  await mkdir(folder, { recursive: true });
  await exec('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
  await exec('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
  await new Mounter().unmountBelow(join(bench.dataDir, 'below'));
  assert.equal((await mountTable()).includes(folder), false);
});
