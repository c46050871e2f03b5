import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '../api/kinds/node.ts';
import { observeHost } from './host-facts.ts';
import { type NodeDescription, type NodeSituation, nodeStatus } from './registration.ts';

const nowMs = Date.parse('2026-11-20T12:00:00Z');
const description = async (): Promise<NodeDescription> => ({
  name: 'n1',
  address: '192.0.2.7',
  agentPort: 10250,
  volumesDir: '/volumes',
  runtimeVersion: 'docker://28.1.0',
  facts: await observeHost('/tmp', { reserve: {}, maxPods: 110 }),
  images: () => [],
});
const well: NodeSituation = { problems: [], pressures: new Set() };
const nodeWith = (conditions: Node['status']['conditions']): Node =>
  ({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, spec: {}, status: { conditions } }) as Node;

test('a host tells how much it has, and how much of it pods may use', async () => {
  const { facts } = await description();
  const memory = (of: Record<string, string>) => Number(/^(\d+)Ki$/.exec(of.memory ?? '')?.[1]);
  assert.equal(memory(facts.capacity) - memory(facts.allocatable), 100 * 1024);
  assert.ok(Number(facts.capacity.cpu) >= 1);
  assert.match(facts.info.bootID, /^[0-9a-f-]{36}$/);
  assert.match(facts.info.kernelVersion, /^\d+\.\d+/);
});

test('a node that is well is Ready, with the conditions that Kubernetes knows', async () => {
  const { conditions = [], addresses } = nodeStatus(nodeWith([]), await description(), well, nowMs);
  assert.deepEqual(
    conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
    [
      'MemoryPressure False KubeletHasSufficientMemory',
      'DiskPressure False KubeletHasNoDiskPressure',
      'PIDPressure False KubeletHasSufficientPID',
      'Ready True KubeletReady',
    ],
  );
  assert.equal(conditions.at(-1)?.message, 'wherry agent is posting ready status');
  assert.deepEqual(addresses?.[0], { type: 'InternalIP', address: '192.0.2.7' });
});

test('a problem shows in the Ready condition, which keeps the time of its last change; those of others stay', async () => {
  const ours = await description();
  const foreign = { type: 'NetworkUnavailable', status: 'False', reason: 'X', message: '' };
  const before = nodeStatus(nodeWith([foreign]), ours, well, nowMs);
  const problems = ['container runtime is down'];
  const ill = nodeStatus(nodeWith(before.conditions), ours, { ...well, problems }, nowMs + 60_000);
  assert.deepEqual(ill.conditions?.[0], foreign);
  const ready = ill.conditions?.find(({ type }) => type === 'Ready');
  assert.deepEqual(
    [ready?.status, ready?.reason, ready?.message, ready?.lastTransitionTime],
    ['False', 'KubeletNotReady', 'container runtime is down', '2026-11-20T12:01:00Z'],
  );
  const disk = ill.conditions?.find(({ type }) => type === 'DiskPressure');
  assert.deepEqual(
    [disk?.lastTransitionTime, disk?.lastHeartbeatTime],
    ['2026-11-20T12:00:00Z', '2026-11-20T12:01:00Z'],
  );
});

test('what a node runs out of shows in its conditions', async () => {
  const pressures = new Set(['MemoryPressure', 'PIDPressure'] as const);
  const { conditions = [] } = nodeStatus(nodeWith([]), await description(), { problems: [], pressures }, nowMs);
  assert.deepEqual(
    conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
    [
      'MemoryPressure True KubeletHasInsufficientMemory',
      'DiskPressure False KubeletHasNoDiskPressure',
      'PIDPressure True KubeletHasInsufficientPID',
      'Ready True KubeletReady',
    ],
  );
});

test('what it finds of the way to other nodes is a condition of its own, and the node stays ready', async () => {
  const network = { status: 'True', reason: 'NodesNotReached', message: 'open UDP port 8472' } as const;
  const { conditions = [] } = nodeStatus(nodeWith([]), await description(), { ...well, network }, nowMs);
  const shown = conditions.slice(-2).map(({ type, status, reason, message }) => [type, status, reason, message]);
  assert.deepEqual(shown, [
    ['NetworkUnavailable', 'True', 'NodesNotReached', 'open UDP port 8472'],
    ['Ready', 'True', 'KubeletReady', 'wherry agent is posting ready status'],
  ]);
});

test('several problems are told together, and a warning whether it is ready or not', async () => {
  const readyOf = async (situation: Partial<NodeSituation>) => {
    const { conditions } = nodeStatus(nodeWith([]), await description(), { ...well, ...situation }, nowMs);
    const { status, message } = conditions?.find(({ type }) => type === 'Ready') ?? {};
    return `${status} ${message}`;
  };
  const warning = 'the clock is wrong';
  assert.equal(await readyOf({ problems: ['one', 'two'] }), 'False [one, two]');
  assert.equal(await readyOf({ warning }), 'True wherry agent is posting ready status. WARNING: the clock is wrong');
  assert.equal(await readyOf({ problems: ['one'], warning }), 'False one. WARNING: the clock is wrong');
});
