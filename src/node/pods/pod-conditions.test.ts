import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import type { ObservedContainer } from '../runtime.ts';
import { exited, initSpec, twoSpec } from './plan-cases.ts';
import { moment, sampleContainer, samplePause, samplePod, sampleView } from './pod-samples.ts';
import { podStatus } from './pod-status.ts';
import type { PodMemory } from './pod-view.ts';

interface Case {
  name: string;
  spec?: Partial<Pod['spec']>;
  has: ObservedContainer[];
  memory?: Partial<PodMemory>;
  told?: Partial<Pod['status']>;
  /** Those that are looked at, as "TYPE STATUS REASON: MESSAGE". */
  conditions: string[];
}

const wired = (holds: boolean) => `PodReadyToStartContainers ${holds ? 'True' : 'False'}`;
const message = 'The node was low on resource: memory. ';
const evicted = { verdict: { reason: 'Evicted', message, disruption: message } };
const disrupted = `DisruptionTarget True TerminationByKubelet: ${message}`;
const main = (changes: Partial<ObservedContainer> = {}) => sampleContainer('main', changes);

const cases: Case[] = [
  { name: 'nothing is there yet', has: [], memory: { attached: undefined }, conditions: [wired(false)] },
  {
    name: 'the pause container is made',
    has: [samplePause({ state: 'created' })],
    memory: { attached: undefined },
    conditions: [wired(false), 'Initialized True', 'PodScheduled True'],
  },
  { name: 'it runs', has: [samplePause()], memory: { attached: undefined }, conditions: [wired(false)] },
  { name: 'it has its network', has: [samplePause()], conditions: [wired(true)] },
  {
    name: 'it is on the network of the host',
    spec: { hostNetwork: true },
    has: [samplePause()],
    memory: { attached: undefined },
    conditions: [wired(true)],
  },
  { name: 'it is lost', has: [samplePause({ state: 'exited' }), main()], conditions: [wired(false)] },
  {
    name: 'init is under way',
    spec: initSpec,
    has: [samplePause(), sampleContainer('init')],
    conditions: [
      'Initialized False ContainersNotInitialized: containers with incomplete status: [init]',
      'Ready False ContainersNotReady: containers with unready status: [main]',
      'ContainersReady False ContainersNotReady: containers with unready status: [main]',
    ],
  },
  {
    name: 'init is run again in new namespaces: the others have begun once',
    spec: { ...initSpec, ...twoSpec },
    has: [samplePause({ attempt: 1 }), sampleContainer('init', { attempt: 1, pauseId: 'POD-1' }), exited(137)],
    conditions: ['Initialized True'],
  },
  {
    name: 'all is done',
    spec: { ...initSpec, restartPolicy: 'Never' },
    has: [sampleContainer('init', { state: 'exited' }), exited(0)],
    conditions: ['Initialized True PodCompleted', 'Ready False PodCompleted', 'ContainersReady False PodCompleted'],
  },
  { name: 'the node ends it', has: [samplePause(), main()], memory: evicted, conditions: [disrupted, 'Ready True'] },
  {
    name: 'that is told once',
    has: [samplePause(), main()],
    memory: evicted,
    told: { conditions: [{ type: 'DisruptionTarget', status: 'False' }] },
    conditions: [disrupted],
  },
  {
    name: 'the node has no room for what it is to have',
    has: [samplePause(), main()],
    memory: { pendingResize: { reason: 'Deferred', message: 'later' } },
    conditions: ['PodResizePending True Deferred: later'],
  },
  {
    name: 'one of its containers has not yet what was agreed',
    spec: twoSpec,
    has: [
      samplePause(),
      main(),
      sampleContainer('side', { resources: { cpuShares: 4, cpuQuotaMicros: undefined, memoryBytes: undefined } }),
    ],
    memory: { agreed: new Map() },
    conditions: ['PodResizeInProgress True'],
  },
];

for (const { name, spec, has, memory, told, conditions } of cases) {
  test(`conditions: ${name}`, () => {
    const pod = samplePod(spec, { generation: 4 });
    pod.status = { ...pod.status, ...told } as Pod['status'];
    const { conditions: found = [] } = podStatus(pod, sampleView(pod, has, memory), '192.0.2.7', moment);
    const shown = found.map(({ type, status, reason, message }) => {
      const start = [type, status, reason].filter(Boolean).join(' ');
      return message ? `${start}: ${message}` : start;
    });
    for (const condition of conditions)
      assert.ok(shown.includes(condition), `${condition}\n  in ${shown.join('\n  ')}`);
    assert.equal(new Set(found.map(({ type }) => type)).size, found.length, 'each is told once');
    for (const { observedGeneration } of found) assert.equal(observedGeneration, 4);
  });
}

test('nothing of a change of resources is told where there is none', () => {
  const pod = samplePod();
  const { conditions = [] } = podStatus(pod, sampleView(pod, [samplePause(), main()]), '192.0.2.7', moment);
  assert.deepEqual(
    conditions.map(({ type, observedGeneration }) => [type, observedGeneration]),
    ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => [
      type,
      undefined,
    ]),
  );
});
