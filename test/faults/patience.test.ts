import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerStatus, Pod } from '../../src/api/kinds/pod.ts';
import { readyByMs } from './patience.ts';

const lastFaultMs = Date.parse('2026-11-21T12:00:00Z');
const at = (seconds: number) => new Date(lastFaultMs + seconds * 1000).toISOString();
const status = (more: Partial<ContainerStatus>): ContainerStatus => ({
  name: 'main',
  image: '',
  imageID: '',
  ready: false,
  restartCount: 0,
  ...more,
});
const ended = (seconds: number) => ({ terminated: { exitCode: 0, finishedAt: at(seconds) } });
const heldBack = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 1m20s restarting failed container' } };

const cases: { name: string; init?: Partial<ContainerStatus>; main?: Partial<ContainerStatus>; seconds: number }[] = [
  { name: 'half a minute', seconds: 30 },
  { name: 'beyond its back-off', main: { state: heldBack, lastState: ended(-5) }, seconds: -5 + 80 + 30 },
  { name: 'one that is over makes nobody wait', main: { state: heldBack, lastState: ended(-100) }, seconds: 30 },
  { name: 'an init container that runs again', init: { state: ended(-10), restartCount: 5 }, seconds: -10 + 160 + 30 },
  { name: 'at most five minutes', init: { state: ended(0), restartCount: 9 }, seconds: 300 + 30 },
  { name: 'at once the first time', init: { state: ended(0) }, seconds: 30 },
];
for (const { name, init, main = {}, seconds } of cases) {
  test(`patience: ${name}`, () => {
    const pod = { status: { initContainerStatuses: init ? [status(init)] : [], containerStatuses: [status(main)] } };
    assert.equal((readyByMs(pod as unknown as Pod, lastFaultMs, 30_000) - lastFaultMs) / 1000, seconds);
  });
}
