import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import type { ObservedContainer } from '../runtime.ts';
import { planPod, type Step } from './pod-plan.ts';
import { nowMs, sampleContainer, samplePause, samplePod, sampleView } from './pod-samples.ts';
import type { PodMemory } from './pod-view.ts';

interface Case {
  name: string;
  spec?: Partial<Pod['spec']>;
  metadata?: Partial<Pod['metadata']>;
  phase?: string;
  status?: Partial<Pod['status']>;
  isGone?: boolean;
  has?: ObservedContainer[];
  memory?: Partial<PodMemory>;
  steps: string[];
  wakeInMs?: number;
}

/** A step in short: its kind, then what it is about. */
function short(step: Step): string {
  switch (step.kind) {
    case 'createPause':
      return `createPause ${step.attempt}`;
    case 'create':
      return `create ${step.container} ${step.attempt} backoff ${step.backoffSeconds}`;
    case 'stop':
      return `stop ${step.id} ${step.signal}`;
    case 'ensureImage':
    case 'tellImageBackoff':
      return `${step.kind} ${step.container}`;
    case 'start':
    case 'startPause':
    case 'kill':
    case 'remove':
    case 'tellBackoff':
      return `${step.kind} ${step.id}`;
    default:
      return step.kind;
  }
}

const initSpec: Partial<Pod['spec']> = {
  initContainers: [{ name: 'init', image: 'busybox' }],
  containers: [{ name: 'main', image: 'nginx' }],
};
const twoSpec: Partial<Pod['spec']> = {
  containers: [
    { name: 'main', image: 'nginx' },
    { name: 'side', image: 'busybox' },
  ],
};
const deleted = { deletionTimestamp: '2026-11-20T12:00:30Z', deletionGracePeriodSeconds: 30 };
const exited = (exitCode: number, changes: Partial<ObservedContainer> = {}) =>
  sampleContainer('main', { state: 'exited', exitCode, ...changes });
const stopping = (id: string, agoMs: number, killedAgoMs?: number) => ({
  stopping: new Map([
    [id, { sinceMs: nowMs - agoMs, killedMs: killedAgoMs === undefined ? undefined : nowMs - killedAgoMs }],
  ]),
});
const onceMore = (seconds: number) =>
  sampleContainer('main', { state: 'exited', exitCode: 1, backoffSeconds: seconds });

const tokenSpec: Partial<Pod['spec']> = {
  containers: [{ name: 'main', image: 'nginx' }],
  volumes: [{ name: 'access', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
};

const tokens: Case[] = [
  { name: 'who prepares sees to tokens', spec: tokenSpec, memory: { prepared: false }, steps: ['prepare'] },
  {
    name: 'an agent that starts anew looks at the tokens of what runs',
    spec: tokenSpec,
    has: [samplePause(), sampleContainer('main')],
    memory: { renewTokensAtMs: 0 },
    steps: ['renewTokens'],
  },
  {
    name: 'tokens that are valid for long are left alone',
    spec: tokenSpec,
    has: [samplePause(), sampleContainer('main')],
    memory: { renewTokensAtMs: nowMs + 60_000 },
    steps: [],
    wakeInMs: 60_000,
  },
];

const starting: Case[] = [
  { name: 'files come first', memory: { prepared: false }, steps: ['prepare'] },
  { name: 'then the pause container', steps: ['createPause 0'] },
  {
    name: 'with the images at the same time',
    memory: { images: new Map() },
    steps: ['createPause 0', 'ensureImage main'],
  },
  {
    name: 'containers are made while the pause container starts',
    spec: twoSpec,
    has: [samplePause({ state: 'created' })],
    memory: { attached: undefined },
    steps: ['startPause POD-0', 'create main 0 backoff 0', 'create side 0 backoff 0'],
  },
  {
    name: 'none is started before the network is there',
    has: [samplePause(), sampleContainer('main', { state: 'created' })],
    memory: { attached: undefined },
    steps: ['attach'],
  },
  {
    name: 'one that is told the address is not made before it is known',
    spec: {
      containers: [{ name: 'main', env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }] }],
    },
    has: [samplePause()],
    memory: { attached: undefined },
    steps: ['attach'],
  },
  {
    name: 'what was made before a crash is started, not made again',
    has: [samplePause(), sampleContainer('main', { state: 'created' })],
    steps: ['start main-0'],
  },
  {
    name: 'the network of the host needs no wiring',
    spec: { hostNetwork: true },
    has: [samplePause(), sampleContainer('main', { state: 'created' })],
    memory: { attached: undefined },
    steps: ['start main-0'],
  },
  { name: 'a pod that runs needs nothing', has: [samplePause(), sampleContainer('main')], steps: [] },
  {
    name: 'a pod whose volume cannot be had waits',
    memory: { prepared: false, mountProblem: { reason: 'FailedMount', message: '', retryAtMs: nowMs + 3_000 } },
    steps: [],
    wakeInMs: 3_000,
  },
  {
    name: 'a pull is waited for',
    has: [samplePause()],
    memory: { images: new Map([['main', { state: 'pulling' }]]) },
    steps: [],
  },
  {
    name: 'a failed pull is told of after a while, and tried again later',
    has: [samplePause()],
    memory: {
      images: new Map([
        ['main', { state: 'failed', message: '', failedAtMs: nowMs - 3_000, retryAtMs: nowMs + 7_000, told: false }],
      ]),
    },
    steps: ['tellImageBackoff main'],
    wakeInMs: 7_000,
  },
  {
    name: 'a failed pull is tried again when its time has come',
    has: [samplePause()],
    memory: {
      images: new Map([['main', { state: 'failed', message: '', failedAtMs: 0, retryAtMs: nowMs, told: true }]]),
    },
    steps: ['ensureImage main'],
  },
  {
    name: 'a container that could not be made is tried again later',
    has: [samplePause()],
    memory: { problems: new Map([['main', { reason: 'x', message: '', retryAtMs: nowMs + 10 }]]) },
    steps: [],
    wakeInMs: 10,
  },
];

const init: Case[] = [
  {
    name: 'init containers come before the others',
    spec: initSpec,
    has: [samplePause()],
    steps: ['create init 0 backoff 0'],
  },
  { name: 'and are waited for', spec: initSpec, has: [samplePause(), sampleContainer('init')], steps: [] },
  {
    name: 'the others follow when init has succeeded',
    spec: initSpec,
    has: [samplePause(), sampleContainer('init', { state: 'exited' })],
    steps: ['create main 0 backoff 0'],
  },
  {
    name: 'a failed init container is run again',
    spec: initSpec,
    has: [samplePause(), sampleContainer('init', { state: 'exited', exitCode: 1 })],
    steps: ['create init 1 backoff 10'],
  },
  {
    name: 'unless the pod is never restarted: then it is over',
    spec: { ...initSpec, restartPolicy: 'Never' },
    has: [samplePause(), sampleContainer('init', { state: 'exited', exitCode: 1 })],
    steps: ['detach', 'remove POD-0'],
  },
  {
    name: 'init is not run again for a pod whose containers have been made',
    spec: initSpec,
    has: [samplePause(), exited(1)],
    steps: ['create main 1 backoff 10'],
  },
  {
    name: 'in new namespaces init is run again',
    spec: initSpec,
    has: [samplePause({ attempt: 1 }), sampleContainer('init', { state: 'exited' })],
    memory: { attached: { pauseId: 'POD-1', address: '10.42.0.2' } },
    steps: ['create init 1 backoff 10'],
  },
];

const restarts: Case[] = [
  { name: 'Always: the first time at once', has: [samplePause(), exited(1)], steps: ['create main 1 backoff 10'] },
  { name: 'Always: after success too', has: [samplePause(), exited(0)], steps: ['create main 1 backoff 10'] },
  {
    name: 'then with a back-off that is told of',
    has: [samplePause(), onceMore(10)],
    steps: ['tellBackoff main-0'],
    wakeInMs: 9_000,
  },
  {
    name: 'once',
    has: [samplePause(), onceMore(10)],
    memory: { toldBackoff: new Set(['main-0']) },
    steps: [],
    wakeInMs: 9_000,
  },
  {
    name: 'and doubles',
    has: [samplePause(), exited(1, { backoffSeconds: 20, finishedAt: nowMs - 20_000 })],
    steps: ['create main 1 backoff 40'],
  },
  {
    name: 'up to five minutes',
    has: [samplePause(), exited(1, { backoffSeconds: 300, finishedAt: nowMs - 300_000 })],
    steps: ['create main 1 backoff 300'],
  },
  {
    name: 'who ran for more than ten minutes begins anew',
    has: [samplePause(), exited(1, { backoffSeconds: 300, startedAt: nowMs - 602_000, finishedAt: nowMs - 1_000 })],
    steps: ['create main 1 backoff 10'],
  },
  {
    name: 'OnFailure: a failure',
    spec: { restartPolicy: 'OnFailure' },
    has: [samplePause(), exited(1)],
    steps: ['create main 1 backoff 10'],
  },
  {
    name: 'OnFailure: success is the end',
    spec: { restartPolicy: 'OnFailure' },
    has: [samplePause(), exited(0)],
    steps: ['detach', 'remove POD-0'],
  },
  {
    name: 'Never: a failure is the end',
    spec: { restartPolicy: 'Never' },
    has: [samplePause(), exited(1)],
    steps: ['detach', 'remove POD-0'],
  },
  {
    name: 'Never: not before all have ended',
    spec: { ...twoSpec, restartPolicy: 'Never' },
    has: [samplePause(), exited(1), sampleContainer('side')],
    steps: [],
  },
  {
    name: 'what could not be started is a failure',
    has: [samplePause(), exited(127, { startError: 'no such file', startedAt: undefined, finishedAt: undefined })],
    steps: ['create main 1 backoff 10'],
  },
  {
    name: 'only the newest two are kept',
    has: [samplePause(), exited(1), exited(1, { attempt: 1 }), sampleContainer('main', { attempt: 2 })],
    steps: ['remove main-0'],
  },
  {
    name: 'the count goes on from what the API was told where Docker has forgotten',
    has: [samplePause()],
    status: {
      containerStatuses: [
        { name: 'main', image: '', imageID: '', ready: true, restartCount: 4, containerID: 'docker://old' },
      ],
    },
    steps: ['create main 5 backoff 0'],
  },
  {
    name: 'Never: what Docker has forgotten is not run a second time',
    spec: { restartPolicy: 'Never' },
    has: [samplePause()],
    status: {
      containerStatuses: [
        { name: 'main', image: '', imageID: '', ready: true, restartCount: 0, containerID: 'docker://old' },
      ],
    },
    steps: ['detach', 'remove POD-0'],
  },
  { name: 'a finished pod stays finished', phase: 'Succeeded', has: [], steps: [] },
  { name: 'and its containers stay for their logs', phase: 'Failed', has: [exited(1)], steps: [] },
];

const lostPause: Case[] = [
  {
    name: 'what runs in lost namespaces is stopped',
    has: [samplePause({ state: 'exited' }), sampleContainer('main')],
    steps: ['tellPauseLost', 'stop main-0 SIGTERM'],
  },
  {
    name: 'with the grace that the pod has',
    has: [samplePause({ state: 'exited' }), sampleContainer('main')],
    memory: stopping('main-0', 10_000),
    steps: [],
    wakeInMs: 20_000,
  },
  {
    name: 'then the pod is made anew',
    has: [samplePause({ state: 'exited' }), exited(137)],
    steps: ['remove POD-0', 'createPause 1'],
  },
  {
    name: 'and its containers with it',
    has: [samplePause({ attempt: 1 }), exited(137)],
    memory: { attached: { pauseId: 'POD-1', address: '10.42.0.2' } },
    steps: ['create main 1 backoff 10'],
  },
  {
    name: 'the new namespaces are wired first',
    has: [samplePause({ attempt: 1 }), sampleContainer('main', { state: 'created', attempt: 1, pauseId: 'POD-1' })],
    steps: ['attach'],
  },
  {
    name: 'what was made for lost namespaces and never started is removed',
    has: [samplePause({ attempt: 1 }), sampleContainer('main', { state: 'created' })],
    memory: { attached: { pauseId: 'POD-1', address: '10.42.0.2' } },
    steps: ['remove main-0'],
  },
  {
    name: 'unless nothing would be restarted',
    spec: { restartPolicy: 'Never' },
    has: [samplePause({ state: 'exited' }), exited(137)],
    steps: ['detach', 'remove POD-0'],
  },
];

const deletion: Case[] = [
  {
    name: 'a pod behind a service runs on until no node sends it requests',
    metadata: deleted,
    memory: { leavesUntilMs: nowMs + 150 },
    has: [samplePause(), sampleContainer('main')],
    steps: [],
    wakeInMs: 150,
  },
  {
    name: 'containers are asked to stop, each by its own signal',
    metadata: deleted,
    has: [samplePause(), sampleContainer('main', { stopSignal: 'SIGQUIT' })],
    steps: ['stop main-0 SIGQUIT'],
  },
  {
    name: 'and given the time they have',
    metadata: deleted,
    has: [samplePause(), sampleContainer('main')],
    memory: stopping('main-0', 1_000),
    steps: [],
    wakeInMs: 29_000,
  },
  {
    name: 'a grace that was shortened meanwhile counts',
    metadata: { ...deleted, deletionGracePeriodSeconds: 1 },
    has: [samplePause(), sampleContainer('main')],
    memory: stopping('main-0', 1_000),
    steps: ['kill main-0'],
  },
  {
    name: 'then they are killed',
    metadata: deleted,
    has: [samplePause(), sampleContainer('main')],
    memory: stopping('main-0', 30_000),
    steps: ['kill main-0'],
  },
  {
    name: 'a kill without effect is tried again later',
    metadata: deleted,
    has: [samplePause(), sampleContainer('main')],
    memory: stopping('main-0', 31_000, 1_000),
    steps: [],
    wakeInMs: 9_000,
  },
  {
    name: 'when all have ended everything is removed',
    metadata: deleted,
    has: [samplePause(), exited(0)],
    steps: ['detach', 'remove POD-0', 'remove main-0'],
  },
  { name: 'last the API is told', metadata: deleted, has: [], steps: ['detach', 'forget'] },
  { name: 'once', metadata: deleted, has: [], memory: { gone: true }, steps: [] },
  {
    name: 'a pod deleted while it starts is not started',
    metadata: deleted,
    has: [samplePause({ state: 'created' }), sampleContainer('main', { state: 'created' })],
    steps: ['detach', 'remove POD-0', 'remove main-0'],
  },
  {
    name: 'an orphan is stopped',
    isGone: true,
    has: [samplePause(), sampleContainer('main')],
    steps: ['stop main-0 SIGTERM'],
  },
  {
    name: 'with little grace',
    isGone: true,
    has: [samplePause(), sampleContainer('main')],
    memory: stopping('main-0', 1_000),
    steps: ['kill main-0'],
  },
  { name: 'and removed', isGone: true, has: [samplePause()], steps: ['detach', 'remove POD-0'] },
];

for (const [group, cases] of Object.entries({ starting, tokens, init, restarts, lostPause, deletion })) {
  for (const { name, spec, metadata, phase, status, isGone, has = [], memory, steps, wakeInMs } of cases) {
    test(`${group}: ${name}`, () => {
      const pod = samplePod(spec, metadata);
      pod.status = { ...pod.status, ...(phase && { phase }), ...status } as Pod['status'];
      const plan = planPod(sampleView(isGone ? undefined : pod, has, memory), nowMs);
      assert.deepEqual(plan.steps.map(short), steps);
      assert.equal(plan.wakeAtMs, wakeInMs === undefined ? undefined : nowMs + wakeInMs);
    });
  }
}
