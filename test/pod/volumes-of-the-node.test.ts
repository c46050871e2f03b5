// Volumes that are folders of the node, in real containers: empty ones on disk and in memory, the host's own, parts of
// them, whose they are, and what is mounted below.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import type { Container } from '../../src/api/kinds/pod-template.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { isReady, PodBench, type RunningAgent } from './pod-bench.ts';
import { bindClaim, idle, inside, putConfigMap, type Volumes, warned } from './volume-bench.ts';

const exec = promisify(execFile);
let bench: PodBench;
let running: RunningAgent;
let host: string;
before(async () => {
  bench = await PodBench.open();
  running = await bench.startAgent();
  host = join(bench.dataDir, 'of-the-host');
  await mkdir(host);
});
after(async () => {
  await bench?.close();
});

type Mounts = NonNullable<Container['volumeMounts']>;
const all = (volumes: Volumes): Mounts => volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
const create = (name: string, volumes: Volumes, { mounts = all(volumes), container = {}, ...spec }: Asked = {}) =>
  bench.createPod(name, { containers: [idle({ volumeMounts: mounts, ...container })], volumes, ...spec });
const start = async (name: string, volumes: Volumes, asked: Asked = {}) => {
  await create(name, volumes, asked);
  return bench.podWhen(name, 'ready', isReady);
};
type Asked = Partial<Pod['spec']> & { mounts?: Mounts; container?: Partial<Container> };
const end = async (name: string) => {
  await bench.client.delete(pods, { namespace: 'default', name }, { gracePeriodSeconds: 1 });
  await bench.gone(name);
};
const mountTable = () => readFile('/proc/self/mountinfo', 'utf8');
const refusal = (name: string, message: string) =>
  bench.podWhen(name, message, ({ status }) => status.containerStatuses?.[0]?.state?.waiting?.message === message);

test('empty folders: on disk, in memory as large as they may be, gone with the pod', async () => {
  const pod = await start(
    'empty',
    [
      { name: 'disk', emptyDir: {} },
      { name: 'small', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } },
      { name: 'large', emptyDir: { medium: 'Memory' } },
    ],
    { container: { resources: { limits: { memory: '64Mi' } } } },
  );
  assert.equal(
    await inside(running, pod, 'stat -c "%a %U" /disk /small /large; stat -f -c %T /small /large'),
    '777 root\n777 root\n777 root\ntmpfs\ntmpfs\n',
  );
  assert.equal(
    await inside(running, pod, 'for v in small large; do df -k /$v | tail -1 | tr -s " " | cut -d" " -f2; done'),
    '8192\n65536\n',
  );
  assert.match(await inside(running, pod, 'dd if=/dev/zero of=/small/x bs=1M count=9'), /No space left on device/);
  await inside(running, pod, 'echo kept > /disk/x; echo kept > /large/x; kill 1');
  await bench.podWhen(
    'empty',
    'started again',
    (now) => isReady(now) && now.status.containerStatuses?.[0]?.restartCount === 1,
  );
  assert.equal(await inside(running, pod, 'cat /disk/x /large/x'), 'kept\nkept\n');
  await end('empty');
  assert.equal((await mountTable()).includes(pod.metadata.uid ?? ''), false);
});

test('what mode an empty folder has by now stays, also with an agent that comes later', async () => {
  const volumes: Volumes = [
    { name: 'disk', emptyDir: {} },
    { name: 'memory', emptyDir: { medium: 'Memory' } },
  ];
  const pod = await start('closed', volumes, { securityContext: { fsGroup: 2000 } });
  const modes = () => inside(running, pod, 'stat -c "%a %u:%g" /disk /memory');
  assert.equal(await modes(), '2777 0:2000\n2777 0:2000\n');
  await inside(running, pod, 'chmod 700 /disk /memory; chmod g-s /disk /memory; chown 1000:1000 /disk /memory');
  running.kill();
  running = await bench.startAgent();
  await inside(running, pod, 'kill 1');
  const isAgain = (now: Pod) => isReady(now) && now.status.containerStatuses?.[0]?.restartCount === 1;
  await bench.podWhen('closed', 'started again', isAgain);
  assert.equal(await modes(), '700 1000:1000\n700 1000:1000\n');
  await end('closed');
});

test('a pod that is over keeps its logs and loses its volumes', async () => {
  const spec: Asked = { restartPolicy: 'Never', container: { command: ['sh', '-c', 'echo done; echo x > /big/x'] } };
  const pod = await create('over', [{ name: 'big', emptyDir: { medium: 'Memory' } }], spec);
  await bench.podWhen('over', 'over', ({ status }) => status.phase === 'Succeeded');
  await waitUntil('its memory is free', async () => !(await mountTable()).includes(pod.metadata.uid ?? ''));
  assert.equal((await bench.containersOf(pod)).length, 1);
});

test('paths of the host are what the manifest says they are', async () => {
  await mkdir(join(host, 'folder'));
  await writeFile(join(host, 'folder/file'), 'of the host');
  const volumes: Volumes = [
    { name: 'folder', hostPath: { path: join(host, 'folder'), type: 'Directory' } },
    { name: 'file', hostPath: { path: join(host, 'folder/file'), type: 'File' } },
    { name: 'made', hostPath: { path: join(host, 'made/below'), type: 'DirectoryOrCreate' } },
    { name: 'touched', hostPath: { path: join(host, 'folder/touched'), type: 'FileOrCreate' } },
    { name: 'any', hostPath: { path: join(host, 'colon:here'), type: '' } },
    { name: 'null', hostPath: { path: '/dev/null', type: 'CharDevice' } },
    { name: 'docker', hostPath: { path: bench.engine.socket, type: 'Socket' } },
  ];
  const pod = await start('paths', volumes);
  assert.equal(
    await inside(running, pod, 'cat /folder/file; cat /file; stat -c %F /made /touched /any /null /docker'),
    'of the hostof the hostdirectory\nregular empty file\ndirectory\ncharacter special file\nsocket\n',
  );
  assert.equal((await stat(join(host, 'made/below'))).mode & 0o777, 0o755);

  type HostPathType = NonNullable<NonNullable<Volumes[number]['hostPath']>['type']>;
  const wrong: [string, HostPathType, string][] = [
    ['folder/file', 'Directory', 'is not a directory'],
    ['none', 'Directory', 'is not a directory'],
    ['folder', 'File', 'is not a file'],
    ['folder', 'FileOrCreate', 'is not a file'],
    ['folder', 'Socket', 'is not a socket file'],
    ['folder', 'CharDevice', 'is not a character device'],
    ['folder', 'BlockDevice', 'is not a block device'],
  ];
  const refused: Volumes = wrong.map(([path, type], index) => ({
    name: `v${index}`,
    hostPath: { path: join(host, path), type },
  }));
  refused.push({ name: 'deep', hostPath: { path: join(host, 'no/such/file'), type: 'FileOrCreate' } });
  await create('wrong-paths', refused);
  for (const [index, [path, , why]] of wrong.entries())
    await warned(
      bench,
      'wrong-paths',
      `FailedMount: MountVolume.SetUp failed for volume "v${index}" : hostPath type check failed: ${join(host, path)} ${why}`,
    );
  await warned(bench, 'wrong-paths', /volume "deep" : .*no such file or directory/);
  await end('wrong-paths');
});

test('parts of volumes: made where they are missing, named by variables, out of config maps, and never outside', async () => {
  await putConfigMap(bench, 'site', { 'site.conf': 'listen 80' });
  await mkdir(join(host, 'parts/inner'), { recursive: true });
  await chmod(join(host, 'parts'), 0o750);
  await writeFile(join(host, 'secret-of-the-host'), 'x');
  await symlink(host, join(host, 'parts/out'));
  await symlink('inner', join(host, 'parts/in'));
  await symlink('../secret-of-the-host', join(host, 'parts/up'));
  const volumes: Volumes = [
    { name: 'parts', hostPath: { path: join(host, 'parts') } },
    { name: 'site', configMap: { name: 'site' } },
  ];
  const pod = await start('parts', volumes, {
    mounts: [
      { name: 'parts', mountPath: '/new', subPath: 'a/b' },
      { name: 'parts', mountPath: '/named', subPathExpr: 'of-$(WHO)', readOnly: true },
      { name: 'parts', mountPath: '/in', subPath: 'in' },
      { name: 'site', mountPath: '/etc/site.conf', subPath: 'site.conf' },
    ],
    container: { env: [{ name: 'WHO', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] },
  });
  assert.equal(
    await inside(running, pod, 'cat /etc/site.conf; echo; stat -c %a /new; touch /new/x /in/y; touch /named/z'),
    'listen 80\n750\ntouch: /named/z: Read-only file system\n',
  );
  for (const path of ['a/b/x', 'inner/y', 'of-parts']) await stat(join(host, 'parts', path));
  // What is bound stays what it was, also for the container that follows.
  await inside(running, pod, 'kill 1');
  await bench.podWhen(
    'parts',
    'started again',
    (now) => isReady(now) && now.status.containerStatuses?.[0]?.restartCount === 1,
  );
  assert.equal(await inside(running, pod, 'ls /new /in'), '/in:\ny\n\n/new:\nx\n');
  await end('parts');
  assert.equal((await mountTable()).includes(pod.metadata.uid ?? ''), false);
  await stat(join(host, 'parts/a/b/x'));

  const failed = 'failed to prepare subPath for volumeMount "parts" of container "main"';
  for (const [index, subPath] of ['out/x', 'out', 'up', 'in/../../..'].entries()) {
    await create(`outside-${index}`, volumes.slice(0, 1), { mounts: [{ name: 'parts', mountPath: '/x', subPath }] });
    await refusal(
      `outside-${index}`,
      subPath.includes('..') ? `unable to provision SubPath \`${subPath}\`: must not contain '..'` : failed,
    );
    await end(`outside-${index}`);
  }
  await assert.rejects(stat(join(host, 'x')), 'nothing was made outside');
  await create('unknown', volumes.slice(0, 1), {
    mounts: [{ name: 'parts', mountPath: '/x', subPathExpr: '$(NOBODY)' }],
  });
  await refusal('unknown', 'missing value for "NOBODY"');
  await end('unknown');
});

test('volumes of a group: all of it, or nothing where the uppermost folder is right', async () => {
  const volumes: Volumes = [
    { name: 'disk', emptyDir: {} },
    { name: 'memory', emptyDir: { medium: 'Memory' } },
    { name: 'host', hostPath: { path: host } },
    { name: 'claimed', persistentVolumeClaim: { claimName: 'local' } },
  ];
  const folder = join(host, 'local');
  await mkdir(join(folder, 'deep'), { recursive: true });
  await writeFile(join(folder, 'deep/file'), '', { mode: 0o600 });
  await symlink('/etc/passwd', join(folder, 'deep/link'));
  const passwd = await stat('/etc/passwd');
  await bindClaim(bench, 'local', { local: { path: folder } });
  const securityContext: Pod['spec']['securityContext'] = {
    fsGroup: 2000,
    runAsUser: 1000,
    runAsGroup: 3000,
    fsGroupChangePolicy: 'OnRootMismatch',
  };
  const pod = await start('group', volumes, { securityContext });
  assert.equal(
    await inside(running, pod, 'stat -c "%a %u:%g" /disk /memory /claimed /claimed/deep /claimed/deep/file; id -G'),
    '2777 0:2000\n2777 0:2000\n2775 0:2000\n2775 0:2000\n660 0:2000\n3000 2000\n',
  );
  assert.equal(
    await inside(running, pod, 'touch /disk/x && stat -c "%u:%g" /disk/x; stat -c %g /host'),
    '1000:2000\n0\n',
  );
  const { gid, mode } = await stat('/etc/passwd');
  assert.deepEqual([gid, mode], [passwd.gid, passwd.mode], 'no link was followed');
  await end('group');
  await chmod(join(folder, 'deep/file'), 0o600);
  await start('group-again', [{ name: 'claimed', persistentVolumeClaim: { claimName: 'local' } }], { securityContext });
  assert.equal((await stat(join(folder, 'deep/file'))).mode & 0o777, 0o600, 'the uppermost folder was right');
  await end('group-again');
  await start('group-always', [{ name: 'claimed', persistentVolumeClaim: { claimName: 'local' } }], {
    securityContext: { fsGroup: 2000 },
  });
  assert.equal((await stat(join(folder, 'deep/file'))).mode & 0o777, 0o660);
  await end('group-always');
});

/** Docker 25 and later. */
async function knowsReadOnlyBelow(): Promise<boolean> {
  const { ApiVersion } = await bench.docker.version();
  return Number(ApiVersion.split('.')[1]) >= 44;
}

test('mounts made below a volume are seen as far as the manifest wishes', async () => {
  const shared = join(host, 'shared');
  await mkdir(shared);
  await exec('mount', ['--bind', shared, shared]);
  await exec('mount', ['--make-rshared', shared]);
  const volumes: Volumes = [{ name: 'v', hostPath: { path: shared } }];
  const mounts: Mounts = [
    { name: 'v', mountPath: '/none' },
    { name: 'v', mountPath: '/slave', mountPropagation: 'HostToContainer' },
    { name: 'v', mountPath: '/both', mountPropagation: 'Bidirectional' },
  ];
  const pod = await start('propagation', volumes, { mounts: mounts.slice(0, 2) });
  await mkdir(join(shared, 'below'));
  await exec('mount', ['-t', 'tmpfs', 'tmpfs', join(shared, 'below')]);
  await writeFile(join(shared, 'below/seen'), '');
  assert.equal(await inside(running, pod, 'cd /; ls none/below slave/below'), 'none/below:\n\nslave/below:\nseen\n');
  await end('propagation');

  // Where the machine itself may not do all, a privileged container is made and does not start, and may be gone when
  // it is looked at: the next one is as good.
  const both = await create('both', volumes, { mounts, container: { securityContext: { privileged: true } } });
  const made = await waitUntil('a container to look at', async () => {
    const containers = await bench.containersOf(both);
    const main = containers.find(({ Names }) => Names.some((name) => name.includes('_main_')));
    return main && bench.docker.getContainer(main.Id).inspect();
  });
  const propagationTo = (path: string) => made.Mounts.find(({ Destination }) => Destination === path)?.Propagation;
  assert.deepEqual(['/none', '/slave', '/both'].map(propagationTo), ['rprivate', 'rslave', 'rshared']);
  await end('both');
  await create('unprivileged', volumes, { mounts: mounts.slice(2) });
  await refusal(
    'unprivileged',
    'volume "v": Bidirectional mount propagation is available only to privileged containers',
  );
  await end('unprivileged');

  const deep = { name: 'v', mountPath: '/v', readOnly: true };
  const possible = await start('if-possible', volumes, { mounts: [{ ...deep, recursiveReadOnly: 'IfPossible' }] });
  assert.match(await inside(running, possible, 'touch /v/x'), /Read-only/);
  await end('if-possible');
  const throughout = { mounts: [{ ...deep, recursiveReadOnly: 'Enabled' as const }] };
  if (await knowsReadOnlyBelow()) {
    assert.match(
      await inside(running, await start('throughout', volumes, throughout), 'touch /v/below/x'),
      /Read-only/,
    );
  } else {
    await create('throughout', volumes, throughout);
    await refusal('throughout', '/v requested recursive read-only mode, but it is not supported by the runtime');
  }
  await end('throughout');
  await exec('umount', ['--recursive', shared]);
});

test('a container that is added to look in gets a volume that no other has named', async () => {
  const volumes: Volumes = [
    { name: 'disk', emptyDir: {} },
    { name: 'spare', hostPath: { path: join(host, 'folder'), type: 'Directory' } },
  ];
  const pod = await start('looked-into', volumes, { mounts: all(volumes.slice(0, 1)) });
  const debug = { ...idle({ volumeMounts: all(volumes) }), name: 'debug' };
  await bench.client.patch(pods, pod.metadata, { spec: { ephemeralContainers: [debug] } });
  await bench.podWhen('looked-into', 'looked into', ({ status }) =>
    Boolean(status.ephemeralContainerStatuses?.[0]?.state?.running),
  );
  assert.equal(await inside(running, pod, 'cat /spare/file', 'debug'), 'of the host');
  await end('looked-into');
});
