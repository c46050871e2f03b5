import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerStatus, Pod } from '../../api/kinds/pod.ts';
import type { ObservedContainer } from '../runtime.ts';
import { moment, nowMs, sampleContainer, samplePause, samplePod, sampleView } from './pod-samples.ts';
import { podStatus } from './pod-status.ts';
import type { PodMemory } from './pod-view.ts';
import { statusPatch } from './status-writer.ts';

const host = '192.0.2.7';
const exited = (exitCode: number, changes: Partial<ObservedContainer> = {}) =>
  sampleContainer('main', { state: 'exited', exitCode, ...changes });
const deleted = { deletionTimestamp: '2026-11-20T12:00:30Z', deletionGracePeriodSeconds: 30 };
const initSpec: Partial<Pod['spec']> = { initContainers: [{ name: 'init', image: 'busybox' }] };

/** A container's state in short: what it is, why, and what it was before. */
function short({ state = {}, lastState, restartCount, ready }: ContainerStatus): string {
  const { waiting, terminated } = state;
  const now = state.running
    ? 'running'
    : waiting
      ? `waiting ${waiting.reason}`
      : `terminated ${terminated?.reason} ${terminated?.exitCode}`;
  const last = lastState?.terminated ? `, was ${lastState.terminated.reason} ${lastState.terminated.exitCode}` : '';
  return `${now}${last}, ${restartCount} restarts${ready ? ', ready' : ''}`;
}

interface Case {
  name: string;
  spec?: Partial<Pod['spec']>;
  metadata?: Partial<Pod['metadata']>;
  has: ObservedContainer[];
  memory?: Partial<PodMemory>;
  told?: Partial<Pod['status']>;
  phase: string;
  main: string;
  ready: string;
}

const notReady = 'False ContainersNotReady';
const cases: Case[] = [
  {
    name: 'nothing yet',
    has: [],
    memory: { attached: undefined },
    phase: 'Pending',
    main: 'waiting ContainerCreating, 0 restarts',
    ready: notReady,
  },
  {
    name: 'made, not started',
    has: [samplePause(), sampleContainer('main', { state: 'created' })],
    phase: 'Pending',
    main: 'waiting ContainerCreating, 0 restarts',
    ready: notReady,
  },
  {
    name: 'running',
    has: [samplePause(), sampleContainer('main')],
    phase: 'Running',
    main: 'running, 0 restarts, ready',
    ready: 'True',
  },
  {
    name: 'in init',
    spec: initSpec,
    has: [samplePause(), sampleContainer('init')],
    phase: 'Pending',
    main: 'waiting PodInitializing, 0 restarts',
    ready: notReady,
  },
  {
    name: 'init failed for good',
    spec: { ...initSpec, restartPolicy: 'Never' },
    has: [sampleContainer('init', { state: 'exited', exitCode: 1 })],
    phase: 'Failed',
    main: 'waiting PodInitializing, 0 restarts',
    ready: 'False PodFailed',
  },
  {
    name: 'an image that cannot be pulled',
    has: [samplePause()],
    memory: {
      images: new Map([
        ['main', { of: 'nginx', state: 'failed', message: 'no', failedAtMs: nowMs, retryAtMs: nowMs + 1, told: false }],
      ]),
    },
    phase: 'Pending',
    main: 'waiting ErrImagePull, 0 restarts',
    ready: notReady,
  },
  {
    name: 'and still cannot',
    has: [samplePause()],
    memory: {
      images: new Map([
        [
          'main',
          { of: 'nginx', state: 'failed', message: 'no', failedAtMs: nowMs - 2_000, retryAtMs: nowMs + 1, told: true },
        ],
      ]),
    },
    phase: 'Pending',
    main: 'waiting ImagePullBackOff, 0 restarts',
    ready: notReady,
  },
  {
    name: 'an image that may not be pulled',
    has: [samplePause()],
    memory: {
      images: new Map([
        ['main', { of: 'nginx', state: 'refused', reason: 'ErrImageNeverPull', message: '', retryAtMs: 0 }],
      ]),
    },
    phase: 'Pending',
    main: 'waiting ErrImageNeverPull, 0 restarts',
    ready: notReady,
  },
  {
    name: 'a config map that is missing',
    has: [samplePause()],
    memory: { problems: new Map([['main', { reason: 'CreateContainerConfigError', message: '', retryAtMs: 0 }]]) },
    phase: 'Pending',
    main: 'waiting CreateContainerConfigError, 0 restarts',
    ready: notReady,
  },
  {
    name: 'just failed',
    has: [samplePause(), exited(2)],
    phase: 'Running',
    main: 'terminated Error 2, 0 restarts',
    ready: notReady,
  },
  {
    name: 'in back-off, whatever was the matter with its successor before',
    has: [samplePause(), exited(2, { backoffSeconds: 20 })],
    memory: {
      problems: new Map([['main', { reason: 'CreateContainerError', message: 'no space left', retryAtMs: 0 }]]),
    },
    phase: 'Running',
    main: 'waiting CrashLoopBackOff, was Error 2, 0 restarts',
    ready: notReady,
  },
  {
    name: 'in back-off',
    has: [samplePause(), exited(2, { backoffSeconds: 20, attempt: 3 })],
    phase: 'Running',
    main: 'waiting CrashLoopBackOff, was Error 2, 3 restarts',
    ready: notReady,
  },
  {
    name: 'restarted',
    has: [samplePause(), exited(2), sampleContainer('main', { attempt: 1 })],
    phase: 'Running',
    main: 'running, was Error 2, 1 restarts, ready',
    ready: 'True',
  },
  {
    name: 'the next one made but not started',
    has: [samplePause(), exited(2), sampleContainer('main', { attempt: 1, state: 'created' })],
    phase: 'Running',
    main: 'terminated Error 2, 0 restarts',
    ready: notReady,
  },
  {
    name: 'out of memory',
    has: [samplePause(), exited(137, { oomKilled: true })],
    phase: 'Running',
    main: 'terminated OOMKilled 137, 0 restarts',
    ready: notReady,
  },
  {
    name: 'could not be started',
    has: [samplePause(), exited(127, { startError: 'no such file' })],
    phase: 'Running',
    main: 'terminated StartError 128, 0 restarts',
    ready: notReady,
  },
  {
    name: 'done',
    spec: { restartPolicy: 'Never' },
    has: [exited(0)],
    phase: 'Succeeded',
    main: 'terminated Completed 0, 0 restarts',
    ready: 'False PodCompleted',
  },
  {
    name: 'failed',
    spec: { restartPolicy: 'Never' },
    has: [exited(2)],
    phase: 'Failed',
    main: 'terminated Error 2, 0 restarts',
    ready: 'False PodFailed',
  },
  {
    name: 'failed, to be run again',
    spec: { restartPolicy: 'OnFailure' },
    has: [samplePause(), exited(2)],
    phase: 'Running',
    main: 'terminated Error 2, 0 restarts',
    ready: notReady,
  },
  {
    name: 'being deleted',
    metadata: deleted,
    has: [samplePause(), sampleContainer('main')],
    phase: 'Running',
    main: 'running, 0 restarts, ready',
    ready: 'False PodTerminating',
  },
  {
    name: 'deleted and ended well',
    metadata: deleted,
    has: [samplePause(), exited(0)],
    phase: 'Succeeded',
    main: 'terminated Completed 0, 0 restarts',
    ready: 'False PodCompleted',
  },
  {
    name: 'deleted and killed',
    metadata: deleted,
    has: [samplePause(), exited(137)],
    phase: 'Failed',
    main: 'terminated Error 137, 0 restarts',
    ready: 'False PodFailed',
  },
  {
    name: 'finished, and forgotten by Docker',
    has: [],
    told: {
      phase: 'Failed',
      containerStatuses: [
        { name: 'main', image: '', imageID: '', ready: false, restartCount: 2, containerID: 'docker://x' },
      ],
    },
    spec: { restartPolicy: 'Never' },
    phase: 'Failed',
    main: 'terminated ContainerStatusUnknown 137, 2 restarts',
    ready: 'False PodFailed',
  },
];

for (const { name, spec, metadata, has, memory = { images: new Map() }, told, phase, main, ready } of cases) {
  test(`status: ${name}`, () => {
    const pod = samplePod(spec, metadata);
    pod.status = { ...pod.status, ...told } as Pod['status'];
    const status = podStatus(pod, sampleView(pod, has, { images: new Map(), ...memory }), host, moment);
    assert.equal(status.phase, phase);
    const [shown] = status.containerStatuses ?? [];
    assert.ok(shown);
    assert.equal(short(shown), main);
    const condition = status.conditions?.find(({ type }) => type === 'Ready');
    assert.equal([condition?.status, condition?.reason].filter(Boolean).join(' '), ready);
  });
}

test('addresses, times and ids are told, and conditions keep the time of their last change', () => {
  const pod = samplePod({}, { generation: 3 });
  const view = sampleView(pod, [samplePause(), sampleContainer('main')]);
  const first = podStatus(pod, view, host, moment);
  assert.deepEqual(
    [first.podIP, first.podIPs, first.hostIP, first.hostIPs],
    ['10.42.0.2', [{ ip: '10.42.0.2' }], host, [{ ip: host }]],
  );
  assert.equal(first.startTime, '2026-11-20T11:59:49Z');
  assert.equal(first.observedGeneration, 3);
  assert.equal(first.containerStatuses?.[0]?.containerID, 'docker://main-0');
  assert.equal(first.containerStatuses?.[0]?.state?.running?.startedAt, '2026-11-20T11:59:51Z');
  const afterwards = { monotonicMs: nowMs + 60_000, wallMs: nowMs + 60_000 };
  const later = podStatus({ ...pod, status: first }, view, host, afterwards);
  assert.equal(statusPatch(first, later), undefined, 'nothing has changed, so nothing is written');
  const broken = sampleView(pod, [samplePause(), exited(1)]);
  const changed = podStatus({ ...pod, status: first }, broken, host, afterwards);
  const timeOf = (type: string) => changed.conditions?.find((condition) => condition.type === type)?.lastTransitionTime;
  assert.equal(timeOf('Ready'), '2026-11-20T12:01:00Z');
  assert.equal(timeOf('Initialized'), '2026-11-20T12:00:00Z');
  const fields = ['containerStatuses', '$setElementOrder/conditions', 'conditions'];
  assert.deepEqual(Object.keys(statusPatch(first, changed) ?? {}), fields);
});

test('conditions of others stay, and a readiness gate holds the pod back until it is met', () => {
  const pod = samplePod({ readinessGates: [{ conditionType: 'example.com/gate' }] });
  const view = sampleView(pod, [samplePause(), sampleContainer('main')]);
  const gate = (status: string) => ({ type: 'example.com/gate', status });
  const readyWith = (status: string) => {
    const told = { ...pod, status: { phase: 'Running', conditions: [gate(status)] } } as Pod;
    const { conditions } = podStatus(told, view, host, moment);
    assert.deepEqual(conditions?.at(-1), gate(status));
    return conditions?.find(({ type }) => type === 'Ready')?.status;
  };
  assert.equal(readyWith('False'), 'False');
  assert.equal(readyWith('True'), 'True');
});

test('however long what is said of a container is, its status is not', () => {
  const message = '\u{1F418}'.repeat(500_000);
  const failed = {
    of: 'nginx',
    state: 'failed',
    message,
    failedAtMs: nowMs,
    retryAtMs: nowMs + 1,
    told: true,
  } as const;
  const problem = { reason: 'CreateContainerError', message, retryAtMs: nowMs + 1 };
  const memories: Partial<PodMemory>[] = [
    { images: new Map([['main', failed]]) },
    { problems: new Map([['main', problem]]) },
  ];
  for (const memory of memories) {
    const pod = samplePod();
    const { containerStatuses } = podStatus(pod, sampleView(pod, [samplePause()], memory), host, moment);
    const told = containerStatuses?.[0]?.state?.waiting?.message ?? '';
    assert.ok(told.startsWith('\u{1F418}') && Buffer.byteLength(told) === 4096, `${told.length}`);
  }
});
