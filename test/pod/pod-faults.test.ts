// What must not shake a pod, on a real Docker Engine: crashes at any moment, lost pause containers, a Docker that
// restarts, a master that is away; and what must not happen: anything made twice, or another's containers touched.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pods } from '../../src/api/kinds/pod.ts';
import { createLog } from '../../src/base/log.ts';
import { DockerRuntime } from '../../src/node/docker/docker-runtime.ts';
import { containerSecurity } from '../../src/node/pods/container-security.ts';
import { containerSpec } from '../../src/node/pods/container-spec.ts';
import { latestOf, livingPause } from '../../src/node/pods/pod-progress.ts';
import { sandboxSpec } from '../../src/node/pods/sandbox-spec.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { isReady, PodBench, type RunningAgent } from './pod-bench.ts';

let bench: PodBench;
let running: RunningAgent;
before(async () => {
  bench = await PodBench.open();
});
after(async () => {
  await bench?.close();
});

const script = (text: string, more: object = {}) => ({
  name: 'main',
  image: busyboxImage,
  command: ['sh', '-c', text],
  ...more,
});
const runtimeOf = (cluster: string) =>
  new DockerRuntime({
    socketPath: bench.engine.socket,
    owner: { cluster, node: 'n1' },
    log: createLog({ level: 'error' }),
  });
const statusOf = async (name: string) => (await bench.pod(name)).status.containerStatuses?.[0];
const waitingReason = async (name: string, reason: string) =>
  bench.podWhen(name, reason, (pod) => pod.status.containerStatuses?.[0]?.state?.waiting?.reason === reason);
const eventsOf = (name: string) =>
  bench.api
    .history()
    .filter(({ plural, object }) => plural === 'events' && object.metadata.name.startsWith(`${name}.`))
    .map(({ object }) => (object as unknown as { reason: string }).reason);

/** What is made here is where Docker puts it. */
const placement = { cgroupParent: undefined, oomScore: 0 };

test('what an agent had made before it was killed is finished, not made again', async () => {
  const pod = await bench.createPod('half', { terminationGracePeriodSeconds: 2 });
  const runtime = runtimeOf('c1');
  const sandbox = { attempt: 0, hostname: 'half', ociRuntime: '', placement };
  const pause = await runtime.createPause(sandboxSpec(pod, sandbox));
  const [container] = pod.spec.containers;
  assert.ok(container);
  const image = { source: busyboxImage, digest: '' };
  const security = containerSecurity(pod, container, { isSeccompDefault: false });
  const circumstances = {
    attempt: 0,
    backoffSeconds: 0,
    pauseId: pause.id,
    ociRuntime: '',
    env: new Map(),
    mounts: [],
    security,
    placement,
    image,
  };
  const made = await runtime.createContainer(containerSpec(pod, container, circumstances));
  // An answer that was lost on the way is asked for again.
  assert.equal((await runtime.createContainer(containerSpec(pod, container, circumstances))).id, made.id);

  running = await bench.startAgent();
  const ready = await bench.podWhen('half', 'ready', isReady);
  assert.equal(ready.status.containerStatuses?.[0]?.containerID, `docker://${made.id}`);
  assert.equal(ready.status.containerStatuses?.[0]?.restartCount, 0);
  assert.equal((await bench.containersOf(pod)).length, 2);
});

test('a lost pause container: the pod is made anew, with its address', async () => {
  const before = await bench.pod('half');
  const containers = running.agent.containers();
  const uid = before.metadata.uid ?? '';
  const pause = livingPause(containers.of(uid));
  await bench.docker.getContainer(pause?.id ?? '').kill();
  const after = await bench.podWhen(
    'half',
    'made anew',
    (pod) => isReady(pod) && pod.status.containerStatuses?.[0]?.restartCount === 1,
    60_000,
  );
  assert.equal(after.status.podIP, before.status.podIP);
  const anew = livingPause(containers.of(uid));
  assert.notEqual(anew?.id, pause?.id);
  assert.equal(latestOf(containers.of(uid), 'main')?.pauseId, anew?.id);
  assert.ok(eventsOf('half').includes('SandboxChanged'));
});

test('init containers run in order and share a volume; a pod that is done keeps its logs, not its network', async () => {
  const volumeMounts = [{ name: 'disk', mountPath: '/disk' }];
  const init = (name: string, text: string) => ({ ...script(text), name, volumeMounts });
  const pod = await bench.createPod('job', {
    restartPolicy: 'Never',
    volumes: [{ name: 'disk', emptyDir: {} }],
    initContainers: [init('first', 'sleep 0.3; echo one >> /disk/order'), init('second', 'echo two >> /disk/order')],
    containers: [script('echo three >> /disk/order; cat /disk/order', { volumeMounts })],
  });
  const done = await bench.podWhen('job', 'done', ({ status }) => status.phase === 'Succeeded');
  assert.deepEqual(
    done.status.initContainerStatuses?.map(({ state }) => state?.terminated?.reason),
    ['Completed', 'Completed'],
  );
  const uid = pod.metadata.uid ?? '';
  await waitUntil('network given back', () => !bench.network.addresses.has(uid));
  const main = latestOf(running.agent.containers().of(uid), 'main');
  const options = {
    until: undefined,
    timestamps: false,
    stream: 'all',
    tailLines: undefined,
    sinceMs: undefined,
  } as const;
  let text = '';
  assert.ok(main);
  for await (const chunk of running.runtime.logs(main, options, AbortSignal.timeout(5_000)))
    text += Buffer.from(chunk).toString();
  assert.equal(text, 'one\ntwo\nthree\n');
});

test('a container that keeps failing is restarted at once, then held back', async () => {
  await bench.createPod('crash', { containers: [script('exit 3')] });
  const pod = await waitingReason('crash', 'CrashLoopBackOff');
  const [status] = pod.status.containerStatuses ?? [];
  assert.equal(status?.restartCount, 1);
  assert.equal(status?.lastState?.terminated?.exitCode, 3);
  assert.match(
    status?.state?.waiting?.message ?? '',
    /^back-off 10s restarting failed container=main pod=crash_default\(/,
  );
  await waitUntil('the event', () => eventsOf('crash').includes('BackOff'));
});

test('what cannot be started or pulled is told of in Kubernetes’ words', async () => {
  await bench.createPod('no-command', { containers: [script('', { command: ['/no/such'] })], restartPolicy: 'Never' });
  const failed = await bench.podWhen('no-command', 'failed', ({ status }) => status.phase === 'Failed');
  assert.equal(failed.status.containerStatuses?.[0]?.state?.terminated?.reason, 'StartError');
  assert.match(failed.status.containerStatuses?.[0]?.state?.terminated?.message ?? '', /no such file/);

  await bench.createPod('never', { containers: [script('', { image: 'no/such:1', imagePullPolicy: 'Never' })] });
  await waitingReason('never', 'ErrImageNeverPull');

  // Nothing listens there.
  await bench.createPod('unpulled', {
    containers: [script('', { image: '127.0.0.1:1/no/such:1', imagePullPolicy: 'IfNotPresent' })],
  });
  await waitingReason('unpulled', 'ErrImagePull');
  await waitingReason('unpulled', 'ImagePullBackOff');
  await waitUntil('the events', () =>
    ['Pulling', 'Failed', 'BackOff'].every((reason) => eventsOf('unpulled').includes(reason)),
  );

  await bench.createPod('unmounted', {
    containers: [script('', { volumeMounts: [{ name: 'v', mountPath: '/v' }] })],
    volumes: [{ name: 'v', configMap: { name: 'c' } }],
  });
  await waitUntil('the event', () => eventsOf('unmounted').includes('FailedMount'));
  await waitingReason('unmounted', 'ContainerCreating');
  for (const name of ['no-command', 'never', 'unpulled', 'unmounted', 'crash', 'job'])
    await bench.client.delete(pods, { namespace: 'default', name }, { gracePeriodSeconds: 1 });
  for (const name of ['no-command', 'never', 'unpulled', 'unmounted', 'crash', 'job']) await bench.gone(name);
});

test('who does not heed SIGTERM is killed when its grace is over', async () => {
  const pod = await bench.createPod('stubborn', { containers: [script('trap "" TERM; while true; do sleep 1; done')] });
  await bench.podWhen('stubborn', 'ready', isReady);
  const begun = performance.now();
  await bench.client.delete(pods, pod.metadata, { gracePeriodSeconds: 2 });
  await bench.gone('stubborn');
  const ms = performance.now() - begun;
  assert.ok(ms > 1_900 && ms < 20_000, `${ms} ms, and not the usual thirty seconds`);
  assert.deepEqual(await bench.containersOf(pod), []);
});

test('orphans are reaped, and what is not of this cluster is left alone', async () => {
  const [pod] = running.agent.pods();
  assert.ok(pod);
  const orphan = sandboxSpec(
    { ...pod, metadata: { ...pod.metadata, uid: 'orphan', name: 'orphan' } },
    { attempt: 0, hostname: 'o', ociRuntime: '', placement },
  );
  const strangers = runtimeOf('c2');
  const foreign = await strangers.createPause({ ...orphan, podUid: 'foreign', podName: 'foreign' });
  await strangers.start(foreign.id);
  const ours = await runtimeOf('c1').createPause(orphan);
  await runtimeOf('c1').start(ours.id);
  const seen = async (id: string) => (await running.runtime.inspect(id)) !== undefined;
  await waitUntil('orphan reaped', async () => !(await seen(ours.id)));
  assert.equal(await seen(foreign.id), true);
  await strangers.remove(foreign.id);
});

test('Docker restarts: containers go on, and what ended meanwhile is seen', async () => {
  const pod = await bench.createPod('kept');
  await bench.podWhen('kept', 'ready', isReady);
  const before = await bench.containersOf(pod);
  const status = await statusOf('half');
  const victim = latestOf(running.agent.containers().of(pod.metadata.uid ?? ''), 'main');
  await bench.engine.killDaemon();
  process.kill(victim?.pid ?? 0, 'SIGKILL');
  await bench.engine.startDaemon();
  await bench.podWhen(
    'kept',
    'restarted',
    (now) => isReady(now) && now.status.containerStatuses?.[0]?.restartCount === 1,
  );
  assert.deepEqual(await statusOf('half'), status);
  const ids = (await bench.containersOf(pod)).map(({ Id }) => Id);
  assert.ok(
    before.every(({ Id }) => ids.includes(Id)),
    'the pause container and the dead container are the same',
  );
});

test('with the master away an agent that starts kills nothing and restarts what dies', async () => {
  const pod = await bench.pod('kept');
  const uid = pod.metadata.uid ?? '';
  const before = await bench.containersOf(await bench.pod('half'));
  running.kill();
  bench.api.isAway = true;
  running = await bench.startAgent();
  const watch = running.agent.containers();
  const victim = latestOf(watch.of(uid), 'main');
  await bench.docker.getContainer(victim?.id ?? '').kill();
  // The second time in a row: ten seconds of back-off.
  const next = await waitUntil('restarted', () => {
    const latest = latestOf(watch.of(uid), 'main');
    return latest?.attempt === 2 && latest.state === 'running' && latest;
  });
  assert.notEqual(next.id, victim?.id);
  bench.api.isAway = false;
  await bench.podWhen(
    'kept',
    'told of',
    (now) => isReady(now) && now.status.containerStatuses?.[0]?.restartCount === 2,
  );
  const idsOf = (list: { Id: string }[]) => list.map(({ Id }) => Id).sort();
  assert.deepEqual(idsOf(await bench.containersOf(await bench.pod('half'))), idsOf(before));
});
