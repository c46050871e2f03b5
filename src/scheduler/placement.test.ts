import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '../api/kinds/node.ts';
import type { Pod } from '../api/kinds/pod.ts';
import { NodeRoom } from './node-room.ts';
import { planPlacement } from './placement.ts';
import { podDemand } from './pod-demand.ts';

interface NodeTraits {
  cpu?: string;
  pods?: string;
  labels?: Record<string, string>;
  spec?: Node['spec'];
  readiness?: boolean;
}

function room(name: string, traits: NodeTraits = {}, pods: Pod[] = []): NodeRoom {
  const { cpu = '4', pods: podCount = '110', labels = {}, spec = {}, readiness = true } = traits;
  const node = new NodeRoom({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    spec,
    status: {
      allocatable: { cpu, memory: '8Gi', pods: podCount },
      conditions: readiness ? [{ type: 'Ready', status: 'True' }] : [],
    },
  });
  for (const pod of pods) node.addPod(podDemand(pod));
  return node;
}

let serial = 0;
function pod(spec: Partial<Pod['spec']> = {}, owner?: string): Pod {
  serial += 1;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `pod-${serial}`,
      namespace: 'default',
      uid: `uid-${serial}`,
      ...(owner && {
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }],
      }),
    },
    spec: { containers: [{ name: 'c' }], ...spec },
    status: {},
  };
}

const wants = (cpu: string): Partial<Pod['spec']> => ({
  containers: [{ name: 'c', resources: { requests: { cpu } } }],
});
const wantsPort = (hostPort: number, hostIP?: string): Partial<Pod['spec']> => ({
  containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort, ...(hostIP && { hostIP }) }] }],
});
const meantFor = (name: string): Partial<Pod['spec']> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
      },
    },
  },
});
const gpuTaint = { key: 'gpu', value: 'yes', effect: 'NoSchedule' } as const;

const cases: { name: string; pod: Pod; rooms: NodeRoom[]; expected: string }[] = [
  {
    name: 'the one node that it is meant for by name',
    pod: pod(meantFor('b')),
    rooms: [room('a'), room('b'), room('c')],
    expected: 'b',
  },
  {
    name: 'no other than the one that it is meant for by name',
    pod: pod(meantFor('x')),
    rooms: [room('a')],
    expected: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
  },
  { name: 'no node', pod: pod(), rooms: [], expected: 'no nodes available to schedule pods' },
  { name: 'the only node', pod: pod(), rooms: [room('a')], expected: 'a' },
  {
    name: 'counted reasons, each node by its first one',
    pod: pod(wants('2')),
    rooms: [room('a', { cpu: '1' }), room('b', { cpu: '1' }), room('c', { spec: { taints: [gpuTaint] } })],
    expected: '0/3 nodes are available: 1 node(s) had untolerated taint {gpu: yes}, 2 Insufficient cpu.',
  },
  {
    name: 'several resources are named together',
    pod: pod({ containers: [{ name: 'c', resources: { requests: { cpu: '9', memory: '9Gi' } } }] }),
    rooms: [room('a')],
    expected: '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.',
  },
  {
    name: 'what other pods took counts',
    pod: pod(wants('2')),
    rooms: [room('a', {}, [pod(wants('3'))]), room('b', {}, [pod(wants('2'))])],
    expected: 'b',
  },
  {
    name: 'every place for a pod is taken',
    pod: pod(),
    rooms: [room('a', { pods: '1' }, [pod()])],
    expected: '0/1 nodes are available: 1 Too many pods.',
  },
  {
    name: 'a cordoned node',
    pod: pod(),
    rooms: [room('a', { spec: { unschedulable: true } })],
    expected: '0/1 nodes are available: 1 node(s) were unschedulable.',
  },
  {
    name: 'a cordon that is tolerated',
    pod: pod({ tolerations: [{ operator: 'Exists' }] }),
    rooms: [room('a', { spec: { unschedulable: true } })],
    expected: 'a',
  },
  {
    name: 'a node whose agent has not yet reported',
    pod: pod(),
    rooms: [room('a', { readiness: false })],
    expected: '0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.',
  },
  {
    name: 'a node selector',
    pod: pod({ nodeSelector: { disk: 'ssd' } }),
    rooms: [room('a'), room('b', { labels: { disk: 'ssd' } })],
    expected: 'b',
  },
  {
    name: 'required node affinity',
    pod: pod({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['z'] }] }],
          },
        },
      },
    }),
    rooms: [room('a'), room('b')],
    expected: "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
  },
  {
    name: 'a host port on all addresses collides with the same one on a single address',
    pod: pod(wantsPort(8080)),
    rooms: [room('a', {}, [pod(wantsPort(8080, '127.0.0.1'))])],
    expected: "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
  },
  {
    name: 'host ports on different addresses do not collide',
    pod: pod(wantsPort(8080, '10.0.0.1')),
    rooms: [room('a', {}, [pod(wantsPort(8080, '127.0.0.1'))])],
    expected: 'a',
  },
  {
    name: 'pods of one owner are spread, even onto the fuller node',
    pod: pod({}, 'web'),
    rooms: [room('a', {}, [pod({}, 'web')]), room('b', {}, [pod(wants('3'), 'other'), pod({}, 'other')])],
    expected: 'b',
  },
  {
    name: 'the emptier node otherwise',
    pod: pod(wants('1')),
    rooms: [room('a', {}, [pod(wants('2'))]), room('b')],
    expected: 'b',
  },
  {
    name: 'a taint that asks to be avoided, where there is another node',
    pod: pod(),
    rooms: [room('a', { spec: { taints: [{ key: 'old', effect: 'PreferNoSchedule' }] } }), room('b', {}, [pod()])],
    expected: 'b',
  },
];

for (const { name, pod, rooms, expected } of cases) {
  test(`placement: ${name}`, () => {
    const placement = planPlacement(podDemand(pod), rooms);
    assert.equal(placement.nodeName ?? placement.message, expected);
  });
}

test('a pod that found no room is helped by pods that go, one that is not wanted only by nodes', () => {
  const full = planPlacement(podDemand(pod(wants('9'))), [room('a')]);
  const cordoned = planPlacement(podDemand(pod()), [room('a', { spec: { unschedulable: true } })]);
  assert.ok(full.nodeName === undefined && cordoned.nodeName === undefined);
  assert.deepEqual([...full.helpedBy], ['node-changed', 'pod-gone']);
  assert.deepEqual([...cordoned.helpedBy], ['node-changed']);
});

test('what a pod took is given back when it goes', () => {
  const ports = [{ containerPort: 80, hostPort: 80 }];
  const one = pod({ containers: [{ name: 'c', ports, resources: { requests: { cpu: '4' } } }] }, 'web');
  const node = room('a', {}, [one]);
  node.removePod(one.metadata.uid ?? '');
  assert.deepEqual(node.requested, { cpu: 0 });
  assert.deepEqual([node.hostPorts.size, node.owners.size, node.assumed.milliCpu], [0, 0, 0]);
});
