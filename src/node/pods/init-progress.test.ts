import type { Pod } from '../../api/kinds/pod.ts';
import type { ObservedContainer } from '../runtime.ts';
import { exited, initSpec, type PlanCase, testPlans } from './plan-cases.ts';
import { sampleContainer, samplePause } from './pod-samples.ts';
import type { Probed } from './pod-view.ts';

const init: PlanCase[] = [
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

const sidecarSpec: Partial<Pod['spec']> = {
  initContainers: [
    { name: 'side', image: 'busybox', restartPolicy: 'Always' },
    { name: 'init', image: 'busybox' },
  ],
};
const probedSpec: Partial<Pod['spec']> = {
  initContainers: [
    { name: 'side', image: 'busybox', restartPolicy: 'Always', startupProbe: { exec: { command: ['ok'] } } },
  ],
};
const probed = (found: Probed) => ({ probed: new Map([['side-0', found]]) });
const ended = (name: string, exitCode: number, changes: Partial<ObservedContainer> = {}) =>
  sampleContainer(name, { state: 'exited', exitCode, ...changes });

const sidecars: PlanCase[] = [
  { name: 'come in their turn', spec: sidecarSpec, has: [samplePause()], steps: ['create side 0 backoff 0'] },
  {
    name: 'let the next begin when they run',
    spec: sidecarSpec,
    has: [samplePause(), sampleContainer('side')],
    steps: ['create init 0 backoff 0'],
  },
  {
    name: 'run on beside it',
    spec: sidecarSpec,
    has: [samplePause(), sampleContainer('side'), sampleContainer('init')],
    steps: [],
  },
  {
    name: 'and beside the pod’s own',
    spec: sidecarSpec,
    has: [samplePause(), sampleContainer('side'), ended('init', 0)],
    steps: ['create main 0 backoff 0'],
  },
  {
    name: 'with a startup probe they are waited for',
    spec: probedSpec,
    has: [samplePause(), sampleContainer('side')],
    steps: [],
  },
  {
    name: 'until it has succeeded',
    spec: probedSpec,
    has: [samplePause(), sampleContainer('side')],
    memory: probed({ started: false, ready: false }),
    steps: [],
  },
  {
    name: 'whether they are ready or not',
    spec: probedSpec,
    has: [samplePause(), sampleContainer('side')],
    memory: probed({ started: true, ready: false }),
    steps: ['create main 0 backoff 0'],
  },
  {
    name: 'are restarted while init goes on',
    spec: sidecarSpec,
    has: [samplePause(), ended('side', 1), sampleContainer('init')],
    steps: ['create side 1 backoff 10'],
  },
  {
    name: 'while the pod’s own containers run',
    spec: sidecarSpec,
    has: [samplePause(), ended('side', 0), ended('init', 0), sampleContainer('main')],
    steps: ['create side 1 backoff 10'],
  },
  {
    name: 'whatever the restart policy of the pod',
    spec: { ...sidecarSpec, restartPolicy: 'Never' },
    has: [samplePause(), ended('side', 1), ended('init', 0), sampleContainer('main')],
    steps: ['create side 1 backoff 10'],
  },
  {
    name: 'with a back-off',
    spec: sidecarSpec,
    has: [samplePause(), ended('side', 1, { backoffSeconds: 10 }), ended('init', 0), sampleContainer('main')],
    steps: ['tellBackoff side-0'],
    wakeInMs: 9_000,
  },
  {
    name: 'one that ended before the next began is waited for again',
    spec: sidecarSpec,
    has: [samplePause(), ended('side', 1)],
    steps: ['create side 1 backoff 10'],
  },
  {
    name: 'with init failed for good they are ended',
    spec: { ...sidecarSpec, restartPolicy: 'Never' },
    has: [samplePause(), sampleContainer('side'), ended('init', 1)],
    steps: ['stop side-0 30s: Stopping container side'],
  },
  {
    name: 'OnFailure: init is run again beside them',
    spec: { ...sidecarSpec, restartPolicy: 'OnFailure' },
    has: [samplePause(), sampleContainer('side'), ended('init', 1)],
    steps: ['create init 1 backoff 10'],
  },
  {
    name: 'one that Docker has forgotten is made again, and counted on',
    spec: sidecarSpec,
    has: [samplePause(), ended('init', 0), sampleContainer('main')],
    status: {
      initContainerStatuses: [
        { name: 'side', image: '', imageID: '', ready: true, restartCount: 3, containerID: 'docker://old' },
      ],
    },
    steps: ['create side 4 backoff 0'],
  },
  {
    name: 'init that Docker has forgotten is not run again where a later one was',
    spec: {
      initContainers: [
        { name: 'init', image: 'busybox' },
        { name: 'side', image: 'busybox' },
      ],
    },
    has: [samplePause(), ended('side', 0)],
    steps: ['create main 0 backoff 0'],
  },
  {
    name: 'that fails its liveness probe is ended',
    spec: sidecarSpec,
    has: [samplePause(), sampleContainer('side'), ended('init', 0), sampleContainer('main')],
    memory: probed({ started: true, ready: false, failure: { probe: 'liveness' } }),
    steps: ['stop side-0 30s and again: Init container side failed liveness probe'],
  },
];

testPlans({ init, sidecars });
