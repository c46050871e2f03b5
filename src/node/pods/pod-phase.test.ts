// What is told of pods with sidecars, hooks, probes and verdicts: the phase, each container, and the conditions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerStatus, Pod } from '../../api/kinds/pod.ts';
import type { ObservedContainer } from '../runtime.ts';
import { deleted, exited, initSpec, stopping, twoSpec } from './plan-cases.ts';
import { moment, sampleContainer, samplePause, samplePod, sampleView } from './pod-samples.ts';
import { podStatus } from './pod-status.ts';
import type { PodMemory, Probed } from './pod-view.ts';

interface Case {
  name: string;
  spec?: Partial<Pod['spec']>;
  metadata?: Partial<Pod['metadata']>;
  has: ObservedContainer[];
  memory?: Partial<PodMemory>;
  told?: Partial<Pod['status']>;
  phase: string;
  /** Of all containers, in their order. */
  containers: string[];
  initialized?: boolean;
  ready?: string;
}

function short({ name, state = {}, restartCount, ready, started }: ContainerStatus): string {
  const { running, waiting, terminated } = state;
  const what = running ? 'runs' : (waiting?.reason ?? `${terminated?.reason} ${terminated?.exitCode}`);
  const more = [restartCount > 0 && `restart ${restartCount}`, started && 'started', ready && 'ready'].filter(Boolean);
  return [`${name}: ${what}`, ...more].join(', ');
}

const sidecarSpec: Partial<Pod['spec']> = {
  initContainers: [{ name: 'side', image: 'busybox', restartPolicy: 'Always' }],
};
const side = (changes: Partial<ObservedContainer> = {}) => sampleContainer('side', changes);
const probed = (id: string, found: Probed) => ({ probed: new Map([[id, found]]) });
const unready = 'containers with unready status: [main]';
const hookSpec: Partial<Pod['spec']> = {
  containers: [{ name: 'main', image: 'nginx', lifecycle: { postStart: { sleep: { seconds: 1 } } } }],
};
const hook = (state: 'running' | 'done' | 'failed') => ({
  postStart: new Map([['main-0', { state, message: 'no luck' }]]),
});
const late: Partial<Pod['spec']> = { activeDeadlineSeconds: 5 };
const toldRunning: Partial<Pod['status']> = {
  phase: 'Running',
  containerStatuses: [
    {
      name: 'main',
      image: 'nginx',
      imageID: '',
      ready: true,
      restartCount: 2,
      containerID: 'docker://old',
      state: { running: { startedAt: '2026-11-20T11:00:00Z' } },
    },
  ],
};

const cases: Case[] = [
  {
    name: 'a sidecar that has not started: init is under way',
    spec: sidecarSpec,
    has: [samplePause(), side()],
    memory: probed('side-0', { started: false, ready: false }),
    phase: 'Pending',
    containers: ['side: runs', 'main: PodInitializing'],
    initialized: false,
    ready: 'containers with unready status: [side main]',
  },
  {
    name: 'one that has: init is through',
    spec: sidecarSpec,
    has: [samplePause(), side()],
    phase: 'Pending',
    containers: ['side: runs, started, ready', 'main: PodInitializing'],
    initialized: true,
    ready: unready,
  },
  {
    name: 'both run',
    spec: sidecarSpec,
    has: [samplePause(), side(), sampleContainer('main')],
    phase: 'Running',
    containers: ['side: runs, started, ready', 'main: runs, started, ready'],
    initialized: true,
  },
  {
    name: 'an unready sidecar makes the pod unready',
    spec: sidecarSpec,
    has: [samplePause(), side(), sampleContainer('main')],
    memory: probed('side-0', { started: true, ready: false }),
    phase: 'Running',
    containers: ['side: runs, started', 'main: runs, started, ready'],
    initialized: true,
    ready: 'containers with unready status: [side]',
  },
  {
    name: 'a sidecar in back-off leaves the pod running, and initialized',
    spec: sidecarSpec,
    has: [
      samplePause(),
      side({ state: 'exited', exitCode: 1, backoffSeconds: 10, attempt: 1 }),
      sampleContainer('main'),
    ],
    phase: 'Running',
    containers: ['side: CrashLoopBackOff, restart 1', 'main: runs, started, ready'],
    initialized: true,
    ready: 'containers with unready status: [side]',
  },
  {
    name: 'a job is not done while its sidecar runs',
    spec: { ...sidecarSpec, restartPolicy: 'Never' },
    has: [samplePause(), side(), exited(0)],
    phase: 'Running',
    containers: ['side: runs, started, ready', 'main: Completed 0'],
    initialized: true,
    ready: unready,
  },
  {
    name: 'it is when that has ended, however',
    spec: { ...sidecarSpec, restartPolicy: 'Never' },
    has: [side({ state: 'exited', exitCode: 137 }), exited(0)],
    phase: 'Succeeded',
    containers: ['side: Error 137', 'main: Completed 0'],
    initialized: true,
    ready: 'PodCompleted',
  },
  {
    name: 'init has failed for good: it has failed when its sidecar has ended, and not before',
    spec: {
      restartPolicy: 'Never',
      initContainers: [...(sidecarSpec.initContainers ?? []), { name: 'init', image: 'busybox' }],
    },
    has: [samplePause(), side(), sampleContainer('init', { state: 'exited', exitCode: 1 })],
    phase: 'Pending',
    containers: ['side: runs, started, ready', 'init: Error 1', 'main: PodInitializing'],
    initialized: false,
    ready: unready,
  },
  {
    name: 'all have ended well and are run again',
    has: [samplePause(), exited(0)],
    phase: 'Running',
    containers: ['main: Completed 0'],
    ready: unready,
  },
  {
    name: 'one has failed and one has not',
    spec: { ...twoSpec, restartPolicy: 'Never' },
    has: [exited(0), side({ state: 'exited', exitCode: 3 })],
    phase: 'Failed',
    containers: ['main: Completed 0', 'side: Error 3'],
    ready: 'PodFailed',
  },
  {
    name: 'one has failed and is run again',
    spec: { ...twoSpec, restartPolicy: 'OnFailure' },
    has: [samplePause(), exited(0), side({ state: 'exited', exitCode: 3 })],
    phase: 'Running',
    containers: ['main: Completed 0', 'side: Error 3'],
    ready: 'containers with unready status: [main side]',
  },
  {
    name: 'what has failed has failed, whatever is found of it later',
    spec: { restartPolicy: 'Never' },
    has: [exited(0)],
    told: { phase: 'Failed' },
    phase: 'Failed',
    containers: ['main: Completed 0'],
    ready: 'PodFailed',
  },
  {
    name: 'init that is run again',
    spec: initSpec,
    has: [samplePause(), sampleContainer('init', { state: 'exited', exitCode: 1, backoffSeconds: 10, attempt: 1 })],
    phase: 'Pending',
    containers: ['init: CrashLoopBackOff, restart 1', 'main: PodInitializing'],
    initialized: false,
    ready: unready,
  },
  {
    name: 'init that runs again in new namespaces',
    spec: initSpec,
    has: [samplePause({ attempt: 1 }), sampleContainer('init', { attempt: 1, pauseId: 'POD-1' }), exited(137)],
    phase: 'Pending',
    containers: ['init: runs, restart 1, started', 'main: Error 137'],
    initialized: true,
    ready: unready,
  },
  {
    name: 'a startup probe that has not succeeded',
    has: [samplePause(), sampleContainer('main')],
    memory: probed('main-0', { started: false, ready: false }),
    phase: 'Running',
    containers: ['main: runs'],
    ready: unready,
  },
  {
    name: 'a readiness probe that has not succeeded',
    has: [samplePause(), sampleContainer('main')],
    memory: probed('main-0', { started: true, ready: false }),
    phase: 'Running',
    containers: ['main: runs, started'],
    ready: unready,
  },
  {
    name: 'in its postStart hook it is being created',
    spec: hookSpec,
    has: [samplePause(), sampleContainer('main')],
    memory: hook('running'),
    phase: 'Pending',
    containers: ['main: ContainerCreating'],
    ready: unready,
  },
  {
    name: 'then it runs',
    spec: hookSpec,
    has: [samplePause(), sampleContainer('main')],
    memory: hook('done'),
    phase: 'Running',
    containers: ['main: runs, started, ready'],
  },
  {
    name: 'whose hook has failed does not',
    spec: hookSpec,
    has: [samplePause(), sampleContainer('main')],
    memory: { ...hook('failed'), stopping: new Map([['main-0', stopping(0)]]) },
    phase: 'Pending',
    containers: ['main: PostStartHookError'],
    ready: unready,
  },
  {
    name: 'past its deadline a pod runs as long as its containers do',
    spec: late,
    has: [samplePause(), sampleContainer('main')],
    told: { phase: 'Running' },
    phase: 'Running',
    containers: ['main: runs, started, ready'],
  },
  {
    name: 'then it has failed, however they ended',
    spec: late,
    has: [exited(0)],
    told: { phase: 'Running' },
    phase: 'Failed DeadlineExceeded',
    containers: ['main: Completed 0'],
    ready: 'PodFailed',
  },
  {
    name: 'but not what had ended before, whenever that can be told',
    spec: { ...late, restartPolicy: 'Never' },
    has: [exited(0)],
    memory: { released: true },
    told: { phase: 'Running' },
    phase: 'Succeeded',
    containers: ['main: Completed 0'],
    ready: 'PodCompleted',
  },
  {
    name: 'which what its end took away does not change',
    spec: { ...late, restartPolicy: 'Never' },
    has: [exited(0)],
    memory: { released: true, toldDeadline: true },
    told: { phase: 'Running' },
    phase: 'Failed DeadlineExceeded',
    containers: ['main: Completed 0'],
    ready: 'PodFailed',
  },
  {
    name: 'also where none has begun, of which then nothing is told',
    spec: late,
    has: [],
    phase: 'Failed DeadlineExceeded',
    containers: [],
    ready: 'PodFailed',
  },
  {
    name: 'deleted before it has begun it has failed',
    metadata: deleted,
    has: [],
    told: {
      phase: 'Pending',
      containerStatuses: [
        {
          name: 'main',
          image: 'nginx',
          imageID: '',
          ready: false,
          restartCount: 0,
          state: { waiting: { reason: 'ContainerCreating' } },
        },
      ],
    },
    phase: 'Failed',
    containers: ['main: ContainerStatusUnknown 137'],
    ready: 'PodFailed',
  },
  {
    name: 'that init is through stays known when Docker has been tidied up',
    spec: initSpec,
    has: [samplePause(), sampleContainer('main')],
    told: {
      phase: 'Running',
      initContainerStatuses: [
        {
          name: 'init',
          image: 'busybox',
          imageID: '',
          ready: true,
          restartCount: 0,
          containerID: 'docker://pruned',
          state: { terminated: { exitCode: 0, reason: 'Completed' } },
        },
      ],
    },
    phase: 'Running',
    containers: ['init: Completed 0, ready', 'main: runs, started, ready'],
    initialized: true,
  },
  {
    name: 'a container that vanished is counted, and its end unknown',
    has: [samplePause()],
    told: toldRunning,
    phase: 'Running',
    containers: ['main: ContainerCreating, restart 3'],
    ready: unready,
  },
];

for (const { name, spec, metadata, has, memory, told, phase, containers, initialized, ready } of cases) {
  test(`told: ${name}`, () => {
    const pod = samplePod(spec, metadata);
    pod.status = { ...pod.status, ...told } as Pod['status'];
    const status = podStatus(pod, sampleView(pod, has, memory), '192.0.2.7', moment);
    assert.equal([status.phase, status.reason].filter(Boolean).join(' '), phase);
    assert.deepEqual(
      [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].map(short),
      containers,
    );
    const of = (wanted: string) => status.conditions?.find(({ type }) => type === wanted);
    if (initialized !== undefined) assert.equal(of('Initialized')?.status, initialized ? 'True' : 'False');
    const found = of('ContainersReady');
    assert.equal(found?.status === 'True' ? undefined : (found?.message ?? found?.reason), ready);
  });
}

test('what vanished stays counted once, also when it is made again', () => {
  const pod = samplePod();
  pod.status = toldRunning as Pod['status'];
  const first = podStatus(pod, sampleView(pod, [samplePause()]), '192.0.2.7', moment);
  assert.equal(first.containerStatuses?.[0]?.lastState?.terminated?.reason, 'ContainerStatusUnknown');
  assert.equal(first.containerStatuses?.[0]?.containerID, undefined);
  const later = { ...pod, status: first };
  const second = podStatus(later, sampleView(later, [samplePause()]), '192.0.2.7', moment);
  assert.deepEqual(second.containerStatuses, first.containerStatuses);
});

test('the count of restarts never falls, though Docker has forgotten the newest', () => {
  const pod = samplePod();
  pod.status = toldRunning as Pod['status'];
  const older = sampleContainer('main', { attempt: 1, state: 'exited' });
  const { containerStatuses } = podStatus(pod, sampleView(pod, [samplePause(), older]), '192.0.2.7', moment);
  assert.equal(containerStatuses?.[0]?.restartCount, 2);
});

test('readiness gates are told of one by one', () => {
  const pod = samplePod({ readinessGates: ['a', 'b', 'c'].map((conditionType) => ({ conditionType })) });
  pod.status.conditions = [
    { type: 'a', status: 'True' },
    { type: 'b', status: 'False' },
  ];
  const view = sampleView(pod, [samplePause(), sampleContainer('main')]);
  const { conditions } = podStatus(pod, view, '192.0.2.7', moment);
  const ready = conditions?.find(({ type }) => type === 'Ready');
  assert.equal(ready?.reason, 'ReadinessGatesNotReady');
  assert.equal(
    ready?.message,
    'the status of pod readiness gate "b" is not "True", but False, corresponding condition of pod readiness gate "c" does not exist.',
  );
});

test('a message that is longer than its share is cut', () => {
  const pod = samplePod({ restartPolicy: 'Never' });
  const messages = new Map([['main-0', 'x'.repeat(5000)]]);
  const { containerStatuses } = podStatus(pod, sampleView(pod, [exited(1)], { messages }), '192.0.2.7', moment);
  assert.equal(containerStatuses?.[0]?.state?.terminated?.message?.length, 4096);
});
