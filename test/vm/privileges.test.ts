// What only a machine of one's own allows: privileged containers, mounts that are passed on between containers and the host, and profiles
// of AppArmor.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { openWherryVm, patientMs, type WherryVm } from './wherry-vm.ts';

let wherry: WherryVm;
before(async () => {
  wherry = await openWherryVm();
});
after(async () => {
  await wherry?.close();
});

const host = (command: string) => wherry.vm.exec(command);
const sleeping = ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'];
const container = (name: string, more: object = {}) => ({ name, image: busyboxImage, command: sleeping, ...more });
const pod = (name: string, spec: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec });
const within = (name: string, main: string, command: string) =>
  wherry.kubectl(['exec', name, '-c', main, '--', 'sh', '-c', command]);

async function run(name: string, spec: object): Promise<void> {
  await wherry.apply(pod(name, spec));
  await wherry.kubectl(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=240s']);
}

test('a privileged container has all capabilities, the devices of the host and no profile; its neighbour has not', async () => {
  await run('mighty', {
    containers: [container('mighty', { securityContext: { privileged: true } }), container('plain')],
  });
  const words = async (main: string) => {
    const text = await within('mighty', main, 'grep -E "^(CapEff|Seccomp):" /proc/1/status; cat /proc/1/attr/current');
    return text.trim().split(/\s+/);
  };
  // All that this Docker Engine knows of, which are three less than the kernel has.
  assert.deepEqual(await words('mighty'), ['CapEff:', '0000003fffffffff', 'Seccomp:', '0', 'unconfined']);
  // Without a profile for system calls unless one is asked for, as a kubelet does it.
  assert.deepEqual(await words('plain'), [
    'CapEff:',
    '00000000a80425fb',
    'Seccomp:',
    '0',
    'docker-default',
    '(enforce)',
  ]);
  assert.match(await within('mighty', 'mighty', 'ls /dev'), /^vda$/m);
  assert.doesNotMatch(await within('mighty', 'plain', 'ls /dev'), /^vda$/m);
  await within('mighty', 'mighty', 'mount -t tmpfs own /tmp && umount /tmp && echo 0 >/proc/sys/vm/page-cluster');
  await assert.rejects(within('mighty', 'plain', 'mount -t tmpfs own /tmp'), /denied|not permitted/);
});

test('mounts are passed on as each container asks for it, and go with their pod', async () => {
  const mount = (mountPropagation: string) => [{ name: 'shared', mountPath: '/shared', mountPropagation }];
  await run('spread', {
    terminationGracePeriodSeconds: 5,
    volumes: [{ name: 'shared', emptyDir: {} }],
    containers: [
      container('giver', { securityContext: { privileged: true }, volumeMounts: mount('Bidirectional') }),
      container('taker', { volumeMounts: mount('HostToContainer') }),
      container('apart', { volumeMounts: mount('None') }),
    ],
  });
  await within(
    'spread',
    'giver',
    'mkdir /shared/inner && mount -t tmpfs inner /shared/inner && echo given >/shared/inner/it',
  );
  const uid = await wherry.kubectl(['get', 'pod', 'spread', '-o', 'jsonpath={.metadata.uid}']);
  const ofPod = async () => (await host('cat /proc/self/mountinfo')).split('\n').filter((line) => line.includes(uid));
  assert.equal((await ofPod()).filter((line) => line.includes('/inner ')).length, 1);
  assert.equal(await within('spread', 'taker', 'cat /shared/inner/it'), 'given\n');
  assert.equal(await within('spread', 'apart', 'ls -A /shared/inner'), '');
  // And from the host to those who take.
  const outer = (await ofPod())
    .find((line) => line.includes('/inner '))
    ?.split(' ')[4]
    ?.replace(/inner$/, 'outer');
  await host(`mkdir ${outer} && mount -t tmpfs outer ${outer} && echo from the host >${outer}/it`);
  assert.equal(await within('spread', 'giver', 'cat /shared/outer/it'), 'from the host\n');
  assert.equal(await within('spread', 'taker', 'cat /shared/outer/it'), 'from the host\n');
  assert.equal(await within('spread', 'apart', 'ls -A /shared/outer'), '');
  await wherry.kubectl(['delete', 'pod', 'spread', '--timeout=240s']);
  await waitUntil(
    'nothing of the pod is mounted or left',
    async () => (await ofPod()).length === 0 && (await host(`find /var/lib/wherry -name '${uid}*'`)) === '',
    { timeoutMs: patientMs, intervalMs: 500 },
  );
});

test('a profile of AppArmor is obeyed; one that is not loaded keeps its container from starting', async () => {
  const profile = 'profile wherry-test flags=(attach_disconnected) { file, network, capability, deny /tmp/** w, }';
  await host(`echo '${profile}' | apparmor_parser --replace`);
  const ask = (type: string, localhostProfile?: string) => ({
    securityContext: { appArmorProfile: { type, ...(localhostProfile && { localhostProfile }) } },
  });
  await run('armored', {
    containers: [
      container('own', ask('Localhost', 'wherry-test')),
      container('usual', ask('RuntimeDefault')),
      container('without', ask('Unconfined')),
    ],
  });
  const profileOf = async (main: string) => (await within('armored', main, 'cat /proc/1/attr/current')).trim();
  assert.equal(await profileOf('own'), 'wherry-test (enforce)');
  assert.equal(await profileOf('usual'), 'docker-default (enforce)');
  assert.equal(await profileOf('without'), 'unconfined');
  await assert.rejects(within('armored', 'own', 'echo >/tmp/it'), /denied/);
  await within('armored', 'usual', 'echo >/tmp/it');

  await wherry.apply(pod('missing', { containers: [container('main', ask('Localhost', 'nowhere'))] }));
  const status = async () =>
    await wherry.kubectl(['get', 'pod', 'missing', '-o', 'jsonpath={.status.containerStatuses[0]}']);
  const missed = await waitUntil(
    'the profile is missed',
    async () => {
      const text = await status();
      return /StartError/.test(text) && text;
    },
    { timeoutMs: patientMs, intervalMs: 500 },
  );
  assert.match(missed, /unable to apply apparmor profile/);
  assert.match(missed, /"started":false/);
  assert.equal(await host('docker ps --quiet --filter name=k8s_main_missing'), '');
});
