// What the containers of a pod share is what the manifest says: names, namespaces, kernel settings, and the program that
// runs them.
import assert from 'node:assert/strict';
import { readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { after, before, test } from 'node:test';
import type { Pod } from '../../src/api/kinds/pod.ts';
import { runtimeClasses } from '../../src/api/kinds/runtime-class.ts';
import { latestOf } from '../../src/node/pods/pod-progress.ts';
import { pauseName } from '../../src/node/runtime.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { isReady, PodBench, type RunningAgent } from './pod-bench.ts';

// A runtime beside Docker's own: another name for the same program, as crun does not run everywhere.
const second = 'runc-too';
let bench: PodBench;
let running: RunningAgent;
before(async () => {
  bench = await PodBench.open({ ociRuntimes: { [second]: '/usr/sbin/runc' } });
  running = await bench.startAgent();
});
after(async () => {
  await bench?.close();
});

const sleeper = (name: string) => ({ name, image: busyboxImage, command: ['sleep', '1000'] });

async function runningPod(name: string, spec: Partial<Pod['spec']> = {}): Promise<Pod> {
  await bench.createPod(name, spec);
  return bench.podWhen(name, 'ready', isReady);
}

const namespaceIn = async (pod: Pod, kind: string, container?: string) =>
  (await bench.inside(pod, `readlink /proc/self/ns/${kind}`, container)).trim();
const namespaceHere = (kind: string) => readlink(`/proc/self/ns/${kind}`);

/** Waits for this event of the pod. */
async function told(name: string, event: RegExp): Promise<string> {
  return waitUntil(`${event} of pod ${name}`, () => bench.eventsOf(name).find((text) => event.test(text)));
}

test('a pod has its name, its files, and namespaces that its containers share', async () => {
  const pod = await runningPod('shop-1', {
    hostname: 'one',
    subdomain: 'shop',
    setHostnameAsFQDN: true,
    hostAliases: [{ ip: '192.0.2.9', hostnames: ['db', 'db.example'] }],
    dnsConfig: { nameservers: ['192.0.2.1'], options: [{ name: 'ndots', value: '2' }] },
    containers: [sleeper('main'), sleeper('side')],
  });
  const full = 'one.shop.default.svc.cluster.local';
  const files = 'hostname; cat /etc/hostname; tail -n 4 /etc/hosts; grep -E "^(nameserver|options)" /etc/resolv.conf';
  const { podIP } = pod.status;
  for (const container of ['main', 'side']) {
    assert.deepEqual((await bench.inside(pod, files, container)).trim().split('\n'), [
      full,
      full,
      `${podIP}\t${full}\tone`,
      '',
      '# Entries added by HostAliases.',
      '192.0.2.9\tdb\tdb.example',
      'nameserver 10.96.0.10',
      'nameserver 192.0.2.1',
      'options ndots:2',
    ]);
  }
  for (const kind of ['net', 'ipc']) {
    assert.equal(await namespaceIn(pod, kind, 'main'), await namespaceIn(pod, kind, 'side'));
    assert.notEqual(await namespaceIn(pod, kind), await namespaceHere(kind));
  }
  assert.notEqual(await namespaceIn(pod, 'pid', 'main'), await namespaceIn(pod, 'pid', 'side'));
});

test('a name that the kernel does not take is told, and the pod waits', async () => {
  await bench.createPod('long', { hostname: 'x'.repeat(40), subdomain: 'shop', setHostnameAsFQDN: true });
  await told('long', /^FailedCreatePodSandBox: Failed to create pod sandbox: failed to construct FQDN .* is too long/);
});

test('the host’s namespaces are joined where the manifest says so', async () => {
  const pod = await runningPod('of-host', { hostNetwork: true, hostPID: true, hostIPC: true });
  for (const kind of ['net', 'ipc', 'pid']) assert.equal(await namespaceIn(pod, kind), await namespaceHere(kind), kind);
  assert.equal((await bench.inside(pod, 'hostname')).trim(), hostname());
  assert.equal(pod.status.podIP, pod.status.hostIP);
  assert.match(await bench.inside(pod, 'head -n 1 /etc/hosts'), /\(host network\)/);
});

test('with shared processes a pod’s orphans are reaped by its pause container', async () => {
  const spec = { shareProcessNamespace: true, containers: [sleeper('main'), sleeper('side')] };
  const pod = await runningPod('shared', spec);
  assert.equal(await namespaceIn(pod, 'pid', 'main'), await namespaceIn(pod, 'pid', 'side'));
  assert.equal(await bench.inside(pod, 'cat /proc/1/comm'), 'pause\n');
  await bench.inside(pod, 'for i in 1 2 3 4 5 6 7 8; do (sleep 0.2 &); done');
  // What was left to the first process has ended, and nothing of it stays.
  const left = () => bench.inside(pod, 'grep -lE "^(State:.Z|Name:.sleep)" /proc/[0-9]*/status | wc -l');
  await waitUntil('no orphan is left', async () => Number(await left()) === 2);
});

test('kernel settings are the pod’s own', async () => {
  const sysctls = [
    { name: 'net.ipv4.ip_unprivileged_port_start', value: '80' },
    { name: 'kernel/shm_rmid_forced', value: '1' },
  ];
  const pod = await runningPod('tuned', { securityContext: { sysctls } });
  const found = await bench.inside(pod, 'cd /proc/sys; cat net/ipv4/ip_unprivileged_port_start kernel/shm_rmid_forced');
  assert.equal(found, '80\n1\n');
  const allowed = [{ name: 'net.ipv4.conf.all.log_martians', value: '1' }];
  const other = await runningPod('allowed', { securityContext: { sysctls: allowed } });
  assert.equal(await bench.inside(other, 'cat /proc/sys/net/ipv4/conf/all/log_martians'), '1\n');
  await bench.createPod('forbidden', { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '9000' }] } });
  const { status } = await bench.podWhen('forbidden', 'rejected', ({ status }) => status.phase === 'Failed');
  assert.equal(status.reason, 'SysctlForbidden');
  assert.equal(status.message, 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted');
});

test('a runtime class chooses what runs a pod, all of its containers, and after a restart of one', async () => {
  const handlers = { special: second, other: 'kata' };
  for (const [name, handler] of Object.entries(handlers))
    await bench.client.create(runtimeClasses, { metadata: { name }, handler });
  const pod = await runningPod('special', { runtimeClassName: 'special' });
  const runtimesOf = () => {
    const containers = running.agent.containers().of(pod.metadata.uid ?? '');
    return [pauseName, 'main'].map((name) => latestOf(containers, name)?.ociRuntime);
  };
  assert.deepEqual(runtimesOf(), [second, second]);
  const main = latestOf(running.agent.containers().of(pod.metadata.uid ?? ''), 'main');
  await bench.docker.getContainer(main?.id ?? '').kill();
  await bench.podWhen('special', 'restarted', ({ status }) => status.containerStatuses?.[0]?.restartCount === 1);
  assert.deepEqual(runtimesOf(), [second, second]);

  await bench.createPod('with-kata', { runtimeClassName: 'other' });
  const says =
    /^FailedCreatePodSandBox: .*no runtime for "kata" is configured in Docker, which has io.containerd.runc.v2, .*runc, runc-too$/;
  await told('with-kata', says);
  await bench.createPod('with-none', { runtimeClassName: 'none' });
  await told('with-none', /^FailedCreatePodSandBox: .*"none" not found$/);
});

test('a user namespace of its own is refused', async () => {
  await bench.createPod('mapped', { hostUsers: false });
  await told('mapped', /^FailedCreatePodSandBox: .*hostUsers: false asks for a user namespace/);
});

test('pause image and runtime are the operator’s choice; pods that run keep theirs', async () => {
  const before = await runningPod('before');
  await bench.docker.getImage('wherry/pause:1').tag({ repo: 'example/pause', tag: '9' });
  running.kill();
  running = await bench.startAgent({ pauseImage: 'example/pause:9', ociRuntime: second });
  const pod = await runningPod('chosen');
  const pauseOf = (uid = '') => latestOf(running.agent.containers().of(uid), pauseName);
  const pause = pauseOf(pod.metadata.uid);
  assert.equal(pause?.ociRuntime, second);
  assert.equal((await bench.docker.getContainer(pause?.id ?? '').inspect()).Config.Image, 'example/pause:9');
  assert.equal(pauseOf(before.metadata.uid)?.ociRuntime, 'runc');
  await bench.docker
    .getContainer(latestOf(running.agent.containers().of(before.metadata.uid ?? ''), 'main')?.id ?? '')
    .kill();
  await bench.podWhen('before', 'restarted', ({ status }) => status.containerStatuses?.[0]?.restartCount === 1);
  assert.equal(latestOf(running.agent.containers().of(before.metadata.uid ?? ''), 'main')?.ociRuntime, 'runc');
});
