import type { Pod } from '../../api/kinds/pod.ts';
import { deleted, exited, type PlanCase, stopping, testPlans } from './plan-cases.ts';
import { nowMs, sampleContainer, samplePause } from './pod-samples.ts';
import type { HookState, ImageSituation, Probed } from './pod-view.ts';

const running = [samplePause(), sampleContainer('main')];
const probed = (found: Probed) => ({ probed: new Map([['main-0', found]]) });
const failing = (probe: 'startup' | 'liveness', graceSeconds?: number) =>
  probed({ started: true, ready: false, failure: { probe, ...(graceSeconds !== undefined && { graceSeconds }) } });

const probes: PlanCase[] = [
  { name: 'one that is not ready runs on', has: running, memory: probed({ started: true, ready: false }), steps: [] },
  {
    name: 'one that has not started runs on',
    has: running,
    memory: probed({ started: false, ready: false }),
    steps: [],
  },
  {
    name: 'who fails liveness is ended to be restarted',
    has: running,
    memory: failing('liveness'),
    steps: ['stop main-0 30s and again: Container main failed liveness probe, will be restarted'],
  },
  {
    name: 'OnFailure: too',
    spec: { restartPolicy: 'OnFailure' },
    has: running,
    memory: failing('liveness'),
    steps: ['stop main-0 30s and again: Container main failed liveness probe, will be restarted'],
  },
  {
    name: 'Never: it is ended',
    spec: { restartPolicy: 'Never' },
    has: running,
    memory: failing('liveness'),
    steps: ['stop main-0 30s: Container main failed liveness probe'],
  },
  {
    name: 'who fails startup',
    has: running,
    memory: failing('startup'),
    steps: ['stop main-0 30s and again: Container main failed startup probe, will be restarted'],
  },
  {
    name: 'the probe may give it a grace of its own',
    has: running,
    memory: failing('liveness', 5),
    steps: ['stop main-0 5s and again: Container main failed liveness probe, will be restarted'],
  },
  {
    name: 'then comes the signal',
    has: running,
    memory: { stopping: new Map([['main-0', stopping(0, { signalledMs: undefined })]]) },
    steps: ['terminate main-0 SIGTERM'],
  },
  {
    name: 'which is kept to',
    has: running,
    memory: { ...failing('liveness', 5), stopping: new Map([['main-0', stopping(5_000, { graceMs: 5_000 })]]) },
    steps: ['kill main-0'],
  },
  {
    name: 'also when the probe is forgotten meanwhile',
    has: running,
    memory: { stopping: new Map([['main-0', stopping(4_000, { graceMs: 5_000 })]]) },
    steps: [],
    wakeInMs: 1_000,
  },
  {
    name: 'a pod that is deleted meanwhile shortens it',
    metadata: { ...deleted, deletionGracePeriodSeconds: 3 },
    has: running,
    memory: { ...failing('liveness', 5), stopping: new Map([['main-0', stopping(1_000, { graceMs: 5_000 })]]) },
    steps: ['shortenGrace main-0 3s'],
  },
  {
    name: 'restarted with the back-off of any failure',
    has: [samplePause(), exited(137, { backoffSeconds: 10 })],
    memory: failing('liveness'),
    steps: ['tellBackoff main-0'],
    wakeInMs: 9_000,
  },
];

const hookSpec: Partial<Pod['spec']> = {
  containers: [
    { name: 'main', image: 'nginx', lifecycle: { postStart: { exec: { command: ['hello'] } } } },
    { name: 'side', image: 'busybox' },
  ],
};
const hook = (state: HookState) => ({ postStart: new Map([['main-0', { state, message: '' }]]) });
const made = (name: string) => sampleContainer(name, { state: 'created' });

const refused: ImageSituation = { of: 'nginx', state: 'refused', reason: 'x', message: '', retryAtMs: nowMs + 10 };
const ready = (of: string): [string, ImageSituation][] => [
  ['side', { of, state: 'ready', image: { source: of, digest: '', sizeBytes: 0 } }],
];

const postStart: PlanCase[] = [
  {
    name: 'one with a hook is started before those after it',
    spec: hookSpec,
    has: [samplePause(), made('main'), made('side')],
    steps: ['start main-0'],
  },
  {
    name: 'then the hook is run',
    spec: hookSpec,
    has: [samplePause(), sampleContainer('main'), made('side')],
    steps: ['postStart main-0'],
  },
  {
    name: 'and waited for',
    spec: hookSpec,
    has: [samplePause(), sampleContainer('main'), made('side')],
    memory: hook('running'),
    steps: [],
  },
  {
    name: 'then the others follow',
    spec: hookSpec,
    has: [samplePause(), sampleContainer('main'), made('side')],
    memory: hook('done'),
    steps: ['start side-0'],
  },
  {
    name: 'a hook that fails ends its container, and holds up nobody',
    spec: hookSpec,
    has: [samplePause(), sampleContainer('main'), made('side')],
    memory: hook('failed'),
    steps: ['stop main-0 30s: FailedPostStartHook', 'start side-0'],
  },
  {
    name: 'one that cannot be had holds up nobody',
    spec: hookSpec,
    has: [samplePause(), made('side')],
    memory: { problems: new Map([['main', { reason: 'x', message: '', retryAtMs: nowMs + 10 }]]) },
    steps: ['start side-0'],
    wakeInMs: 10,
  },
  {
    name: 'one that is about to be made holds up those after it',
    spec: hookSpec,
    has: [samplePause(), made('side')],
    steps: ['create main 0 backoff 0'],
  },
  {
    name: 'one that is being pulled holds up those after it',
    spec: hookSpec,
    has: [samplePause(), made('side')],
    memory: { images: new Map([...ready('busybox'), ['main', { of: 'nginx', state: 'pulling' }]]) },
    steps: [],
  },
  {
    name: 'one that cannot be pulled holds up nobody',
    spec: hookSpec,
    has: [samplePause(), made('side')],
    memory: { images: new Map([...ready('busybox'), ['main', refused]]) },
    steps: ['start side-0'],
    wakeInMs: 10,
  },
  {
    name: 'nor does one that is held back',
    spec: hookSpec,
    has: [samplePause(), exited(1, { backoffSeconds: 10 }), made('side')],
    memory: { toldBackoff: new Set(['main-0']) },
    steps: ['start side-0'],
    wakeInMs: 9_000,
  },
  {
    name: 'nor one that has ended for good',
    spec: { ...hookSpec, restartPolicy: 'Never' },
    has: [samplePause(), exited(0), made('side')],
    steps: ['start side-0'],
  },
  {
    name: 'nor one that has run and is not known any more',
    spec: { ...hookSpec, restartPolicy: 'Never' },
    has: [samplePause(), made('side')],
    status: {
      containerStatuses: [
        { name: 'main', image: '', imageID: '', ready: true, restartCount: 0, containerID: 'docker://old' },
      ],
    },
    steps: ['start side-0'],
  },
  {
    name: 'one that was made for lost namespaces is made again first',
    spec: hookSpec,
    has: [samplePause({ attempt: 1 }), made('main'), sampleContainer('side', { state: 'created', pauseId: 'POD-1' })],
    memory: { attached: { pauseId: 'POD-1', address: '10.42.0.2' } },
    steps: ['remove main-0'],
  },
  {
    name: 'an agent that starts anew looks whether it is through',
    spec: hookSpec,
    has: [samplePause(), sampleContainer('main'), sampleContainer('side')],
    steps: ['postStart main-0'],
  },
  {
    name: 'of one that is being stopped no hook is run',
    spec: hookSpec,
    has: [samplePause(), sampleContainer('main'), sampleContainer('side')],
    memory: { stopping: new Map([['main-0', stopping(1_000)]]) },
    steps: [],
    wakeInMs: 29_000,
  },
];

const oldImage = { namedImage: 'nginx:old' };
const images: PlanCase[] = [
  {
    name: 'of the image that is wanted: nothing to do',
    has: [samplePause(), sampleContainer('main', { namedImage: 'nginx' })],
    steps: [],
  },
  {
    name: 'another image: it is replaced',
    has: [samplePause(), sampleContainer('main', oldImage)],
    steps: ['stop main-0 30s and again: Container main definition changed, will be restarted'],
  },
  {
    name: 'at once, whatever became of it',
    has: [samplePause(), exited(1, { ...oldImage, backoffSeconds: 160 })],
    steps: ['create main 1 backoff 0'],
  },
  {
    name: 'Never: too, where it was ended for this',
    spec: { restartPolicy: 'Never' },
    has: [samplePause(), exited(0, oldImage)],
    memory: { stopping: new Map([['main-0', stopping(1_000, { isReplaced: true })]]) },
    steps: ['create main 1 backoff 0'],
  },
  {
    name: 'Never: not where it had ended by itself',
    spec: { restartPolicy: 'Never' },
    has: [samplePause(), exited(0, oldImage)],
    steps: ['detach', 'remove POD-0'],
  },
  {
    name: 'what was found of the other one counts no more',
    has: [samplePause()],
    memory: {
      images: new Map([
        [
          'main',
          { of: 'nginx:old', state: 'failed', message: '', failedAtMs: 0, retryAtMs: nowMs + 300_000, told: true },
        ],
      ]),
    },
    steps: ['ensureImage main'],
  },
  {
    name: 'made out of it and not started: made anew',
    has: [samplePause(), sampleContainer('main', { ...oldImage, state: 'created' })],
    steps: ['remove main-0'],
  },
];

const debugSpec: Partial<Pod['spec']> = {
  ephemeralContainers: [{ name: 'side', image: 'busybox', targetContainerName: 'main' }],
};
const ephemeral: PlanCase[] = [
  { name: 'one is added to a pod that runs', spec: debugSpec, has: running, steps: ['create side 0 backoff 0'] },
  {
    name: 'and started',
    spec: debugSpec,
    has: [...running, made('side')],
    steps: ['start side-0'],
  },
  {
    name: 'it is never restarted',
    spec: debugSpec,
    has: [...running, sampleContainer('side', { state: 'exited', exitCode: 1 })],
    steps: [],
  },
  {
    name: 'nor made again where Docker has forgotten it',
    spec: debugSpec,
    has: running,
    status: {
      ephemeralContainerStatuses: [
        { name: 'side', image: '', imageID: '', ready: false, restartCount: 0, containerID: 'docker://old' },
      ],
    },
    steps: [],
  },
  {
    name: 'one that is added later is made beside one that has been',
    spec: { ephemeralContainers: [...(debugSpec.ephemeralContainers ?? []), { name: 'init', image: 'busybox' }] },
    has: [...running, sampleContainer('side', { state: 'exited' })],
    status: {
      ephemeralContainerStatuses: [
        { name: 'side', image: '', imageID: '', ready: false, restartCount: 0, containerID: 'docker://side-0' },
      ],
    },
    steps: ['create init 0 backoff 0'],
  },
  {
    name: 'it may look into a pod whose init does not end',
    spec: { ...debugSpec, initContainers: [{ name: 'init', image: 'busybox' }] },
    has: [samplePause(), sampleContainer('init')],
    steps: ['create side 0 backoff 0'],
  },
  {
    name: 'it waits for the network as others do',
    spec: debugSpec,
    has: [samplePause(), made('main')],
    memory: { attached: undefined },
    steps: ['attach'],
  },
  {
    name: 'and keeps no pod from being done',
    spec: { ...debugSpec, restartPolicy: 'Never' },
    has: [samplePause(), exited(0), sampleContainer('side')],
    steps: ['stop side-0 30s: Stopping container side'],
  },
];

testPlans({ probes, postStart, images, ephemeral });
