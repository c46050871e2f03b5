import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '../api/kinds/node.ts';
import type { Pod } from '../api/kinds/pod.ts';
import { admit, type NodeRoom } from './admission.ts';

type Spec = Omit<Partial<Pod['spec']>, 'containers'> & { cpu?: string; gpus?: string; hostPort?: number };
function pod(name: string, { cpu, gpus, hostPort, ...spec }: Spec = {}): Pod {
  const container = {
    name: 'main',
    ...(cpu && { resources: { requests: { cpu } } }),
    ...(gpus && { resources: { requests: { 'example.com/gpu': gpus } } }),
    ...(hostPort && { ports: [{ containerPort: 80, hostPort }] }),
  };
  return { metadata: { name }, spec: { ...spec, containers: [container] }, status: {} } as object as Pod;
}
const node = { metadata: { name: 'n1', labels: { disk: 'ssd' } }, spec: {} } as object as Node;
const room = (changes: Partial<NodeRoom> = {}): NodeRoom => ({
  node,
  allocatable: { cpu: '2', memory: '1Gi', pods: '3' },
  pressures: new Set(),
  isShuttingDown: false,
  allowedUnsafeSysctls: ['net.core.*'],
  ...changes,
});
const tainted = { ...node, spec: { taints: [{ key: 'k', value: 'v', effect: 'NoExecute' }] } } as Node;

const cases: [name: string, pod: Pod, here: Pod[], room: NodeRoom, refusal: string | undefined][] = [
  ['there is room', pod('a', { cpu: '1500m' }), [pod('b', { cpu: '500m' })], room(), undefined],
  [
    'not enough cpu',
    pod('a', { cpu: '1501m' }),
    [pod('b', { cpu: '500m' })],
    room(),
    "OutOfcpu: Pod was rejected: Node didn't have enough resource: cpu, requested: 1501, used: 500, capacity: 2000",
  ],
  [
    'too many pods',
    pod('a'),
    [pod('b'), pod('c'), pod('d')],
    room(),
    "OutOfpods: Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
  ],
  ['what this node does not count', pod('a', { gpus: '1' }), [], room(), undefined],
  [
    'more than there is of what it counts',
    pod('a', { gpus: '2' }),
    [],
    room({ allocatable: { cpu: '2', pods: '3', 'example.com/gpu': '1' } }),
    "OutOfexample.com/gpu: Pod was rejected: Node didn't have enough resource: example.com/gpu, requested: 2, used: 0, capacity: 1",
  ],
  [
    'made for another system',
    pod('a', { os: { name: 'windows' } }),
    [],
    room(),
    "PodOSNotSupported: Pod was rejected: Failed to admit pod as the OS field doesn't match node OS",
  ],
  ['made for this system', pod('a', { os: { name: 'linux' } }), [], room(), undefined],
  [
    'another node was meant',
    pod('a', { nodeSelector: { disk: 'hdd' } }),
    [],
    room(),
    "NodeAffinity: Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  ],
  ['nobody knows the node yet', pod('a', { nodeSelector: { disk: 'hdd' } }), [], room({ node: undefined }), undefined],
  [
    'a kernel setting that is not safe',
    pod('a', { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }),
    [],
    room(),
    'SysctlForbidden: Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted',
  ],
  [
    'a kernel setting that the operator allows',
    pod('a', { securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '1' }] } }),
    [],
    room(),
    undefined,
  ],
  [
    'its port is taken',
    pod('a', { hostPort: 80 }),
    [pod('b', { hostPort: 80 })],
    room(),
    "NodePorts: Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
  ],
  [
    'a taint it does not bear',
    pod('a'),
    [],
    room({ node: tainted }),
    'TaintToleration: Pod was rejected: Predicate TaintToleration failed: node(s) had untolerated taint {k: v}',
  ],
  [
    'a taint that a critical pod does not bear either',
    pod('a', { priority: 2_000_000_000 }),
    [],
    room({ node: tainted }),
    'TaintToleration: Pod was rejected: Predicate TaintToleration failed: node(s) had untolerated taint {k: v}',
  ],
  ['a taint it bears', pod('a', { tolerations: [{ operator: 'Exists' }] }), [], room({ node: tainted }), undefined],
  [
    'little memory, and it does not say how much it takes',
    pod('a'),
    [],
    room({ pressures: new Set(['MemoryPressure']) }),
    'Evicted: Pod was rejected: The node had condition: [MemoryPressure]. ',
  ],
  [
    'little memory, and it says',
    pod('a', { cpu: '1' }),
    [],
    room({ pressures: new Set(['MemoryPressure']) }),
    undefined,
  ],
  [
    'little disk',
    pod('a', { cpu: '1' }),
    [],
    room({ pressures: new Set(['DiskPressure']) }),
    'Evicted: Pod was rejected: The node had condition: [DiskPressure]. ',
  ],
  [
    'the host goes down',
    pod('a'),
    [],
    room({ isShuttingDown: true }),
    'NodeShutdown: Pod was rejected: Pod was rejected as the node is shutting down.',
  ],
];

for (const [name, asked, here, where, refusal] of cases)
  test(`a pod that comes: ${name}`, () => {
    const admission = admit(asked, here, where);
    const told = admission.isAdmitted ? undefined : `${admission.verdict.reason}: ${admission.verdict.message}`;
    assert.equal(told, refusal);
  });

test('a critical pod comes in whatever the node runs out of, and others make room for it: as few as will do', () => {
  const critical = pod('critical', { cpu: '1500m', priority: 2_000_000_000 });
  const here = [pod('small', { cpu: '100m' }), pod('big', { cpu: '1500m' }), pod('late', { cpu: '400m', priority: 5 })];
  const pressures = new Set(['DiskPressure'] as const);
  const admission = admit(critical, here, room({ pressures, allocatable: { cpu: '2', pods: '9' } }));
  assert.ok(admission.isAdmitted);
  assert.deepEqual(
    admission.preempted.map(({ metadata }) => metadata.name),
    ['big'],
  );
  const hopeless = admit(pod('critical', { cpu: '3', priority: 2_000_000_000 }), here, room());
  assert.equal(hopeless.isAdmitted, false);
});
