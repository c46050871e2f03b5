// A pod's life on a real Docker Engine: it runs, its logs come, what dies is restarted, an agent that is killed changes
// nothing, and deletion leaves nothing behind.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Event } from '../../src/api/kinds/event.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { latestOf } from '../../src/node/pods/pod-progress.ts';
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

const script = (text: string) => [{ name: 'main', image: busyboxImage, command: ['sh', '-c', text] }];

test('a pod runs, is told of, and its logs come', async () => {
  const created = await bench.createPod('web', {
    containers: script(
      'echo hello from $(hostname); grep web /etc/hosts; grep nameserver /etc/resolv.conf; trap "exit 0" TERM; sleep 1000 & wait',
    ),
  });
  const pod = await bench.podWhen('web', 'ready', isReady);
  assert.equal(pod.status.phase, 'Running');
  assert.match(pod.status.podIP ?? '', /^10\.99\.0\.\d+$/);
  assert.equal(pod.status.hostIP, '192.0.2.7');
  const [status] = pod.status.containerStatuses ?? [];
  assert.match(status?.containerID ?? '', /^docker:\/\/[0-9a-f]{64}$/);
  assert.equal(status?.restartCount, 0);
  const container = latestOf(running.agent.containers().of(created.metadata.uid ?? ''), 'main');
  assert.ok(container);
  const text = await waitUntil('the log', async () => {
    let found = '';
    const options = {
      until: undefined,
      timestamps: false,
      stream: 'all',
      tailLines: undefined,
      sinceMs: undefined,
    } as const;
    for await (const chunk of running.runtime.logs(container, options, AbortSignal.timeout(5_000)))
      found += Buffer.from(chunk).toString();
    return found.includes('nameserver') && found;
  });
  assert.equal(text, `hello from web\n${pod.status.podIP}\tweb\nnameserver 10.96.0.10\n`);
});

test('a container that is killed is restarted, and counted', async () => {
  const pod = await bench.pod('web');
  const before = latestOf(running.agent.containers().of(pod.metadata.uid ?? ''), 'main');
  await bench.docker.getContainer(before?.id ?? '').kill();
  const restarted = await bench.podWhen(
    'web',
    'restarted',
    (now) => isReady(now) && now.status.containerStatuses?.[0]?.restartCount === 1,
  );
  const [status] = restarted.status.containerStatuses ?? [];
  assert.equal(status?.lastState?.terminated?.exitCode, 137);
  assert.equal(status?.lastState?.terminated?.reason, 'Error');
  assert.notEqual(status?.containerID, `docker://${before?.id}`);
});

test('an agent that is killed and comes again finds the same containers and restarts none', async () => {
  const before = await bench.pod('web');
  const containers = await bench.containersOf(before);
  running.kill();
  running = await bench.startAgent();
  await bench.createPod('after-restart');
  await bench.podWhen('after-restart', 'ready', isReady);
  assert.deepEqual((await bench.pod('web')).status, before.status);
  assert.deepEqual(
    (await bench.containersOf(before)).map(({ Id, Created }) => ({ Id, Created })),
    containers.map(({ Id, Created }) => ({ Id, Created })),
  );
});

test('a pod that is deleted is unready before it is told to stop, and leaves nothing', async () => {
  const pod = await bench.pod('web');
  await bench.client.delete(pods, pod.metadata, { gracePeriodSeconds: 20 });
  await bench.gone('web');
  const history = bench.api.history();
  const unready = history.findIndex(
    ({ plural, object }) => plural === 'pods' && object.metadata.deletionTimestamp && !isReady(object as Pod),
  );
  const killing = history.findIndex(
    ({ plural, object }) => plural === 'events' && (object as Event).reason === 'Killing',
  );
  const unreadyPod = history[unready]?.object as Pod | undefined;
  assert.equal(unreadyPod?.status.containerStatuses?.[0]?.ready, true, 'it still ran');
  assert.ok(unready < killing, `unready at ${unready}, told to stop at ${killing}`);
  const last = history.findLast(({ plural, object }) => plural === 'pods' && object.metadata.name === 'web')
    ?.object as Pod;
  assert.equal(last.status.phase, 'Succeeded');
  assert.deepEqual(await bench.containersOf(pod), []);
  assert.equal(bench.network.addresses.has(pod.metadata.uid ?? ''), false);
});
