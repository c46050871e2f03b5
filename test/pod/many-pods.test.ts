// As many pods as a node may have, each of them probed: all come up, each is somebody of its own, and when nothing happens
// nothing is told and they cost next to nothing. `WHERRY_PODS=110` for all that a node takes; fewer are usual here.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { processorMs } from '../../bench/footprint.ts';
import { isPodReady, type Pod } from '../../src/api/kinds/pod.ts';
import { systemClock } from '../../src/base/clock.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { OneNode } from './one-node.ts';

const count = Number(process.env.WHERRY_PODS ?? 20);
const idleMs = 15_000;

let one: OneNode;
before(async () => {
  one = await OneNode.open(['--max-pods', String(count)]);
});
after(async () => {
  await one?.close();
});

const list = async () => (JSON.parse(await one.kubectl('get', 'pods', '-o', 'json')) as { items: Pod[] }).items;

test(`${count} pods come up, and the node takes no more than it may have`, { timeout: 600_000 }, async (t) => {
  const serve = 'echo well >/tmp/index.html; exec httpd -f -p 8080 -h /tmp';
  const probe = { httpGet: { path: '/', port: 8080 } };
  const container = { name: 'main', image: busyboxImage, command: ['sh', '-c', serve] };
  const probed = { ...container, readinessProbe: probe, livenessProbe: probe };
  const pod = (_: unknown, index: number) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${index}` },
    spec: { terminationGracePeriodSeconds: 1, containers: [probed] },
  });
  const begun = performance.now();
  await one.apply(...Array.from({ length: count }, pod));
  const pods = await waitUntil(
    'all are ready',
    async () => {
      const found = await list();
      return found.length === count && found.every(isPodReady) && found;
    },
    { timeoutMs: 500_000, intervalMs: 500 },
  );
  t.diagnostic(`${count} pods were ready after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  assert.equal(new Set(pods.map(({ status }) => status.podIP)).size, count);
  assert.ok(pods.every(({ status }) => status.containerStatuses?.[0]?.restartCount === 0));
  // Who does not ask the scheduler is refused by the node itself.
  await one.applyPod('too-many', { main: 'sleep 1000' }, { nodeName: 'n1' });
  const refused = await one.podWhen('too-many', 'has failed', ({ status }) => status.phase === 'Failed');
  assert.equal(refused.status.reason, 'OutOfpods');
  await one.kubectl('delete', 'pod', 'too-many');
});

test('left alone they are told nothing of, and cost next to nothing', async (t) => {
  const versions = async () => (await list()).map(({ metadata }) => metadata.resourceVersion);
  const before = await versions();
  const pid = (await one.agent?.pid()) ?? 0;
  const begunMs = await processorMs({ pid });
  await systemClock.sleep(idleMs);
  const percent = (100 * ((await processorMs({ pid })) - begunMs)) / idleMs;
  t.diagnostic(`the agent with ${count} probed pods took ${percent.toFixed(2)} % of a core`);
  assert.deepEqual(await versions(), before);
  // What a poll of each of them every second would cost is many times that.
  assert.ok(percent < 2 + count / 10, `${percent} %`);
});
