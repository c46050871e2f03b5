import assert from 'node:assert/strict';
import { test } from 'node:test';
import type Docker from 'dockerode';
import { systemClock } from '../../base/clock.ts';
import type { ContainerSpec } from '../runtime.ts';
import { containerConfig, pauseConfig } from './container-config.ts';
import { negotiatedApi } from './docker-runtime.ts';
import { frameContents, jsonLines } from './docker-streams.ts';
import { observed } from './observed.ts';
import { unknownText } from './oci-runtimes.ts';
import { tarOfExecutable } from './tar.ts';

const maker = {
  owner: { cluster: 'c1', node: 'n1' },
  pauseImage: 'pause:1',
  knowsReadOnlyBelow: false,
  logs: { maxBytes: 1000, maxFiles: 3 },
};
const placement = { cgroupParent: '/wherry/kubepods/podu1', oomScore: 3 };
const identity = { podUid: 'u1', podNamespace: 'default', podName: 'web', name: 'main', attempt: 2 };
const spec: ContainerSpec = {
  ...identity,
  ...placement,
  pauseId: 'p1',
  ociRuntime: '',
  backoffSeconds: 20,
  image: 'nginx:1',
  imageDigest: 'nginx@sha256:00',
  entrypoint: undefined,
  args: ['-g'],
  env: ['A=1'],
  workingDir: undefined,
  mounts: [{ source: '/a', target: '/b', readOnly: true }],
  resources: { cpuShares: 102, cpuQuotaMicros: 50_000, memoryBytes: 1024 },
  security: {
    user: undefined,
    groups: [],
    privileged: false,
    readOnlyRoot: false,
    addCapabilities: [],
    dropCapabilities: [],
    noNewPrivileges: false,
    seccomp: 'unconfined',
    appArmor: undefined,
    seLinux: [],
    unmaskedProc: false,
  },
  stdin: false,
  stdinOnce: false,
  tty: false,
  hostIpc: false,
  processes: 'of the pod',
  stopSignal: undefined,
  namedImage: 'nginx:1',
};

async function* pieces(...buffers: Buffer[]): AsyncIterable<Uint8Array> {
  yield* buffers;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test('the older of two API versions is spoken, compared as numbers', () => {
  assert.equal(negotiatedApi('1.41'), '1.41');
  assert.equal(negotiatedApi('1.9'), '1.9');
  assert.equal(negotiatedApi('1.52'), '1.47');
});

test('a container joins the namespaces of its pause container and carries all that identifies it', () => {
  const config = containerConfig(spec, maker);
  assert.equal(config.name, 'k8s_main_web_default_u1_2');
  assert.deepEqual(config.Cmd, ['-g']);
  assert.equal('Entrypoint' in config, false, "the image's own stays");
  const { HostConfig: host = {} } = config;
  assert.deepEqual([host.NetworkMode, host.IpcMode, host.PidMode], ['container:p1', 'container:p1', 'container:p1']);
  assert.equal(host.Mounts?.[0]?.Source, '/a');
  assert.deepEqual([host.CpuShares, host.CpuQuota, host.Memory, host.MemorySwap], [102, 50_000, 1024, 1024]);
  assert.equal(host.CgroupParent, '/wherry/kubepods/podu1');
  assert.equal(config.Labels?.['io.wherry.cluster'], 'c1');
  assert.equal(config.Labels?.['io.kubernetes.sandbox.id'], 'p1');
});

test('who a container is and what it may is said in Docker’s options', () => {
  const hostOf = (security: Partial<ContainerSpec['security']>) =>
    containerConfig({ ...spec, security: { ...spec.security, ...security } }, maker).HostConfig ?? {};
  assert.deepEqual(hostOf({}).SecurityOpt, ['seccomp=unconfined']);
  assert.deepEqual(hostOf({ seccomp: undefined }).SecurityOpt, undefined, "Docker's own profile");
  const seLinux = ['type:container_t', 'level:s0:c1,c2'];
  const asked = hostOf({ noNewPrivileges: true, seccomp: '{"a":1}', appArmor: 'mine', seLinux, groups: [5, 7] });
  const labels = ['label=type:container_t', 'label=level:s0:c1,c2'];
  assert.deepEqual(asked.SecurityOpt, ['no-new-privileges', 'seccomp={"a":1}', 'apparmor=mine', ...labels]);
  assert.deepEqual([asked.GroupAdd, hostOf({}).GroupAdd], [['5', '7'], undefined]);
  assert.equal(asked.MaskedPaths, undefined);
  assert.deepEqual(
    [hostOf({ unmaskedProc: true }).MaskedPaths, hostOf({ unmaskedProc: true }).ReadonlyPaths],
    [[], []],
  );
});

test('a runtime that Docker does not know is named, with the way to make it known', () => {
  const text = 'no runtime for "crun" is configured in Docker, which has io.x, runc';
  assert.equal(unknownText('crun', ['runc', 'io.x'], undefined), text);
  assert.equal(
    unknownText('crun', ['runc', 'io.x'], '/usr/bin/crun'),
    `${text}; /usr/bin/crun is installed: add {"runtimes":{"crun":{"path":"/usr/bin/crun"}}} to /etc/docker/daemon.json and reload Docker`,
  );
});

test('a pause container owns a network namespace of its own, or has the host’s and its name', () => {
  const shared = { ...identity, ...placement, hostname: 'web', sysctls: {}, seLinux: [], ociRuntime: '' };
  const own = pauseConfig({ ...shared, hostNetwork: false, hostIpc: false }, maker);
  assert.deepEqual([own.NetworkDisabled, own.HostConfig?.NetworkMode, own.Hostname], [true, 'none', 'web']);
  assert.equal(own.name, 'k8s_POD_web_default_u1_2');
  const host = pauseConfig({ ...shared, hostNetwork: true, hostIpc: true }, maker);
  assert.deepEqual([host.NetworkDisabled, host.HostConfig?.NetworkMode, host.Hostname], [undefined, 'host', undefined]);
  assert.equal(host.HostConfig?.IpcMode, 'host');
  assert.equal(own.Image, 'pause:1');
  assert.deepEqual([own.HostConfig?.Sysctls, own.HostConfig?.Runtime], [undefined, undefined]);
  const more = { hostNetwork: false, hostIpc: false, sysctls: { 'net.core.somaxconn': '9' }, seLinux: ['level:s0'] };
  const asked = pauseConfig({ ...shared, ...more, ociRuntime: 'crun' }, maker).HostConfig;
  assert.deepEqual([asked?.Sysctls, asked?.SecurityOpt, asked?.Runtime], [more.sysctls, ['label=level:s0'], 'crun']);
  assert.equal(containerConfig({ ...spec, ociRuntime: 'crun' }, maker).HostConfig?.Runtime, 'crun');
});

test('what was written on a container is read from it again', () => {
  const { Labels } = containerConfig(spec, maker);
  const inspected = (state: object, clock = systemClock) =>
    observed(
      {
        Id: 'id1',
        Created: '2026-11-20T12:00:00.5Z',
        Image: 'sha256:00',
        Config: { Labels },
        HostConfig: { Runtime: 'runc' },
        State: {
          Running: false,
          Error: '',
          ExitCode: 0,
          OOMKilled: false,
          StartedAt: '0001-01-01T00:00:00Z',
          ...state,
        },
      } as unknown as Docker.ContainerInspectInfo,
      clock,
    );
  const created = inspected({ Status: 'created' });
  assert.deepEqual(
    { ...identity, backoffSeconds: 20, pauseId: 'p1' },
    {
      podUid: created.podUid,
      podNamespace: created.podNamespace,
      podName: created.podName,
      name: created.name,
      attempt: created.attempt,
      backoffSeconds: created.backoffSeconds,
      pauseId: created.pauseId,
    },
  );
  assert.equal(created.state, 'created');
  assert.equal(created.ociRuntime, 'runc');
  assert.equal(created.startedAt, undefined);
  assert.equal(created.stopSignal, 'SIGTERM');
  assert.equal(inspected({ Status: 'running', Running: true }).state, 'running');
  assert.equal(inspected({ Status: 'exited', ExitCode: 3 }).exitCode, 3);
  const unstartable = inspected({ Status: 'created', Error: 'no such file', ExitCode: 127 });
  assert.deepEqual([unstartable.state, unstartable.startError], ['exited', 'no such file']);

  // The agent runs for 100 s, and its clock says a minute after noon.
  const clock = { ...systemClock, now: () => Date.parse('2026-11-20T12:01:00Z'), monotonicMs: () => 100_000 };
  const times = (state: object) => {
    const { startedMs, endedMs } = inspected(state, clock);
    return { startedMs, endedMs };
  };
  const [StartedAt, FinishedAt] = ['2026-11-20T12:00:10Z', '2026-11-20T12:00:40Z'];
  assert.deepEqual(times({ Status: 'created' }), { startedMs: undefined, endedMs: undefined });
  assert.deepEqual(times({ Status: 'running', Running: true, StartedAt }), { startedMs: 50_000, endedMs: undefined });
  assert.deepEqual(times({ Status: 'exited', StartedAt, FinishedAt }), { startedMs: 50_000, endedMs: 80_000 });
  const aheadOfUs = { Status: 'exited', StartedAt, FinishedAt: '2026-11-20T13:00:00Z' };
  assert.deepEqual(times(aheadOfUs), { startedMs: 50_000, endedMs: 100_000 }, 'it has ended just now at the latest');
  assert.equal(times({ Status: 'created', Error: 'no' }).endedMs, 40_500, 'what could not be started has ended');
});

test('frames are taken apart wherever the pieces of the stream end', async () => {
  const frame = (stream: number, text: string) => {
    const header = Buffer.alloc(8);
    header[0] = stream;
    header.writeUInt32BE(text.length, 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };
  const whole = Buffer.concat([frame(1, 'hello '), frame(2, ''), frame(2, 'world')]);
  for (let size = 1; size <= whole.length; size += 1) {
    const cut = Array.from({ length: Math.ceil(whole.length / size) }, (_, index) =>
      whole.subarray(index * size, (index + 1) * size),
    );
    assert.equal(Buffer.concat(await all(frameContents(pieces(...cut)))).toString(), 'hello world');
  }
});

test('JSON texts are read line by line, also where a letter is cut in two', async () => {
  const bytes = Buffer.from('{"a":"ü"}\n\n{"b":2}');
  const found = await all(jsonLines(pieces(bytes.subarray(0, 7), bytes.subarray(7))));
  assert.deepEqual(found, [{ a: 'ü' }, { b: 2 }]);
});

test('the archive has the checksum that tar asks for, and ends on a whole block', () => {
  const archive = tarOfExecutable('pause', Buffer.from('program'));
  assert.equal(archive.length % 512, 0);
  const stated = Number.parseInt(archive.subarray(148, 154).toString(), 8);
  archive.write(' '.repeat(8), 148);
  assert.equal(
    archive.subarray(0, 512).reduce((sum, byte) => sum + byte, 0),
    stated,
  );
});
