// The clock of the host is set by an hour while things wait for their time: graces, back-offs and deadlines last as long
// as they would have, what is told of times is by the new clock, and a token that may have ended is made anew, once. Docker's own clock is not set here.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pods } from '../../src/api/kinds/pod.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { isReady, PodBench } from './pod-bench.ts';

const hourMs = 3_600_000;
let aheadMs = 0;
const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };

let bench: PodBench;
before(async () => {
  bench = await PodBench.open();
  await bench.startAgent({ clock });
});
after(async () => {
  await bench?.close();
});

const script = (text: string) => ({
  name: 'main',
  image: busyboxImage,
  command: ['sh', '-c', text],
  volumeMounts: [{ name: 'v', mountPath: '/v' }],
});
const volumes = [{ name: 'v', emptyDir: {} }];
const withToken = [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }];
const stubborn = script('trap "" TERM; while true; do sleep 0.1; done');
/** Ends at once the first two times: the third start is ten seconds after the second end. */
const falling = script('echo >>/v/starts; [ $(wc -l </v/starts) -ge 3 ] && sleep 1000; exit 1');
const graceSeconds = 5;
const deadlineSeconds = 7;
const mainOf = async (name: string) => (await bench.pod(name)).status.containerStatuses?.[0];

for (const [how, jumpMs] of [
  ['ahead', hourMs],
  ['back', -hourMs],
] as const) {
  test(`a clock that is set ${how} by an hour makes nothing sooner and nothing later`, async () => {
    const name = (what: string) => `${what}-${how}`;
    aheadMs = 0; // as Docker's: of what it tells in between nothing waits
    const madeMs = performance.now();
    await bench.createPod(name('late'), {
      activeDeadlineSeconds: deadlineSeconds,
      containers: [script('trap "exit 0" TERM; while true; do sleep 0.1; done')],
      volumes,
    });
    await bench.createPod(name('stubborn'), { containers: [stubborn], volumes });
    await bench.createPod(name('falling'), { containers: [falling], volumes });
    await bench.createPod(name('known'), { containers: [script('sleep 1000')], volumes: withToken });
    for (const what of ['late', 'stubborn', 'known']) await bench.podWhen(name(what), 'ready', isReady);
    await waitUntil(
      'held back',
      async () => (await mainOf(name('falling')))?.state?.waiting?.reason === 'CrashLoopBackOff',
    );
    const deletedMs = performance.now();
    const grace = { gracePeriodSeconds: graceSeconds };
    await bench.client.delete(pods, { namespace: 'default', name: name('stubborn') }, grace);
    await bench.eventOf(name('stubborn'), 'Killing: Stopping container main');

    aheadMs = jumpMs;
    // Whatever makes the agent look at them again makes nothing due.
    for (const what of ['late', 'stubborn', 'falling', 'known'])
      await bench.client.patch(
        pods,
        { namespace: 'default', name: name(what) },
        { metadata: { labels: { touched: 'yes' } } },
      );

    const lateMs = async () => {
      await bench.podWhen(name('late'), 'failed', ({ status }) => status.phase === 'Failed');
      return performance.now() - madeMs;
    };
    const stubbornMs = async () => {
      await bench.gone(name('stubborn'));
      return performance.now() - deletedMs;
    };
    const fallingMs = async () => {
      await bench.podWhen(name('falling'), 'running again', isReady);
      const { state, lastState } = (await mainOf(name('falling'))) ?? {};
      return Date.parse(state?.running?.startedAt ?? '') - Date.parse(lastState?.terminated?.finishedAt ?? '');
    };
    const tokens = () => bench.api.tokenRequests.filter((pod) => pod === name('known')).length;
    // Of a host that slept as long it would have ended.
    const wantedTokens = jumpMs > 0 ? 2 : 1;
    await waitUntil('tokens were asked for', () => tokens() >= wantedTokens);
    const [late, stopped, again] = await Promise.all([lateMs(), stubbornMs(), fallingMs()]);
    assert.ok(late >= deadlineSeconds * 1000, `its time was over after ${late} ms`);
    assert.ok(stopped >= graceSeconds * 1000, `killed after ${stopped} ms`);
    // Docker's times are told in whole seconds.
    assert.ok(again >= 9_000, `started again after ${again} ms`);
    assert.equal(tokens(), wantedTokens, 'and no more');
  });
}
