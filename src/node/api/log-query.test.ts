import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleContainer, samplePod } from '../pods/pod-samples.ts';
import { containerForLog } from './container-logs.ts';
import { parseLogQuery } from './log-query.ts';
import { Refusal } from './route.ts';

const nowMs = Date.parse('2026-11-20T12:00:00Z');
const parse = (query: string) => parseLogQuery(new URLSearchParams(query), nowMs);

test('a log without wishes is all of it, once', () => {
  assert.deepEqual(parse(''), {
    follow: false,
    previous: false,
    timestamps: false,
    tailLines: undefined,
    limitBytes: undefined,
    sinceMs: undefined,
  });
});

test('wishes are read as Kubernetes writes them', () => {
  const query = parse('follow=true&previous=1&timestamps=true&tailLines=0&limitBytes=9&sinceSeconds=60');
  assert.deepEqual([query.follow, query.previous, query.timestamps], [true, true, true]);
  assert.deepEqual([query.tailLines, query.limitBytes, query.sinceMs], [0, 9, nowMs - 60_000]);
  assert.equal(parse('sinceTime=2026-11-20T11:00:00Z').sinceMs, nowMs - 3_600_000);
});

test('what makes no sense is refused', () => {
  for (const query of [
    'tailLines=-1',
    'tailLines=x',
    'limitBytes=0',
    'sinceTime=yesterday',
    'sinceSeconds=1&sinceTime=x',
  ])
    assert.throws(() => parse(query), Refusal, query);
});

test('the log is that of the newest container that was started, or of the one before', () => {
  const containers = [
    sampleContainer('main', { state: 'exited' }),
    sampleContainer('main', { attempt: 1 }),
    sampleContainer('main', { attempt: 2, state: 'created' }),
  ];
  const find = (name: string, previous: boolean, all = containers) => containerForLog(samplePod(), all, name, previous);
  assert.equal(find('main', false).id, 'main-1');
  assert.equal(find('main', true).id, 'main-0');
  const refusals: [() => unknown, number, RegExp][] = [
    [() => find('other', false), 404, /container "other" not found in pod "web"/],
    [() => find('main', true, containers.slice(1)), 400, /previous terminated container "main" in pod "web" not found/],
    [() => find('main', false, []), 400, /container "main" in pod "web" is waiting to start: ContainerCreating/],
  ];
  for (const [ask, code, message] of refusals)
    assert.throws(ask, (error) => error instanceof Refusal && error.code === code && message.test(error.message));
});
