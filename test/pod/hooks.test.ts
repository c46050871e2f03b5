// Lifecycle hooks on a real Docker Engine: what waits for them, what they may take, and what follows when they fail.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import type { Container } from '../../src/api/kinds/pod-template.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { isReady, PodBench, type RunningAgent } from './pod-bench.ts';

let bench: PodBench;
let running: RunningAgent;
before(async () => {
  bench = await PodBench.open();
  running = await bench.startAgent();
});
after(async () => {
  await bench?.close();
});

const exec = (text: string) => ({ exec: { command: ['sh', '-c', text] } });
const container = (name: string, text: string, lifecycle: Container['lifecycle'] = {}): Container => ({
  name,
  image: busyboxImage,
  command: ['sh', '-c', text],
  lifecycle,
});
const heeding = 'trap "exit 0" TERM; while true; do sleep 0.1; done';
const statusOf = (pod: Pod, name = 'main') => pod.status.containerStatuses?.find((status) => status.name === name);
const deleted = async (name: string, gracePeriodSeconds: number) => {
  const begun = performance.now();
  await bench.client.delete(pods, { namespace: 'default', name }, { gracePeriodSeconds });
  await bench.gone(name);
  return performance.now() - begun;
};

test('until postStart is through its container is being created, and those after it wait', async () => {
  const postStart = exec('while [ ! -e /go ]; do sleep 0.05; done');
  await bench.createPod('held', {
    containers: [container('main', heeding, { postStart }), container('next', heeding)],
  });
  const running = (pod: Pod) => bench.containersOf(pod).then((all) => all.filter(({ State }) => State === 'running'));
  const held = await bench.podWhen('held', 'in its hook', ({ status }) => status.phase === 'Pending' && !!status.podIP);
  const [main] = await waitUntil('main and pause run', async () => {
    const found = await running(held);
    return found.length === 2 && found.filter(({ Names }) => Names[0]?.includes('k8s_main_'));
  });
  assert.deepEqual(statusOf(await bench.pod('held'))?.state, { waiting: { reason: 'ContainerCreating' } });
  assert.equal((await running(held)).length, 2, 'the next one waits');
  await bench.docker
    .getContainer(main?.Id ?? '')
    .exec({ Cmd: ['touch', '/go'] })
    .then((made) => made.start({}));
  const pod = await bench.podWhen('held', 'ready', isReady);
  assert.equal(statusOf(pod)?.restartCount, 0);
  assert.equal(statusOf(pod)?.containerID, `docker://${main?.Id}`);
  await deleted('held', 5);
});

test('an agent that comes later runs no hook a second time that is through, and finishes none twice', async () => {
  const postStart = exec('echo once >> /hooks');
  await bench.createPod('once', { containers: [container('main', heeding, { postStart })] });
  const before = await bench.podWhen('once', 'ready', isReady);
  running.kill();
  running = await bench.startAgent();
  await bench.createPod('later');
  await bench.podWhen('later', 'ready', isReady);
  const pod = await bench.pod('once');
  assert.deepEqual(pod.status, before.status);
  assert.equal(await bench.inside(pod, 'cat /hooks'), 'once\n');
  await deleted('once', 5);
});

test('a postStart hook that fails ends its container, which is restarted; why stands in its status', async () => {
  const postStart = exec('echo sorry; exit 7');
  const slow = 'trap "sleep 1; exit 0" TERM; while true; do sleep 0.1; done';
  await bench.createPod('fails', { containers: [container('main', slow, { postStart })] });
  const waitingFor = (reason: string) =>
    bench.podWhen('fails', reason, (pod) => statusOf(pod)?.state?.waiting?.reason === reason);
  const refused = await waitingFor('PostStartHookError');
  const { uid } = refused.metadata;
  assert.equal(
    statusOf(refused)?.state?.waiting?.message,
    `Exec lifecycle hook ([sh -c echo sorry; exit 7]) for Container "main" in Pod "fails_default(${uid})" failed - error: command 'sh -c echo sorry; exit 7' exited with 7: sorry\n, message: "sorry\\n"`,
  );
  const held = await waitingFor('CrashLoopBackOff');
  assert.equal(statusOf(held)?.restartCount, 1);
  await bench.eventOf('fails', 'FailedPostStartHook: PostStartHook failed');
  await bench.eventOf('fails', 'Killing: FailedPostStartHook');
  await deleted('fails', 1);
});

test('preStop comes before the signal, and its time is the grace’s', async () => {
  const path = join(bench.engine.folder, 'polite');
  const preStop = exec('sleep 1; echo hook >> /host/order');
  const main = {
    ...container('main', 'trap "echo signal >> /host/order; exit 0" TERM; while true; do sleep 0.1; done', { preStop }),
    volumeMounts: [{ name: 'host', mountPath: '/host' }],
  };
  const volumes = [{ name: 'host', hostPath: { path, type: 'DirectoryOrCreate' as const } }];
  await bench.createPod('polite', { containers: [main], volumes });
  await bench.heeding('polite');
  const ms = await deleted('polite', 20);
  assert.equal(await readFile(join(path, 'order'), 'utf8'), 'hook\nsignal\n');
  assert.ok(ms > 1_000 && ms < 20_000, `${ms} ms`);
});

test('a preStop hook that does not end takes no more than the grace', async () => {
  const preStop = exec('sleep 1000');
  await bench.createPod('endless', { containers: [container('main', heeding, { preStop })] });
  await bench.heeding('endless');
  const ms = await deleted('endless', 2);
  assert.ok(ms > 1_900 && ms < 20_000, `${ms} ms`);
});

test('a preStop hook that fails is told of, and the container ended all the same', async () => {
  await bench.createPod('rude', { containers: [container('main', heeding, { preStop: exec('exit 1') })] });
  await bench.podWhen('rude', 'ready', isReady);
  await deleted('rude', 10);
  await bench.eventOf('rude', 'FailedPreStopHook: PreStopHook failed');
  await bench.eventOf('rude', 'Killing: Stopping container main');
});

test('a hook may be mere time', async () => {
  const sleep = { sleep: { seconds: 1 } };
  const lifecycle = { postStart: sleep, preStop: sleep };
  const begun = performance.now();
  await bench.createPod('sleepy', { containers: [container('main', heeding, lifecycle)] });
  await bench.podWhen('sleepy', 'ready', isReady);
  assert.ok(performance.now() - begun > 1_000);
  assert.ok((await deleted('sleepy', 10)) > 1_000);
});

test('a hook may be a request, by HTTPS first where it is asked for and by HTTP where that is not known', async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.url} ${request.headers['user-agent']} ${request.headers.authorization}`);
    response.writeHead(500).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const at = { host: '127.0.0.1', port, httpHeaders: [{ name: 'Authorization', value: 'secret' }] };
  const lifecycle = {
    postStart: { httpGet: { ...at, path: '/hello' } },
    preStop: { httpGet: { ...at, path: '/bye', scheme: 'HTTPS' as const } },
  };
  await bench.createPod('asking', { containers: [container('main', heeding, lifecycle)] });
  await bench.podWhen('asking', 'ready', isReady);
  await deleted('asking', 10);
  server.close();
  assert.deepEqual(seen, ['/hello kube-lifecycle/1.34 secret', '/bye kube-lifecycle/1.34 undefined']);
  assert.deepEqual(
    bench.eventsOf('asking').filter((event) => event.startsWith('Failed')),
    [],
    'whatever is answered, it was answered',
  );
});

test('a request that nobody answers is a failure', async () => {
  const postStart = { httpGet: { host: '127.0.0.1', port: 1, path: '/' } };
  // The hook fails so soon that the shell may not heed a signal yet.
  await bench.createPod('unheard', {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 1,
    containers: [container('main', heeding, { postStart })],
  });
  await bench.podWhen('unheard', 'ended', (pod) => statusOf(pod)?.state?.terminated !== undefined);
  await bench.eventOf('unheard', 'FailedPostStartHook: PostStartHook failed');
});

test('the manifest may name the signal', async () => {
  const main = container('main', 'trap "exit 9" USR1; trap "" TERM; touch /armed; while true; do sleep 0.1; done', {
    stopSignal: 'SIGUSR1',
  });
  const armed = { exec: { command: ['test', '-e', '/armed'] }, periodSeconds: 1 };
  await bench.createPod('signalled', { restartPolicy: 'Never', containers: [{ ...main, readinessProbe: armed }] });
  const { metadata } = await bench.podWhen('signalled', 'ready', isReady);
  await bench.client.patch(pods, metadata, { spec: { activeDeadlineSeconds: 1 } });
  const pod = await bench.podWhen('signalled', 'ended', ({ status }) => status.phase === 'Failed');
  assert.equal(statusOf(pod)?.state?.terminated?.exitCode, 9);
});
