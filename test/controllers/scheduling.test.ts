// The scheduler on a real server: pods are bound at once, or say why not, and are tried again when something changed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { events } from '../../src/api/kinds/event.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server, { cpu: '2' });
  await agents.start('one');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

function create(name: string, cpu: string, spec: Partial<Pod['spec']> = {}): Promise<Pod> {
  return server.client.create(pods, {
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'nginx', resources: { requests: { cpu } } }], ...spec },
  });
}

function bound(name: string): Promise<Pod> {
  return server.when(`${name} bound`, pods, (all) =>
    all.find((pod) => pod.metadata.name === name && pod.spec.nodeName),
  );
}

const scheduledOf = (pod: Pod | undefined) => pod?.status.conditions?.find(({ type }) => type === 'PodScheduled');

test('a pod is bound at once', async () => {
  const all = await server.informer(pods);
  const seen = new Map<string, number>();
  all.onChange(({ object }) => {
    if (!object) return;
    const stage = `${object.metadata.name} ${object.spec.nodeName ? 'bound' : 'new'}`;
    if (!seen.has(stage)) seen.set(stage, performance.now());
  });
  const names = Array.from({ length: 10 }, (_, index) => `quick-${index}`);
  const writeBeforeMs = await server.writeMs();
  for (const name of names) {
    await create(name, '10m');
    await bound(name);
  }
  const took = names.map((name) => (seen.get(`${name} bound`) ?? 0) - (seen.get(`${name} new`) ?? 0));
  const median = took.sort((a, b) => a - b)[5] ?? 0;
  const writeMs = Math.max(writeBeforeMs, await server.writeMs());
  assert.ok(
    median < 8 * writeMs,
    `median ${median} ms from the pod's event to that of its binding, a write ${writeMs}`,
  );
  await server.when('told', events, (told) =>
    told.some(({ message }) => message === 'Successfully assigned default/quick-0 to one'),
  );
});

test('a pod that fits nowhere says so, and is bound when a pod goes or a node comes', async () => {
  await create('large', '1900m');
  await bound('large');
  await create('second', '1500m');
  await create('third', '1800m');
  const message =
    '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.';
  const refused = await server.when('refusal', pods, (all) =>
    all.find((pod) => pod.metadata.name === 'third' && scheduledOf(pod)?.status === 'False'),
  );
  assert.equal(scheduledOf(refused)?.reason, 'Unschedulable');
  assert.equal(scheduledOf(refused)?.message, message);
  await server.when('told', events, (told) =>
    told.some((event) => event.reason === 'FailedScheduling' && event.message === message && event.type === 'Warning'),
  );
  await server.client.delete(pods, { namespace: 'default', name: 'large' });
  const second = await bound('second');
  assert.equal(second.spec.nodeName, 'one');
  await agents.join('two');
  assert.equal((await bound('third')).spec.nodeName, 'two');
});

test('a cordoned node takes nothing until it is uncordoned', async () => {
  await server.kubectl('cordon', 'one');
  await server.kubectl('cordon', 'two');
  await server.when('tainted', nodes, (all) =>
    all.every(({ spec }) => spec.taints?.some(({ key }) => key === 'node.kubernetes.io/unschedulable')),
  );
  await create('patient', '10m');
  await server.when('refusal', pods, (all) =>
    all.find(
      (pod) =>
        pod.metadata.name === 'patient' &&
        scheduledOf(pod)?.message ===
          '0/2 nodes are available: 2 node(s) were unschedulable. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    ),
  );
  await server.kubectl('uncordon', 'two');
  assert.equal((await bound('patient')).spec.nodeName, 'two');
  await server.kubectl('uncordon', 'one');
});

test('two hundred pods on ten nodes: every one is bound, no node is overfilled', async () => {
  const names = Array.from({ length: 10 }, (_, index) => `wide-${index}`);
  await Promise.all(names.map((name) => agents.join(name)));
  const wanted = Array.from({ length: 200 }, (_, index) => `crowd-${index}`);
  const selector = { nodeSelector: { 'kubernetes.io/hostname': 'wide-0' } };
  await Promise.all([
    ...wanted.map((name) => create(name, '80m')),
    ...['a', 'b', 'c'].map((name) => create(`choosy-${name}`, '1', selector)),
  ]);
  const all = await server.when('all bound', pods, (present) => {
    const crowd = present.filter(({ metadata }) => metadata.name.startsWith('crowd-'));
    return crowd.length === 200 && crowd.every(({ spec }) => spec.nodeName) && present;
  });
  for (const [node, on] of Map.groupBy(all, ({ spec }) => spec.nodeName ?? '')) {
    const milli = on.reduce((sum, { spec }) => {
      const cpu = String(spec.containers[0]?.resources?.requests?.cpu);
      return sum + (cpu.endsWith('m') ? Number.parseInt(cpu, 10) : Number(cpu) * 1000);
    }, 0);
    if (node) assert.ok(milli <= 2000, `${node} has ${milli}m`);
  }
});
