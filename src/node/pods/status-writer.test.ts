import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import { typeNamed } from '../../api/openapi/schema.ts';
import type { ObjectType } from '../../api/openapi/type.ts';
import { strategicMergePatch } from '../../api/patch/strategic.ts';
import { Invalid } from '../../api/status.ts';
import { systemClock } from '../../base/clock.ts';
import { createLog } from '../../base/log.ts';
import { Client } from '../../client/client.ts';
import { samplePod } from './pod-samples.ts';
import { StatusWriter, statusPatch } from './status-writer.ts';

const hourMs = 3_600_000;
const pod = samplePod();
let wallMs: number;
let passedMs: number;
let failure: Error | undefined;
let asked: number;
let writer: StatusWriter;

beforeEach(() => {
  wallMs = Date.parse('2026-11-20T12:00:00Z');
  passedMs = 0;
  failure = undefined;
  asked = 0;
  const request = async () => {
    asked += 1;
    if (failure) throw failure;
    return { ...pod, metadata: { ...pod.metadata, resourceVersion: '2' }, status: { phase: 'Running' } };
  };
  const clock = { ...systemClock, now: () => wallMs, monotonicMs: () => passedMs };
  const client = new Client({ request, watch: async function* () {} });
  writer = new StatusWriter({ client, clock, log: createLog({ level: 'error' }) });
});

const write = () => writer.write(pod, { phase: 'Running' });

test('what the API does not take it is offered ever more seldom, until it takes it', async () => {
  failure = new Invalid({ group: '', kind: 'Pod', name: 'web' }, []);
  const pauses = [];
  for (let count = 0; count < 12; count += 1) pauses.push(await write());
  assert.deepEqual(pauses.slice(0, 4), [100, 200, 400, 800]);
  assert.equal(pauses.at(-1), 60_000);
  failure = undefined;
  assert.equal(await write(), undefined);
});

test('while the API is away nobody else asks, also when the clock is set back meanwhile', async () => {
  failure = new Error('nobody there');
  assert.equal(await write(), 5_000);
  assert.equal(await write(), 5_000);
  assert.equal(asked, 1);
  failure = undefined;
  wallMs -= 5 * hourMs;
  passedMs += 4_000;
  assert.equal(await write(), 1_000);
  passedMs += 1_000;
  assert.equal(await write(), undefined);
  assert.equal(asked, 2);
});

test('what others write meanwhile stays: their conditions are none of ours to tell', () => {
  const podType = typeNamed('io.k8s.api.core.v1.Pod') as ObjectType;
  const condition = (type: string, status: string, more: object = {}) => ({ type, status, ...more });
  const gate = (status: string) => condition('example.com/gate', status, { reason: 'Theirs' });
  const seen = [condition('Ready', 'False', { reason: 'ContainersNotReady' }), gate('False')];
  const resizing = condition('PodResizeInProgress', 'True');
  const told = { phase: 'Pending', podIPs: [{ ip: '10.42.0.2' }], conditions: [...seen, resizing] };
  const status = {
    phase: 'Running',
    podIPs: [{ ip: '10.42.0.3' }],
    conditions: [condition('Ready', 'True'), gate('False')],
  };
  const theirs = [...seen.slice(0, 1), gate('True'), resizing, condition('DisruptionTarget', 'True')];
  const there = { ...pod, status: { ...told, conditions: theirs } };
  const patch = statusPatch(told as Pod['status'], status as Pod['status']) ?? {};
  assert.deepEqual(strategicMergePatch(podType, there as object as Record<string, unknown>, { status: patch }).status, {
    ...status,
    conditions: [condition('Ready', 'True'), gate('True'), condition('DisruptionTarget', 'True')],
  });
  const empty = strategicMergePatch(
    podType,
    { ...pod, status: {} },
    { status: statusPatch({}, status as Pod['status']) },
  );
  assert.deepEqual(empty.status, status, 'also where nothing was told before');
});
