// A disk runs full: of the master, which then refuses to write and says so and loses nothing of what it has; and of a node, which says
// that it is under pressure, makes room and takes no more pods. Both are well again by themselves when there is room.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { openVmCluster, patientMs, type VmCluster } from './vm-cluster.ts';
import type { LanVm } from './vm-lan.ts';

let cluster: VmCluster;
before(async () => {
  cluster = await openVmCluster();
});
after(async () => {
  await cluster?.close();
});

/** All but so much; with nothing left, what only root may use is taken, too. */
async function fill({ exec, tryExec }: LanVm, leave: string): Promise<void> {
  await exec(`free=$(stat -f -c '%f * %S' /); fallocate -l $(($free - ${leave})) /filler; sync`);
  // The last blocks, of which the file system says that they are free and gives them to nobody.
  if (leave === '0') await tryExec('cat /dev/zero >/filler.rest; sync');
}
const empty = ({ exec }: LanVm) => exec('rm -f /filler /filler.rest; sync');
const word = (name: string) => cluster.kubectl(['get', 'configmap', name, '-o', 'jsonpath={.data.word}']);
const write = (name: string) => cluster.kubectl(['create', 'configmap', name, `--from-literal=word=${name}`]);

test('a master without room refuses to write, reads on, and loses nothing', async () => {
  const { master } = cluster;
  await write('before');
  // A file of some megabytes may have been laid aside for what comes: written until it is refused.
  await fill(master, '0').catch(() => master.tryExec('cat /dev/zero >/filler.rest; sync'));
  const written: string[] = [];
  const refusal = await waitUntil(
    'a write is refused',
    async () => {
      const name = `during-${written.length}`;
      const big = `--from-literal=padding=${'x'.repeat(100_000)}`;
      try {
        await cluster.kubectl(['create', 'configmap', name, `--from-literal=word=${name}`, big]);
        written.push(name);
        return false;
      } catch (error) {
        return String(error);
      }
    },
    { timeoutMs: patientMs },
  );
  assert.match(refusal, /space|disk|full/i);
  assert.equal(await word('before'), 'before');
  await empty(master);
  await waitUntil('it writes again', async () => await write('after'), { timeoutMs: patientMs, intervalMs: 1000 });
  await master.unplug();
  await master.boot();
  await cluster.nodesAre('True');
  for (const name of ['before', ...written, 'after']) assert.equal(await word(name), name);
});

const waiting = { name: 'main', image: busyboxImage, command: ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'] };
const pod = (name: string, spec: object, namespace = 'default') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: { nodeSelector: { 'kubernetes.io/hostname': 'b' }, containers: [waiting], ...spec },
});

test('a node without room says so, evicts what is not critical and takes no more pods, until there is room', async () => {
  const [b] = cluster.nodes;
  assert.ok(b);
  // What is written there is not told of for five minutes otherwise.
  await b.exec(
    'echo "eviction-pressure-transition-period: 10s" >>/etc/wherry/config.yaml; systemctl restart wherry-agent',
  );
  await cluster.nodesAre('True');
  await cluster.apply(pod('plain', {}), pod('critical', { priorityClassName: 'system-node-critical' }, 'kube-system'));
  await cluster.kubectl(['wait', '--for=condition=Ready', 'pod/plain', '--timeout=280s']);
  await cluster.kubectl(['-n', 'kube-system', 'wait', '--for=condition=Ready', 'pod/critical', '--timeout=280s']);
  const critical = () => b.exec('docker ps --quiet --no-trunc --filter name=k8s_main_critical');
  const before = await critical();
  assert.match(before, /^[0-9a-f]{64}\n$/);
  const pressureIs = async (status: string) =>
    await cluster.kubectl(['wait', `--for=condition=DiskPressure=${status}`, 'node/b', '--timeout=280s']);
  await pressureIs('False');

  await fill(b, '100000000');
  await pressureIs('True');
  await cluster.kubectl(['wait', '--for=jsonpath={.status.reason}=Evicted', 'pod/plain', '--timeout=280s']);
  assert.equal(await critical(), before);
  await cluster.apply(pod('later', {}));
  const message = 'jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}';
  await waitUntil(
    'the scheduler says why',
    async () => /disk-pressure/.test(await cluster.kubectl(['get', 'pod', 'later', '-o', message])),
    { timeoutMs: patientMs, intervalMs: 500 },
  );

  await empty(b);
  await pressureIs('False');
  await cluster.kubectl(['wait', '--for=condition=Ready', 'pod/later', '--timeout=280s']);
  assert.equal(await critical(), before);
});
