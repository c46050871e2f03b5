import type { Pod } from '../../api/kinds/pod.ts';
import { deleted, exited, initSpec, type PlanCase, stopping, testPlans, twoSpec } from './plan-cases.ts';
import { nowMs, sampleContainer, samplePause } from './pod-samples.ts';
import type { Stopping } from './pod-view.ts';

const both = [samplePause(), sampleContainer('main')];
const stops = (entries: Record<string, Stopping>) => ({ stopping: new Map(Object.entries(entries)) });
const mainStops = (agoMs: number, changes: Partial<Stopping> = {}) => stops({ 'main-0': stopping(agoMs, changes) });
const preStopSpec: Partial<Pod['spec']> = {
  containers: [{ name: 'main', image: 'nginx', lifecycle: { preStop: { exec: { command: ['bye'] } } } }],
};

const deletion: PlanCase[] = [
  {
    name: 'a pod behind a service runs on until no node sends it requests',
    metadata: deleted,
    memory: { leavesUntilMs: nowMs + 150 },
    has: both,
    steps: [],
    wakeInMs: 150,
  },
  {
    name: 'with the grace of its manifest where the deletion names none',
    spec: { terminationGracePeriodSeconds: 7 },
    metadata: { deletionTimestamp: deleted.deletionTimestamp },
    has: both,
    steps: ['stop main-0 7s: Stopping container main'],
  },
  {
    name: 'no grace at all is a second',
    spec: { terminationGracePeriodSeconds: 0 },
    metadata: { deletionTimestamp: deleted.deletionTimestamp },
    has: both,
    steps: ['stop main-0 1s: Stopping container main'],
  },
  {
    name: 'containers are told to stop',
    metadata: deleted,
    has: both,
    steps: ['stop main-0 30s: Stopping container main'],
  },
  {
    name: 'each by its own signal',
    metadata: deleted,
    has: [samplePause(), sampleContainer('main', { stopSignal: 'SIGQUIT' })],
    memory: mainStops(0, { signalledMs: undefined }),
    steps: ['terminate main-0 SIGQUIT'],
  },
  {
    name: 'and given the time they have',
    metadata: deleted,
    has: both,
    memory: mainStops(1_000),
    steps: [],
    wakeInMs: 29_000,
  },
  {
    name: 'a grace that is shortened meanwhile counts',
    metadata: { ...deleted, deletionGracePeriodSeconds: 5 },
    has: both,
    memory: mainStops(10_000),
    steps: ['shortenGrace main-0 5s'],
  },
  {
    name: 'one that is made longer does not',
    metadata: { ...deleted, deletionGracePeriodSeconds: 60 },
    has: both,
    memory: mainStops(30_000),
    steps: ['kill main-0'],
  },
  { name: 'then they are killed', metadata: deleted, has: both, memory: mainStops(30_000), steps: ['kill main-0'] },
  {
    name: 'not before two seconds, however short the grace is',
    metadata: { ...deleted, deletionGracePeriodSeconds: 1 },
    has: both,
    memory: mainStops(1_500, { graceMs: 1_000 }),
    steps: [],
    wakeInMs: 500,
  },
  {
    name: 'a kill without effect is tried again later',
    metadata: deleted,
    has: both,
    memory: mainStops(31_000, { killedMs: nowMs - 1_000 }),
    steps: [],
    wakeInMs: 9_000,
  },
  {
    name: 'and again',
    metadata: deleted,
    has: both,
    memory: mainStops(45_000, { killedMs: nowMs - 10_000 }),
    steps: ['kill main-0'],
  },
  {
    name: 'when all have ended everything is removed',
    metadata: deleted,
    has: [samplePause(), exited(0)],
    steps: ['detach', 'remove POD-0', 'remove main-0'],
  },
  {
    name: 'not before',
    spec: twoSpec,
    metadata: deleted,
    has: [samplePause(), exited(0), sampleContainer('side')],
    memory: stops({ 'side-0': stopping(1_000) }),
    steps: [],
    wakeInMs: 29_000,
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
    name: 'one that has failed and is to be restarted is not',
    metadata: deleted,
    has: [samplePause(), exited(1)],
    steps: ['detach', 'remove POD-0', 'remove main-0'],
  },
  {
    name: 'in init: what runs is stopped',
    spec: initSpec,
    metadata: deleted,
    has: [samplePause(), sampleContainer('init')],
    steps: ['stop init-0 30s: Stopping container init'],
  },
  { name: 'an orphan is stopped', isGone: true, has: both, steps: ['stop main-0 2s: Stopping container main'] },
  {
    name: 'with little grace, also where it had more before',
    isGone: true,
    has: both,
    memory: mainStops(1_000),
    steps: ['shortenGrace main-0 2s'],
  },
  {
    name: 'then killed',
    isGone: true,
    has: both,
    memory: mainStops(2_000, { graceMs: 2_000 }),
    steps: ['kill main-0'],
  },
  { name: 'and removed', isGone: true, has: [samplePause()], steps: ['detach', 'remove POD-0'] },
];

const preStop: PlanCase[] = [
  {
    name: 'the hook comes first',
    spec: preStopSpec,
    metadata: deleted,
    has: both,
    steps: ['stop main-0 30s with hook: Stopping container main'],
  },
  {
    name: 'of who has one',
    spec: { containers: [...(preStopSpec.containers ?? []), { name: 'side', image: 'busybox' }] },
    metadata: deleted,
    has: [...both, sampleContainer('side')],
    steps: ['stop main-0 30s with hook: Stopping container main', 'stop side-0 30s: Stopping container side'],
  },
  {
    name: 'and is waited for',
    spec: preStopSpec,
    metadata: deleted,
    has: both,
    memory: mainStops(10_000, { inHook: true, signalledMs: undefined }),
    steps: [],
    wakeInMs: 20_000,
  },
  {
    name: 'then comes the signal',
    spec: preStopSpec,
    metadata: deleted,
    has: both,
    memory: mainStops(10_000, { signalledMs: undefined }),
    steps: ['terminate main-0 SIGTERM'],
  },
  {
    name: 'what the hook took is taken off the grace',
    spec: preStopSpec,
    metadata: deleted,
    has: both,
    memory: mainStops(25_000, { signalledMs: nowMs - 5_000 }),
    steps: [],
    wakeInMs: 5_000,
  },
  {
    name: 'a hook that takes all of the grace is waited for no longer',
    spec: preStopSpec,
    metadata: deleted,
    has: both,
    memory: mainStops(30_000, { inHook: true, signalledMs: undefined }),
    steps: ['terminate main-0 SIGTERM'],
  },
  {
    name: 'two seconds are left all the same',
    spec: preStopSpec,
    metadata: deleted,
    has: both,
    memory: mainStops(31_000, { signalledMs: nowMs - 500 }),
    steps: [],
    wakeInMs: 1_500,
  },
  {
    name: 'an orphan has nobody who knows its hook',
    spec: preStopSpec,
    isGone: true,
    has: both,
    steps: ['stop main-0 2s: Stopping container main'],
  },
];

const sidecarSpec: Partial<Pod['spec']> = {
  initContainers: [
    { name: 'init', image: 'busybox', restartPolicy: 'Always' },
    { name: 'side', image: 'busybox', restartPolicy: 'Always' },
  ],
};
const all = [samplePause(), sampleContainer('init'), sampleContainer('side'), sampleContainer('main')];
const unsignalled = (agoMs: number) => stopping(agoMs, { signalledMs: undefined });

const order: PlanCase[] = [
  {
    name: 'all are told at once, and their hooks begin',
    spec: sidecarSpec,
    metadata: deleted,
    has: all,
    steps: [
      'stop init-0 30s: Stopping container init',
      'stop side-0 30s: Stopping container side',
      'stop main-0 30s: Stopping container main',
    ],
  },
  {
    name: 'sidecars run on while the pod’s own containers do',
    spec: sidecarSpec,
    metadata: deleted,
    has: all,
    memory: stops({ 'init-0': unsignalled(0), 'side-0': unsignalled(0), 'main-0': unsignalled(0) }),
    steps: ['terminate main-0 SIGTERM'],
    wakeInMs: 30_000,
  },
  {
    name: 'the pod’s own do not wait for each other',
    spec: { initContainers: [{ name: 'init', image: 'busybox', restartPolicy: 'Always' }], ...twoSpec },
    metadata: deleted,
    has: [samplePause(), sampleContainer('init'), sampleContainer('main'), sampleContainer('side')],
    memory: stops({ 'init-0': unsignalled(0), 'main-0': unsignalled(0), 'side-0': unsignalled(0) }),
    steps: ['terminate main-0 SIGTERM', 'terminate side-0 SIGTERM'],
    wakeInMs: 30_000,
  },
  {
    name: 'then the last of them ends',
    spec: sidecarSpec,
    metadata: deleted,
    has: [samplePause(), sampleContainer('init'), sampleContainer('side'), exited(0)],
    memory: stops({ 'init-0': unsignalled(1_000), 'side-0': unsignalled(1_000) }),
    steps: ['terminate side-0 SIGTERM'],
    wakeInMs: 29_000,
  },
  {
    name: 'then the one before it',
    spec: sidecarSpec,
    metadata: deleted,
    has: [samplePause(), sampleContainer('init'), sampleContainer('side', { state: 'exited' }), exited(0)],
    memory: stops({ 'init-0': unsignalled(1_000) }),
    steps: ['terminate init-0 SIGTERM'],
  },
  {
    name: 'when the grace is over they wait no longer',
    spec: sidecarSpec,
    metadata: deleted,
    has: all,
    memory: stops({ 'init-0': unsignalled(30_000), 'side-0': unsignalled(30_000), 'main-0': stopping(30_000) }),
    steps: ['terminate init-0 SIGTERM', 'terminate side-0 SIGTERM', 'kill main-0'],
  },
  {
    name: 'a pod that is done ends its sidecars with the grace it has',
    spec: { ...sidecarSpec, restartPolicy: 'Never' },
    has: [samplePause(), sampleContainer('init'), sampleContainer('side'), exited(0)],
    steps: ['stop init-0 30s: Stopping container init', 'stop side-0 30s: Stopping container side'],
  },
  {
    name: 'OnFailure: also when it has succeeded',
    spec: { ...sidecarSpec, restartPolicy: 'OnFailure' },
    has: [samplePause(), sampleContainer('side'), exited(0)],
    steps: ['stop side-0 30s: Stopping container side'],
  },
  {
    name: 'and keeps all for their logs, but for what they shared',
    spec: { ...sidecarSpec, restartPolicy: 'Never' },
    has: [samplePause(), sampleContainer('side', { state: 'exited', exitCode: 137 }), exited(0)],
    steps: ['detach', 'remove POD-0'],
  },
];

const started = { startedMs: nowMs - 60_000 };
const deadline: PlanCase[] = [
  {
    name: 'a pod is looked at again when its time is over',
    spec: { activeDeadlineSeconds: 70 },
    memory: started,
    has: both,
    steps: [],
    wakeInMs: 10_000,
  },
  {
    name: 'then it is told of and stopped',
    spec: { activeDeadlineSeconds: 60 },
    memory: started,
    has: both,
    steps: ['tellDeadline', 'stop main-0 30s: Stopping container main'],
  },
  {
    name: 'once',
    spec: { activeDeadlineSeconds: 60 },
    has: both,
    memory: { ...started, toldDeadline: true, ...mainStops(1_000) },
    steps: [],
    wakeInMs: 29_000,
  },
  {
    name: 'nothing is restarted then',
    spec: { activeDeadlineSeconds: 60 },
    has: [samplePause(), exited(1)],
    memory: { ...started, toldDeadline: true },
    steps: ['detach', 'remove POD-0'],
  },
  {
    name: 'also where it has not begun to run',
    spec: { activeDeadlineSeconds: 60 },
    memory: started,
    has: [],
    steps: ['tellDeadline', 'release'],
  },
  {
    name: 'of one that has ended nothing is told',
    spec: { activeDeadlineSeconds: 60 },
    phase: 'Succeeded',
    has: [exited(0)],
    memory: { ...started, released: true },
    steps: [],
  },
  {
    name: 'before the API was told when it began, it counts from when it was seen',
    spec: { activeDeadlineSeconds: 12 },
    has: both,
    steps: [],
    wakeInMs: 1_000,
  },
];

const evicted = { reason: 'Evicted', message: 'The node was low on resource: memory. ', graceMs: 1_000 };
const verdicts: PlanCase[] = [
  {
    name: 'what the node ends has the grace that the node gives it',
    has: both,
    memory: { verdict: evicted },
    steps: ['stop main-0 1s: Stopping container main'],
  },
  {
    name: 'and its own where the node says nothing of it',
    spec: { terminationGracePeriodSeconds: 7 },
    has: both,
    memory: { verdict: { reason: 'Preempting', message: '' } },
    steps: ['stop main-0 7s: Stopping container main'],
  },
  {
    name: 'nothing of it is restarted, and its containers stay for their logs',
    has: [samplePause(), exited(1)],
    memory: { verdict: evicted },
    steps: ['detach', 'remove POD-0'],
  },
  {
    name: 'who is being deleted has no longer than the node gives it',
    metadata: { ...deleted, deletionGracePeriodSeconds: 3600 },
    has: both,
    memory: { verdict: evicted, ...mainStops(5_000, { graceMs: 3_600_000 }) },
    steps: ['shortenGrace main-0 1s'],
  },
  {
    name: 'nor longer than the deletion',
    metadata: { ...deleted, deletionGracePeriodSeconds: 5 },
    has: both,
    memory: { verdict: { ...evicted, graceMs: 90_000 } },
    steps: ['stop main-0 5s: Stopping container main'],
  },
  { name: 'who is turned away at the door is not begun', memory: { verdict: evicted }, steps: ['release'] },
  {
    name: 'that its time is over as well is not told',
    spec: { activeDeadlineSeconds: 1 },
    has: both,
    memory: { verdict: evicted },
    steps: ['stop main-0 1s: Stopping container main'],
  },
];

testPlans({ deletion, preStop, order, deadline, verdicts });
