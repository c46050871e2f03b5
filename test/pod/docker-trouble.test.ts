// A Docker that is there and does not do what it should: it hangs, one container in it hangs, answers of it are lost.
// Nothing is made twice, only what is stuck waits, and an agent that has nothing to do leaves Docker alone.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { Sight } from '../../src/node/pods/container-watch.ts';
import { latestOf } from '../../src/node/pods/pod-progress.ts';
import { type DockerProxy, openDockerProxy } from '../bench/docker-proxy.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { isReady, PodBench, type RunningAgent } from './pod-bench.ts';

/** Ten times as fast as the others': a minute is six seconds. */
const fastClock: Clock = {
  ...systemClock,
  monotonicMs: () => 10 * systemClock.monotonicMs(),
  sleep: (ms, signal) => systemClock.sleep(ms / 10, signal),
  after: (ms, run) => systemClock.after(ms / 10, run),
};

let bench: PodBench;
let proxy: DockerProxy;
let running: RunningAgent;
const sight: Sight[] = [];

before(async () => {
  bench = await PodBench.open();
  proxy = await openDockerProxy(join(bench.dataDir, 'proxy.sock'), bench.engine.socket);
  const deadlines = { lookMs: 10_000, changeMs: 30_000 }; // a tenth of it by that clock
  running = await bench.startAgent({
    socketPath: proxy.socket,
    clock: fastClock,
    deadlines,
    onSight: (now) => sight.push(now),
  });
});
after(async () => {
  proxy?.close();
  await bench?.close();
});

const mainOf = (uid: string | undefined) => latestOf(running.agent.containers().of(uid ?? ''), 'main');
const calls = async (during: () => Promise<void>) => {
  proxy.takeCalls();
  await during();
  return proxy.takeCalls();
};

test('an agent with nothing to do leaves Docker alone for a minute at a time', async () => {
  for (const name of ['steady', 'other']) await bench.createPod(name);
  for (const name of ['steady', 'other']) await bench.podWhen(name, 'ready', isReady);
  proxy.takeCalls();
  // The net below is there: a look whether Docker still answers. However long the starts took, the minute is counted from it.
  await waitUntil('a look', () => proxy.takeCalls().includes('GET /_ping'), { intervalMs: 50 });
  await systemClock.sleep(500); // the last events of the starts, and a list where its time had come
  const made = await calls(() => systemClock.sleep(6_000));
  assert.deepEqual(made, []);
});

test('answers that were lost: what Docker has made and started is found, not made again', async () => {
  const lost = ['create\\?name=k8s_POD', 'start', 'create\\?name=k8s_main', 'start'];
  let next = proxy.loseAnswer(/POST .*create\?name=k8s_POD/);
  const pod = await bench.createPod('unheard');
  for (const call of [...lost.slice(1), undefined]) {
    await next;
    if (call) next = proxy.loseAnswer(new RegExp(`POST .*${call}`));
  }
  const ready = await bench.podWhen('unheard', 'ready', isReady, 60_000);
  assert.equal(ready.status.containerStatuses?.[0]?.restartCount, 0);
  const containers = await bench.containersOf(pod);
  assert.deepEqual(containers.map(({ State }) => State).sort(), ['running', 'running']);
});

test('a Docker that hangs is noticed, what runs is told of as before, and all goes on when it does', async () => {
  const steady = await bench.pod('steady');
  const before = await bench.containersOf(steady);
  sight.length = 0;
  await bench.engine.freezeDaemon();
  const late = await bench.createPod('late');
  await waitUntil('the hang is noticed', () => sight.includes('hangs'));
  await systemClock.sleep(1_000); // while it hangs nothing else is said
  assert.deepEqual((await bench.pod('steady')).status, steady.status);
  assert.equal((await bench.pod('late')).status.phase, 'Pending');
  await bench.engine.thawDaemon();
  await bench.podWhen('late', 'ready', isReady);
  assert.deepEqual(sight, ['hangs', 'current']);
  assert.equal((await bench.containersOf(late)).length, 2, 'what was asked for more than once was made once');
  assert.deepEqual(
    (await bench.containersOf(steady)).map(({ Id }) => Id),
    before.map(({ Id }) => Id),
  );
  assert.deepEqual((await bench.pod('steady')).status, steady.status);
});

test('a Docker that hangs while nothing is asked of it is noticed, too', async () => {
  sight.length = 0;
  await bench.engine.freezeDaemon();
  await waitUntil('the hang is noticed', () => sight.includes('hangs'));
  await bench.createPod('meanwhile');
  await systemClock.sleep(500); // it is seen, and put off
  await bench.engine.thawDaemon();
  await waitUntil('it is over', () => sight.includes('current'));
  await bench.podWhen('meanwhile', 'ready', isReady);
});

test('containers that cannot be looked at block their pods, not the node', async () => {
  const names = ['stuck-0', 'stuck-1', 'stuck-2', 'stuck-3', 'stuck-4'];
  const created = await Promise.all(names.map((name) => bench.createPod(name)));
  for (const name of names) await bench.podWhen(name, 'ready', isReady);
  const ids = created.map(({ metadata }) => mainOf(metadata.uid)?.id);
  const pids = created.map(({ metadata }) => mainOf(metadata.uid)?.pid);
  const before = await bench.pod('stuck-0');
  const release = proxy.hold(new RegExp(`/containers/(${ids.join('|')})/`));
  for (const pid of pids) process.kill(pid ?? 0, 'SIGKILL');
  await waitUntil('they are unknown', () => created.every(({ metadata }) => mainOf(metadata.uid)?.state === 'unknown'));
  await bench.createPod('free');
  await bench.podWhen('free', 'ready', isReady);
  assert.deepEqual((await bench.pod('stuck-0')).status, before.status, 'nothing is said that is not known');
  // An agent that finds them so neither takes them for missing nor makes others.
  running.kill();
  running = await bench.startAgent({
    socketPath: proxy.socket,
    clock: fastClock,
    deadlines: { lookMs: 10_000, changeMs: 30_000 },
  });
  await bench.createPod('free-too');
  await bench.podWhen('free-too', 'ready', isReady);
  for (const pod of created) assert.equal((await bench.containersOf(pod)).length, 2);
  release();
  for (const name of names)
    await bench.podWhen(
      name,
      'restarted once',
      (pod) => isReady(pod) && pod.status.containerStatuses?.[0]?.restartCount === 1,
    );
});
