// What a security context asks for is what a process finds inside its container: user and groups, capabilities, filters,
// devices, what is hidden and what is read-only; and what may not be run is refused with the reason.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Pod } from '../../src/api/kinds/pod.ts';
import { busyboxImage } from '../images/images.ts';
import { isReady, PodBench } from './pod-bench.ts';

let bench: PodBench;
before(async () => {
  bench = await PodBench.open();
  await bench.startAgent();
});
after(async () => {
  await bench?.close();
});

type Container = Pod['spec']['containers'][number];
const sleeper = (more: Partial<Container> = {}): Container => ({
  name: 'main',
  image: busyboxImage,
  command: ['sleep', '1000'],
  ...more,
});

/** A running pod with this context of its own and this one of its container. */
async function runningPod(name: string, ofPod: object, own: object = {}, image = busyboxImage): Promise<Pod> {
  const containers = [sleeper({ image, securityContext: own })];
  await bench.createPod(name, { securityContext: ofPod, containers });
  return bench.podWhen(name, 'ready', isReady);
}

/** An image of this user, as a Dockerfile's USER makes it. */
async function imageOfUser(user: string): Promise<string> {
  const container = await bench.docker.createContainer({ Image: busyboxImage, Cmd: ['true'] });
  const tag = `wherry-test/user-${user.replaceAll(':', '-')}`;
  await container.commit({ repo: tag, tag: '1', changes: `USER ${user}` });
  await container.remove();
  return `${tag}:1`;
}

/** A line of the status of the container's first process. */
async function ofProcess(pod: Pod, field: string): Promise<string> {
  return (await bench.inside(pod, `grep '^${field}:' /proc/1/status`)).split(/\s+/).slice(1).join(' ').trim();
}

const bit = (number: number) => 1n << BigInt(number);
const chown = bit(0);
const netBindService = bit(10);
const netAdmin = bit(12);
const capabilitiesOf = async (pod: Pod) => BigInt(`0x${await ofProcess(pod, 'CapBnd')}`);

test('user and groups are the container’s, else the pod’s, else the image’s', async () => {
  const groups = { supplementalGroups: [5001, 5002], fsGroup: 5003 };
  const [plain, ofPod, own, ofImage] = await Promise.all([
    runningPod('plain', {}),
    runningPod('of-pod', { runAsUser: 1000, runAsGroup: 2000, ...groups }),
    runningPod('own', { runAsUser: 1000, runAsGroup: 2000 }, { runAsUser: 1001, runAsGroup: 0 }),
    runningPod('of-image', { runAsGroup: 2000, runAsNonRoot: true }, {}, await imageOfUser('1234:77')),
  ]);
  const idOf = async (pod: Pod) => (await bench.inside(pod, 'id -u; id -g; id -G')).trim().split('\n');
  assert.deepEqual((await idOf(plain)).slice(0, 2), ['0', '0']);
  const [uid, gid, all = ''] = await idOf(ofPod);
  assert.deepEqual([uid, gid], ['1000', '2000']);
  assert.deepEqual(all.split(' ').sort(), ['2000', '5001', '5002', '5003']);
  assert.deepEqual(await idOf(own), ['1001', '0', '0']);
  assert.deepEqual(await idOf(ofImage), ['1234', '2000', '2000'], 'the group replaces the image’s');
});

test('who must not be root is not started as root, and says why', async () => {
  const asName = await imageOfUser('nobody');
  const nonRoot = { runAsNonRoot: true };
  const refused: [string, object, string, string][] = [
    ['root', nonRoot, busyboxImage, 'container has runAsNonRoot and image will run as root'],
    ['zero', { ...nonRoot, runAsUser: 0 }, busyboxImage, "container's runAsUser breaks non-root policy"],
    [
      'by-name',
      nonRoot,
      asName,
      'container has runAsNonRoot and image has non-numeric user (nobody), cannot verify user is non-root',
    ],
  ];
  await Promise.all(
    refused.map(async ([name, context, image, says]) => {
      const created = await bench.createPod(name, { securityContext: context, containers: [sleeper({ image })] });
      const pod = await bench.podWhen(
        name,
        'refused',
        ({ status }) => status.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
      );
      const message = `${says} (pod: "${name}_default(${created.metadata.uid})", container: main)`;
      assert.equal(pod.status.containerStatuses?.[0]?.state?.waiting?.message, message);
      await bench.eventOf(name, `Failed: Error: ${message}`);
    }),
  );
  const allowed = await runningPod('user-is-told', { ...nonRoot, runAsUser: 1000 }, {}, asName);
  assert.equal((await bench.inside(allowed, 'id -u')).trim(), '1000');
});

test('capabilities are added and dropped', async () => {
  const [plain, added, none, but] = await Promise.all([
    runningPod('cap-plain', {}),
    runningPod('cap-added', {}, { capabilities: { add: ['NET_ADMIN'], drop: ['CHOWN'] } }),
    runningPod('cap-none', {}, { capabilities: { drop: ['ALL'] } }),
    runningPod('cap-but', {}, { capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } }),
  ]);
  const ofPlain = await capabilitiesOf(plain);
  assert.equal(ofPlain & (chown | netAdmin), chown);
  assert.equal((await capabilitiesOf(added)) & (chown | netAdmin), netAdmin);
  assert.equal(await capabilitiesOf(none), 0n);
  assert.equal(await capabilitiesOf(but), netBindService);
});

test('privileged has all capabilities, the devices, and a /sys to write to', async (t) => {
  const ofHost = BigInt(`0x${/^CapBnd:\s*(\S+)/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1]}`);
  const last = Number(await readFile('/proc/sys/kernel/cap_last_cap', 'utf8'));
  // Docker hands on all that there are, and can't where the machine itself has less.
  if (ofHost !== bit(last + 1) - 1n) return t.skip('this machine has not all capabilities to give');
  const [plain, privileged] = await Promise.all([
    runningPod('cap-few', {}),
    runningPod('cap-all', {}, { privileged: true }),
  ]);
  assert.equal(await capabilitiesOf(privileged), ofHost);
  const devices = async (pod: Pod) => (await bench.inside(pod, 'ls /dev')).split('\n').length;
  assert.ok((await devices(privileged)) > (await devices(plain)));
  assert.match(await bench.inside(privileged, 'grep " /sys " /proc/mounts'), / rw,/);
  assert.match(await bench.inside(plain, 'grep " /sys " /proc/mounts'), / ro,/);
});

test('a filter of system calls is that of the manifest, and none where it names none', async () => {
  await mkdir(join(bench.dataDir, 'seccomp/profiles'), { recursive: true });
  const profile = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
  };
  await writeFile(join(bench.dataDir, 'seccomp/profiles/no-mkdir.json'), JSON.stringify(profile, null, 2));
  const local = (localhostProfile: string) => ({ seccompProfile: { type: 'Localhost', localhostProfile } }) as const;
  const [none, usual, strict, own] = await Promise.all([
    runningPod('filter-none', {}),
    runningPod('filter-usual', { seccompProfile: { type: 'RuntimeDefault' } }),
    runningPod('filter-local', local('profiles/no-mkdir.json')),
    runningPod('filter-own', local('profiles/no-mkdir.json'), { seccompProfile: { type: 'Unconfined' } }),
  ]);
  assert.equal(await ofProcess(none, 'Seccomp'), '0');
  assert.equal(await ofProcess(own, 'Seccomp'), '0');
  assert.equal(await ofProcess(usual, 'Seccomp'), '2');
  assert.equal(await bench.inside(usual, 'mkdir /tmp/a && echo made'), 'made\n');
  assert.match(await bench.inside(strict, 'mkdir /tmp/a'), /Operation not permitted/);
  await bench.createPod('filter-missing', { securityContext: local('none.json') });
  const missing = await bench.podWhen('filter-missing', 'refused', ({ status }) =>
    /cannot load seccomp profile ".*\/seccomp\/none.json"/.test(
      status.containerStatuses?.[0]?.state?.waiting?.message ?? '',
    ),
  );
  assert.equal(missing.status.containerStatuses?.[0]?.state?.waiting?.reason, 'CreateContainerError');
});

test('escalation can be forbidden, the root be read-only, and nothing of /proc be hidden', async () => {
  const [plain, closed, open] = await Promise.all([
    runningPod('open', {}),
    runningPod('closed', {}, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true }),
    runningPod('unmasked', {}, { procMount: 'Unmasked' }),
  ]);
  assert.equal(await ofProcess(plain, 'NoNewPrivs'), '0');
  assert.equal(await ofProcess(closed, 'NoNewPrivs'), '1');
  assert.equal(await bench.inside(plain, 'touch /new && echo made'), 'made\n');
  assert.match(await bench.inside(closed, 'touch /new'), /Read-only file system/);
  const procMounts = async (pod: Pod) => Number(await bench.inside(pod, 'grep -c " /proc/" /proc/mounts'));
  assert.match(await bench.inside(plain, 'grep " /proc/sys " /proc/mounts'), / ro,/);
  assert.ok((await procMounts(plain)) > 1);
  assert.equal(await procMounts(open), 0);
});

test('AppArmor is refused where the host has none', async () => {
  const { SecurityOptions } = (await bench.docker.info()) as { SecurityOptions: string[] };
  const hasIt = SecurityOptions.some((option) => option.startsWith('name=apparmor'));
  await bench.createPod('armored', { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } });
  if (hasIt) {
    const pod = await bench.podWhen('armored', 'ready', isReady);
    assert.match(await bench.inside(pod, 'cat /proc/1/attr/current'), /docker-default/);
  } else {
    await bench.podWhen(
      'armored',
      'refused',
      ({ status }) =>
        status.containerStatuses?.[0]?.state?.waiting?.message ===
        'Cannot enforce AppArmor: AppArmor is not enabled on the host',
    );
  }
  await runningPod('unarmored', { appArmorProfile: { type: 'Unconfined' } });
});
