import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import { planPod } from './pod-plan.ts';
import { moment, nowMs, sampleContainer, samplePause, samplePod, sampleView } from './pod-samples.ts';
import { podStatus } from './pod-status.ts';
import { newPodMemory } from './pod-view.ts';
import { agreedPod, heldPod, type NodeRoom } from './resize.ts';

type Amounts = Record<string, string>;
const resources = (cpu: string, limits: Amounts = {}) => ({ requests: { cpu }, limits });
const pod = (asked: object, told: { allocatedResources?: Amounts; resources?: object } = {}, generation = 2): Pod => {
  const made = samplePod({ containers: [{ name: 'main', image: 'nginx', resources: asked }] }, { generation });
  const status = { name: 'main', image: '', imageID: '', ready: true, restartCount: 0, ...told };
  return { ...made, status: { ...made.status, containerStatuses: [status] } };
};
const told = { allocatedResources: { cpu: '1' }, resources: resources('1') };
const room: NodeRoom = { allocatable: () => ({ cpu: 4000, memory: 2 ** 30 }), used: () => ({ cpu: 2500 }) };

const cases: { name: string; asked: string; gets: string; pending?: { reason: string; message: string } }[] = [
  { name: 'there is room', asked: '1500m', gets: '1500m' },
  {
    name: 'there is none beside the others',
    asked: '2',
    gets: '1',
    pending: {
      reason: 'Deferred',
      message: "Node didn't have enough resource: cpu, requested: 2000, used: 2500, capacity: 4000",
    },
  },
  {
    name: 'there never is',
    asked: '5',
    gets: '1',
    pending: {
      reason: 'Infeasible',
      message: "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000",
    },
  },
];
for (const { name, asked, gets, pending } of cases) {
  test(`a pod that was changed gets what it asks for where the node agrees: ${name}`, () => {
    const memory = newPodMemory(nowMs);
    const changed = pod(resources(asked), told);
    const agreed = agreedPod(changed, memory, room);
    assert.deepEqual(agreed.spec.containers[0]?.resources, resources(gets));
    assert.deepEqual(memory.pendingResize, pending);
    const view = sampleView(agreed, [samplePause(), sampleContainer('main')], memory);
    const condition = podStatus(agreed, view, '', moment).conditions?.find(({ type }) => type === 'PodResizePending');
    assert.deepEqual(condition && { reason: condition.reason, message: condition.message }, pending);
    // Where there is room later, it is given.
    const later = agreedPod(changed, memory, { ...room, allocatable: () => ({ cpu: 9000 }) });
    assert.deepEqual([later.spec.containers[0]?.resources, memory.pendingResize], [resources(asked), undefined]);
  });
}

test('what was agreed is what the API was told, to an agent that starts anew', () => {
  const memory = newPodMemory(nowMs);
  assert.deepEqual(agreedPod(pod(resources('5'), told), memory, room).spec.containers[0]?.resources, resources('1'));
  const untold = agreedPod(pod(resources('5')), newPodMemory(nowMs), room);
  assert.deepEqual(untold.spec.containers[0]?.resources, resources('5'), 'of what has not run nothing was agreed');
  const unchanged = pod(resources('5'), told, 1);
  assert.equal(agreedPod(unchanged, newPodMemory(nowMs), room), unchanged);
});

test('a container that could not be given what was agreed goes on as it is, until it is tried again or something else is agreed', () => {
  const asked = { requests: { cpu: '100m' }, limits };
  const problem = { reason: 'Error', message: 'too little', retryAtMs: nowMs + 5_000 };
  const spec = { containers: [{ name: 'main', image: 'nginx', resources: asked }] };
  const running = sampleContainer('main', { resources: { ...given, memoryBytes: 128 * 2 ** 20 } });
  const changed = samplePod(spec, { generation: 2 });
  const view = sampleView(changed, [samplePause(), running], {
    agreed: new Map([['main', asked]]),
    resizeProblems: new Map([['main-0', problem]]),
  });
  const { memory } = view;
  const { steps, wakeAtMs } = planPod(view, nowMs);
  assert.deepEqual([steps, wakeAtMs], [[], problem.retryAtMs]);
  assert.deepEqual(planPod(view, problem.retryAtMs).steps, [{ kind: 'resize', container: 'main', id: 'main-0' }]);
  const told = podStatus(changed, view, '', moment).conditions?.find(({ type }) => type === 'PodResizeInProgress');
  assert.deepEqual([told?.status, told?.reason, told?.message], ['True', 'Error', 'too little']);
  agreedPod(changed, memory, room);
  assert.equal(memory.resizeProblems.size, 1);
  agreedPod(pod(resources('1')), memory, room);
  assert.equal(memory.resizeProblems.size, 0);
});

test('a pod holds what was agreed, whatever it asks for', () => {
  const held = (asked: Pod, agreed?: string) =>
    heldPod(asked, agreed ? new Map([['main', resources(agreed)]]) : undefined).spec.containers[0]?.resources;
  assert.deepEqual(held(pod(resources('5'), told)), resources('1'));
  assert.deepEqual(held(pod(resources('5'), told), '2'), resources('2'));
  assert.deepEqual(held(pod(resources('5'), told, 1)), resources('5'));
});

const limits = { cpu: '500m', memory: '64Mi' };
const given = { cpuShares: 102, cpuQuotaMicros: 50_000, memoryBytes: 64 * 2 ** 20 };
const plans: { name: string; has: object; policy?: string; restartPolicy?: string; steps: string[] }[] = [
  { name: 'as it was agreed', has: {}, policy: 'cpu', steps: [] },
  { name: 'another quota', has: { cpuQuotaMicros: 20_000 }, steps: ['resize'] },
  {
    name: 'another quota, with a restart for memory',
    has: { cpuQuotaMicros: 20_000 },
    policy: 'memory',
    steps: ['resize'],
  },
  { name: 'another quota, with a restart for it', has: { cpuQuotaMicros: 20_000 }, policy: 'cpu', steps: ['stop'] },
  { name: 'another request, with a restart for it', has: { cpuShares: 2 }, policy: 'cpu', steps: ['stop'] },
  { name: 'more memory', has: { memoryBytes: 1 }, policy: 'cpu', steps: ['resize'] },
];
for (const { name, has, policy, steps } of plans) {
  test(`a container that runs is given what was agreed: ${name}`, () => {
    const resizePolicy = policy ? [{ resourceName: policy, restartPolicy: 'RestartContainer' }] : [];
    const asked = { requests: { cpu: '100m' }, limits };
    const container = { name: 'main', image: 'nginx', resources: asked, resizePolicy };
    const running = sampleContainer('main', { resources: { ...given, ...has } });
    const view = sampleView(samplePod({ containers: [container] }), [samplePause(), running], { agreed: new Map() });
    const planned = planPod(view, nowMs).steps;
    assert.deepEqual(
      planned.map(({ kind }) => kind),
      steps,
    );
    for (const step of planned)
      if (step.kind === 'stop')
        assert.deepEqual([step.message, step.isReplaced], ['Container main resize requires restart', true]);
    const conditions = podStatus(samplePod({ containers: [container] }), view, '', moment).conditions ?? [];
    assert.equal(
      conditions.some(({ type }) => type === 'PodResizeInProgress'),
      steps.length > 0,
    );
  });
}
