import type { Pod } from '../../api/kinds/pod.ts';
import { shownFields } from '../volumes/downward-api.ts';
import { exited, type PlanCase, stopping, testPlans, twoSpec } from './plan-cases.ts';
import { nowMs, sampleContainer, samplePause, samplePod } from './pod-samples.ts';

const onceMore = (seconds: number) => exited(1, { backoffSeconds: seconds });

const tokenSpec: Partial<Pod['spec']> = {
  containers: [{ name: 'main', image: 'nginx', volumeMounts: [{ name: 'access', mountPath: '/access' }] }],
  volumes: [{ name: 'access', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
};

const tokens: PlanCase[] = [
  {
    name: 'who prepares sees to tokens',
    spec: tokenSpec,
    memory: { prepared: false },
    steps: ['prepare', 'createPause 0'],
  },
  {
    name: 'an agent that starts anew looks at the tokens of what runs',
    spec: tokenSpec,
    has: [samplePause(), sampleContainer('main')],
    memory: { refreshVolumesAtMs: 0 },
    steps: ['refreshVolumes'],
  },
  {
    name: 'tokens that are valid for long are left alone',
    spec: tokenSpec,
    has: [samplePause(), sampleContainer('main')],
    memory: { refreshVolumesAtMs: nowMs + 60_000, shownFields: shownFields(samplePod()) },
    steps: [],
    wakeInMs: 60_000,
  },
  {
    name: 'labels that are not what volumes show are shown',
    spec: tokenSpec,
    has: [samplePause(), sampleContainer('main')],
    memory: { refreshVolumesAtMs: nowMs + 60_000, shownFields: 'other' },
    steps: ['refreshVolumes'],
  },
  {
    name: 'a pod without volumes that follow the API never refreshes any',
    has: [samplePause(), sampleContainer('main')],
    memory: { refreshVolumesAtMs: 0, shownFields: 'other' },
    steps: [],
  },
];

const failedPull = (changes: { failedAtMs: number; told: boolean }) =>
  new Map([['main', { of: 'nginx', state: 'failed' as const, message: '', retryAtMs: nowMs + 7_000, ...changes }]]);

const starting: PlanCase[] = [
  { name: 'files come with the pause container', memory: { prepared: false }, steps: ['prepare', 'createPause 0'] },
  {
    name: 'a pause container without files is not started',
    has: [samplePause({ state: 'created' })],
    memory: { prepared: false, attached: undefined },
    steps: ['prepare'],
  },
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
      containers: [
        { name: 'main', image: 'nginx', env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }] },
      ],
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
    memory: { images: new Map([['main', { of: 'nginx', state: 'pulling' }]]) },
    steps: [],
  },
  {
    name: 'a failed pull is told of after a while, and tried again later',
    has: [samplePause()],
    memory: {
      images: new Map([
        [
          'main',
          {
            of: 'nginx',
            state: 'failed',
            message: '',
            failedAtMs: nowMs - 3_000,
            retryAtMs: nowMs + 7_000,
            told: false,
          },
        ],
      ]),
    },
    steps: ['tellImageBackoff main'],
    wakeInMs: 7_000,
  },
  {
    name: 'not before it was shown as such for two seconds',
    has: [samplePause()],
    memory: { images: failedPull({ failedAtMs: nowMs - 500, told: false }) },
    steps: [],
    wakeInMs: 1_500,
  },
  {
    name: 'and only once',
    has: [samplePause()],
    memory: { images: failedPull({ failedAtMs: nowMs - 3_000, told: true }) },
    steps: [],
    wakeInMs: 7_000,
  },
  {
    name: 'a failed pull is tried again when its time has come',
    has: [samplePause()],
    memory: {
      images: new Map([
        ['main', { of: 'nginx', state: 'failed', message: '', failedAtMs: 0, retryAtMs: nowMs, told: true }],
      ]),
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

const restarts: PlanCase[] = [
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
    has: [samplePause(), exited(1, { backoffSeconds: 20, endedMs: nowMs - 20_000 })],
    steps: ['create main 1 backoff 40'],
  },
  {
    name: 'up to five minutes',
    has: [samplePause(), exited(1, { backoffSeconds: 300, endedMs: nowMs - 300_000 })],
    steps: ['create main 1 backoff 300'],
  },
  {
    name: 'who ran for more than ten minutes begins anew',
    has: [samplePause(), exited(1, { backoffSeconds: 300, startedMs: nowMs - 602_000, endedMs: nowMs - 1_000 })],
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
    name: 'also where it has an older one',
    has: [samplePause(), exited(1, { attempt: 3 })],
    status: {
      containerStatuses: [
        { name: 'main', image: '', imageID: '', ready: true, restartCount: 4, containerID: 'docker://old' },
      ],
    },
    steps: ['create main 5 backoff 10'],
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
  {
    name: 'Never: what was told of and not made yet is run',
    spec: { ...twoSpec, restartPolicy: 'Never' },
    has: [samplePause(), sampleContainer('main')],
    status: {
      containerStatuses: [
        { name: 'main', image: '', imageID: '', ready: true, restartCount: 0, containerID: 'docker://main-0' },
        { name: 'side', image: '', imageID: '', ready: false, restartCount: 0 },
      ],
    },
    steps: ['create side 0 backoff 0'],
  },
  {
    name: 'a finished pod needs its volumes and its control group no more',
    phase: 'Succeeded',
    has: [],
    steps: ['release'],
  },
  {
    name: 'it stays finished, and its containers stay for their logs',
    phase: 'Failed',
    has: [exited(1)],
    memory: { released: true },
    steps: [],
  },
];

const lostPause: PlanCase[] = [
  {
    name: 'what runs in lost namespaces is stopped',
    has: [samplePause({ state: 'exited' }), sampleContainer('main')],
    steps: ['tellPauseLost', 'stop main-0 30s: Stopping container main'],
  },
  {
    name: 'with the grace that the pod has',
    has: [samplePause({ state: 'exited' }), sampleContainer('main')],
    memory: { stopping: new Map([['main-0', stopping(10_000)]]) },
    steps: [],
    wakeInMs: 20_000,
  },
  {
    name: 'that they are lost is told also where one of them was being stopped',
    spec: twoSpec,
    has: [samplePause({ state: 'exited' }), sampleContainer('main'), sampleContainer('side')],
    memory: { stopping: new Map([['main-0', stopping(10_000)]]) },
    steps: ['tellPauseLost', 'stop side-0 30s: Stopping container side'],
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

testPlans({ starting, tokens, restarts, lostPause });
