// How pods end, on a real Docker Engine: graces and their overrides, deadlines, what is told of the end before the pod is
// gone, what containers say for themselves, and images that are exchanged.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
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

const script = (text: string, more: Partial<Container> = {}): Container => ({
  name: 'main',
  image: busyboxImage,
  command: ['sh', '-c', text],
  ...more,
});
const stubborn = script('trap "" TERM; while true; do sleep 0.1; done');
const statusOf = (pod: Pod) => pod.status.containerStatuses?.[0];
const failed = ({ status }: Pod) => status.phase === 'Failed';
const told = (name: string) =>
  bench.api
    .history()
    .filter(({ plural, object }) => plural === 'pods' && object.metadata.name === name)
    .map(({ object }) => object as Pod);
const remove = (name: string, gracePeriodSeconds?: number) =>
  bench.client.delete(
    pods,
    { namespace: 'default', name },
    gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds },
  );
const leftOf = async (pod: Pod) => ({
  containers: await bench.containersOf(pod),
  hasFolder: existsSync(join(bench.dataDir, 'pods', pod.metadata.uid ?? '')),
});
const nothing = { containers: [], hasFolder: false };

test('a grace that is shortened while it runs counts from then on', async () => {
  const pod = await bench.createPod('hurried', { containers: [stubborn] });
  await bench.podWhen('hurried', 'ready', isReady);
  await remove('hurried', 600);
  await bench.eventOf('hurried', 'Killing: Stopping container main');
  const begun = performance.now();
  await remove('hurried', 3);
  await bench.gone('hurried');
  const ms = performance.now() - begun;
  assert.ok(ms > 2_500, `${ms} ms`);
  assert.deepEqual(await leftOf(pod), nothing);
});

test('what is deleted by force is gone at once, and its containers are soon after', async () => {
  const pod = await bench.createPod('forced', { containers: [stubborn], terminationGracePeriodSeconds: 600 });
  await bench.podWhen('forced', 'ready', isReady);
  await remove('forced', 0);
  await assert.rejects(bench.pod('forced'), /not found/);
  await waitUntil('nothing is left', async () => (await bench.containersOf(pod)).length === 0);
  await waitUntil('no folder is left', async () => !(await leftOf(pod)).hasFolder);
});

test('a pod that is deleted is told to have ended, with how it ended, before it is gone', async () => {
  const main = script('trap "echo bye > /dev/termination-log; exit 5" TERM; while true; do sleep 0.1; done');
  await bench.createPod('told', { containers: [main] });
  await bench.heeding('told');
  await remove('told', 10);
  await bench.gone('told');
  const [gone, last] = told('told').toReversed();
  assert.deepEqual(gone?.status, last?.status, 'the last write is the deletion');
  assert.equal(last?.status.phase, 'Failed');
  const { exitCode, reason, message } = (last && statusOf(last)?.state?.terminated) ?? {};
  assert.deepEqual({ exitCode, reason, message }, { exitCode: 5, reason: 'Error', message: 'bye\n' });
});

test('a pod that is deleted before it runs has failed', async () => {
  const main = script('exit 0', { volumeMounts: [{ name: 'v', mountPath: '/v' }] });
  await bench.createPod('stillborn', { containers: [main], volumes: [{ name: 'v', configMap: { name: 'none' } }] });
  await bench.podWhen('stillborn', 'waiting', (pod) => statusOf(pod)?.state?.waiting !== undefined);
  await remove('stillborn', 5);
  await bench.gone('stillborn');
  assert.equal(told('stillborn').at(-1)?.status.phase, 'Failed');
});

test('a pod whose time is over is stopped, and has failed', async () => {
  await bench.createPod('late', {
    restartPolicy: 'OnFailure',
    containers: [script('trap "exit 0" TERM; while true; do sleep 0.1; done')],
  });
  const { metadata } = await bench.heeding('late');
  await bench.client.patch(pods, metadata, { spec: { activeDeadlineSeconds: 1 } });
  const pod = await bench.podWhen('late', 'failed', failed);
  const { reason, message } = pod.status;
  const text = 'Pod was active on the node longer than the specified deadline';
  assert.deepEqual({ reason, message }, { reason: 'DeadlineExceeded', message: text });
  assert.equal(statusOf(pod)?.state?.terminated?.exitCode, 0);
  await bench.eventOf('late', `DeadlineExceeded: ${text}`);
  const early = told('late').filter((pod) => failed(pod) && statusOf(pod)?.state?.running);
  assert.deepEqual(early, [], 'not before its containers have ended');
});

test('what containers say of their end is told, as their policy has it, and no more than fits', async () => {
  const end = (name: string, text: string, more: Partial<Container> = {}) => ({ ...script(text, more), name });
  const fallback = { terminationMessagePolicy: 'FallbackToLogsOnError' as const };
  await bench.createPod('speakers', {
    restartPolicy: 'Never',
    containers: [
      end('file', 'echo from the file > /dev/termination-log; echo from the log; exit 1', fallback),
      end('log', 'for i in $(seq 100); do echo line $i; done; exit 1', fallback),
      end('well', 'echo all is well', fallback),
      end('mute', 'echo in the log; exit 1'),
      end('elsewhere', 'echo -n there > /tmp/why; exit 1', { terminationMessagePath: '/tmp/why' }),
      end('wordy', 'yes 0123456789 | head -c 9000 > /dev/termination-log; exit 1'),
    ],
  });
  const pod = await bench.podWhen('speakers', 'failed', failed);
  const said = new Map(pod.status.containerStatuses?.map(({ name, state }) => [name, state?.terminated?.message]));
  assert.equal(said.get('file'), 'from the file\n');
  assert.equal(said.get('log'), Array.from({ length: 80 }, (_, i) => `line ${i + 21}\n`).join(''));
  assert.equal(said.get('well'), undefined);
  assert.equal(said.get('mute'), undefined);
  assert.equal(said.get('elsewhere'), 'there');
  assert.equal(said.get('wordy')?.length, 2048, 'six share 12 KiB');
});

test('a container whose image is exchanged is replaced, whatever the restart policy', async () => {
  const other = 'wherry-test/other:1';
  await bench.docker.getImage(busyboxImage).tag({ repo: 'wherry-test/other', tag: '1' });
  const main = script('trap "exit 0" TERM; while true; do sleep 0.1; done', { imagePullPolicy: 'IfNotPresent' });
  const created = await bench.createPod('exchanged', { restartPolicy: 'Never', containers: [main] });
  await bench.heeding('exchanged');
  await bench.client.patch(pods, created.metadata, { spec: { containers: [{ ...main, image: other }] } });
  const pod = await bench.podWhen('exchanged', 'replaced', (pod) => isReady(pod) && statusOf(pod)?.restartCount === 1);
  assert.equal(statusOf(pod)?.image, other);
  await bench.eventOf('exchanged', 'Killing: Container main definition changed, will be restarted');
});

test('an image that cannot be pulled is waited for no longer once another is named', async () => {
  const main = script('trap "exit 0" TERM; while true; do sleep 0.1; done', { imagePullPolicy: 'IfNotPresent' });
  const wrong = { ...main, image: '127.0.0.1:1/no/such:1' };
  const created = await bench.createPod('mistyped', { containers: [wrong] });
  const waiting = (pod: Pod) => statusOf(pod)?.state?.waiting?.reason;
  await bench.podWhen('mistyped', 'held back', (pod) => waiting(pod) === 'ImagePullBackOff');
  await bench.client.patch(pods, created.metadata, { spec: { containers: [main] } });
  // The shortest back-off is ten seconds.
  await bench.podWhen('mistyped', 'ready', isReady, 9_000);
});

test('a killed agent’s successor ends what was being ended', async () => {
  const pod = await bench.createPod('inherited', { containers: [stubborn] });
  await bench.podWhen('inherited', 'ready', isReady);
  await remove('inherited', 3);
  await bench.eventOf('inherited', 'Killing: Stopping container main');
  running.kill();
  running = await bench.startAgent();
  await bench.gone('inherited');
  assert.deepEqual(await leftOf(pod), nothing);
});

test('what ended stays told when Docker is tidied up, and is not run again', async () => {
  const heeding = script('trap "exit 0" TERM; while true; do sleep 0.1; done');
  const spec = { initContainers: [{ ...script('exit 0'), name: 'init' }], containers: [heeding] };
  const pod = await bench.createPod('tidied', spec);
  const before = await bench.podWhen('tidied', 'ready', isReady);
  await bench.docker.pruneContainers();
  await bench.createPod('after-tidying');
  await bench.podWhen('after-tidying', 'ready', isReady);
  assert.equal((await bench.containersOf(pod)).length, 2, 'the pause container and the one that runs');
  assert.deepEqual((await bench.pod('tidied')).status, before.status);
});

test('what a container is made with and as whom it runs stands in its status', async () => {
  const main = script('trap "exit 0" TERM; while true; do sleep 0.1; done', {
    resources: { requests: { cpu: '10m' }, limits: { memory: '64Mi' } },
    securityContext: { runAsUser: 1000, runAsGroup: 1001 },
    volumeMounts: [{ name: 'disk', mountPath: '/disk', readOnly: true }],
  });
  await bench.createPod('described', { containers: [main], volumes: [{ name: 'disk', emptyDir: {} }] });
  const status = statusOf(await bench.podWhen('described', 'ready', isReady));
  assert.deepEqual(status?.resources, main.resources);
  assert.deepEqual(status?.allocatedResources, { cpu: '10m' });
  assert.deepEqual(status?.volumeMounts, [
    { name: 'disk', mountPath: '/disk', readOnly: true, recursiveReadOnly: 'Disabled' },
  ]);
  assert.equal(status?.user?.linux?.uid, 1000);
  assert.equal(status?.user?.linux?.gid, 1001);
});
