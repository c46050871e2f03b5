import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerStatus } from '../../api/kinds/pod.ts';
import { samplePod } from '../pods/pod-samples.ts';
import { idForLog } from './container-logs.ts';
import { parseLogQuery } from './log-query.ts';
import { Refusal } from './route.ts';

const nowMs = Date.parse('2026-11-20T12:00:00Z');
const parse = (query: string) => parseLogQuery(new URLSearchParams(query), nowMs);

const refused = (code: number, message: RegExp | string) => (error: unknown) =>
  error instanceof Refusal &&
  error.code === code &&
  (typeof message === 'string' ? error.message === message : message.test(error.message));

test('a log without wishes is all of it, once', () => {
  assert.deepEqual(parse(''), {
    follow: false,
    previous: false,
    timestamps: false,
    stream: 'all',
    tailLines: undefined,
    limitBytes: undefined,
    sinceMs: undefined,
  });
});

test('wishes are read as Kubernetes writes them', () => {
  const query = parse('follow=true&previous=1&timestamps=&tailLines=0&limitBytes=9&sinceSeconds=60');
  assert.deepEqual([query.follow, query.previous, query.timestamps], [true, true, true]);
  assert.deepEqual([query.tailLines, query.limitBytes, query.sinceMs], [0, 9, nowMs - 60_000]);
  assert.equal(parse('sinceTime=2026-11-20T11:00:00Z').sinceMs, nowMs - 3_600_000);
  assert.equal(parse('stream=Stderr').stream, 'stderr');
  assert.equal(parse('follow=False').follow, false);
});

test('what cannot be read is another fault than what makes no sense', () => {
  for (const query of ['tailLines=x', 'limitBytes=1.5', 'sinceTime=yesterday'])
    assert.throws(() => parse(query), refused(400, /decode/), query);
  for (const query of [
    'tailLines=-1',
    'limitBytes=0',
    'sinceSeconds=1&sinceTime=2026-11-20T11:00:00Z',
    'stream=Both',
    'stream=Stdout&tailLines=3',
  ])
    assert.throws(() => parse(query), refused(422, /Invalid/), query);
});

type State = Pick<ContainerStatus, 'state' | 'lastState' | 'containerID'>;

function find(status: State | undefined, previous = false): string {
  const own = { name: 'main', image: 'x', imageID: '', ready: false, restartCount: 0, ...status };
  const pod = samplePod();
  return idForLog({ ...pod, status: status ? { containerStatuses: [own] } : {} }, 'main', previous);
}

const ended = (id?: string) => ({ terminated: { exitCode: 0, ...(id && { containerID: `docker://${id}` }) } });
const waiting = (reason?: string) => ({ waiting: { ...(reason && { reason }) } });

test("the log is that of the pod's newest container that ran, or of the one before", () => {
  const running = { state: { running: {} }, containerID: 'docker://b', lastState: ended('a') };
  assert.equal(find(running), 'b');
  assert.equal(find(running, true), 'a');
  assert.equal(find({ state: ended('b'), lastState: ended('a') }), 'b');
  assert.equal(find({ state: waiting('CrashLoopBackOff'), lastState: ended('b') }), 'b');
  assert.equal(find({ state: waiting('CrashLoopBackOff'), lastState: ended('b') }, true), 'b');
  assert.equal(find({ state: ended(), lastState: ended('a') }), 'a', 'the next one never began');
});

test('where there is no log the answer says why', () => {
  const cases: [State | undefined, boolean, string][] = [
    [undefined, false, 'container "main" in pod "web" is not available'],
    [{ state: { running: {} } }, true, 'previous terminated container "main" in pod "web" not found'],
    [{ state: ended() }, false, 'container "main" in pod "web" is terminated'],
    [
      { state: waiting('ContainerCreating') },
      false,
      'container "main" in pod "web" is waiting to start: ContainerCreating',
    ],
    [
      { state: waiting('ErrImagePull') },
      false,
      'container "main" in pod "web" is waiting to start: image can\'t be pulled',
    ],
    [
      { state: waiting('ImagePullBackOff') },
      false,
      'container "main" in pod "web" is waiting to start: trying and failing to pull image',
    ],
    [{}, false, 'container "main" in pod "web" is waiting to start - no logs yet'],
  ];
  for (const [status, previous, message] of cases)
    assert.throws(() => find(status, previous), refused(400, message), message);
});
