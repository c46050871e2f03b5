// The host reboots while its master is away: its pods come back with their config maps, secrets and tokens, services and
// names work, nginx answers on the node's port, and nothing that is secret lies on the disk as it is.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Event } from '../../src/api/kinds/event.ts';
import type { Pod } from '../../src/api/kinds/pod.ts';
import { tryCommand } from '../bench/command.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage, nginxImage } from '../images/images.ts';
import { NodeApart } from './node-apart.ts';

const secretWord = 'correct-horse-battery-staple';
const labels = { app: 'page' };
let cluster: NodeApart;

before(async () => {
  cluster = await NodeApart.open();
});
after(async () => {
  await cluster?.close();
});

const objects = () => [
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'page' }, data: { 'index.html': 'from the config map' } },
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'word' }, stringData: { word: secretWord } },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'page' },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          volumes: [
            { name: 'page', configMap: { name: 'page' } },
            { name: 'word', secret: { secretName: 'word' } },
          ],
          containers: [
            {
              name: 'nginx',
              image: nginxImage,
              volumeMounts: [{ name: 'page', mountPath: '/etc/page' }],
            },
            {
              name: 'side',
              image: busyboxImage,
              command: ['sh', '-c', 'trap "exit 0" TERM; while true; do sleep 3600 & wait $!; done'],
              env: [{ name: 'WORD', valueFrom: { secretKeyRef: { name: 'word', key: 'word' } } }],
              volumeMounts: [{ name: 'word', mountPath: '/etc/word' }],
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'page' },
    spec: { type: 'NodePort', selector: labels, ports: [{ port: 80, nodePort: 30080 }] },
  },
];

async function fetchPage(): Promise<string> {
  const url = `http://${cluster.on.address}:30080/`;
  return (await cluster.hosts.client.host.exec('curl', ['--silent', '--fail', '--max-time', '2', url])).stdout;
}

/** What a container says to a shell's script. */
async function inContainer(name: string, script: string): Promise<string> {
  const filters = { label: [`io.kubernetes.container.name=${name}`] };
  const [found] = await cluster.docker.listContainers({ filters });
  const args = ['-H', `unix://${cluster.on.docker.socket}`, 'exec', found?.Id ?? 'none', 'sh', '-c', script];
  return (await cluster.on.host.exec('docker', args)).stdout.trim();
}

const whatItHas = async () => ({
  token: await inContainer('side', 'cat /var/run/secrets/kubernetes.io/serviceaccount/token'),
  word: await inContainer('side', 'cat /etc/word/word; echo " $WORD"'),
  address: await inContainer('side', 'nslookup page.default.svc.cluster.local | grep -A1 Name: | tail -1'),
});

let had: Awaited<ReturnType<typeof whatItHas>>;
let podBefore: Pod | undefined;
let rebootMs = 0;

test('nginx runs, with all that it needs', async () => {
  await cluster.apply(objects());
  await waitUntil('nginx answers', async () => (await fetchPage()).includes('Welcome to nginx!'));
  had = await whatItHas();
  assert.equal(had.word, `${secretWord} ${secretWord}`);
  assert.match(had.token, /^eyJ/);
  assert.match(had.address, /10\.43\./);
  podBefore = (await cluster.pods())[0];
  // Services are kept some seconds after they changed.
  const remembered = join(cluster.agentFolder, 'network/remembered');
  await waitUntil('services are remembered', async () => {
    const { stdout } = await cluster.on.host.exec('grep', ['-l', '"page', '-r', remembered]);
    return stdout.includes('services') && stdout.includes('endpoint-slices');
  });
});

test('the host reboots, the master is away: all of it is there again', async () => {
  await cluster.killServer();
  await cluster.on.kill();
  // The disk as a thief would have it.
  for (const text of [secretWord, Buffer.from(secretWord).toString('base64'), had.token.split('.')[2] ?? '']) {
    const found = await tryCommand('grep', ['-rlF', text, cluster.agentFolder]);
    assert.equal(found.stdout, '', 'in plain text on the disk');
  }
  assert.ok((await readdir(join(cluster.agentFolder, 'keepsakes'))).length >= 2);

  rebootMs = Date.now();
  await cluster.on.boot();
  await cluster.startAgent();
  const begun = performance.now();
  await waitUntil('nginx answers', async () => (await fetchPage()).includes('Welcome to nginx!'), {
    timeoutMs: 60_000,
  });
  console.log(`nginx answered ${((performance.now() - begun) / 1000).toFixed(1)} s after the agent was started`);
  // The one beside it is started after it.
  await waitUntil('the container beside it', async () => (await inContainer('side', 'echo runs')) === 'runs');
  assert.deepEqual(await whatItHas(), had);
});

test('when the master is back, it is told of the very same pod, and of what happened when it happened', async () => {
  const backMs = Date.now();
  await cluster.startServer();
  await cluster.nodeReady();
  const pod = await waitUntil('the pod is ready', async () => {
    const [found] = await cluster.pods();
    const isReady = found?.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    const restarts = found?.status.containerStatuses?.map(({ restartCount }) => restartCount);
    return isReady && restarts?.every((count) => count === 1) && found;
  });
  assert.equal(pod.metadata.uid, podBefore?.metadata.uid);
  assert.equal((await cluster.pods()).length, 1);
  assert.match(await fetchPage(), /Welcome to nginx!/);
  await waitUntil('events of the time without a master', async () => {
    const { items } = JSON.parse(await cluster.kubectl('get', 'events', '-o', 'json')) as { items: Event[] };
    const started = items.filter(({ reason }) => reason === 'Started').map(({ lastTimestamp = '' }) => lastTimestamp);
    return started.filter((time) => Date.parse(time) > rebootMs && Date.parse(time) < backMs).length === 2;
  });
});

test('a pod that is removed by force while its node is cut off goes when the node is back', async () => {
  const uids = (await cluster.pods()).map(({ metadata }) => metadata.uid ?? '');
  await cluster.endAgent('SIGKILL');
  await cluster.kubectl('delete', 'deployment', 'page', '--wait=false');
  await cluster.kubectl('delete', 'pods', '--all', '--force', '--grace-period=0');
  assert.equal((await cluster.docker.listContainers()).length, 3, 'nobody has ended it yet');
  await cluster.startAgent();
  await waitUntil('its containers are gone', async () => {
    return (await cluster.docker.listContainers({ all: true })).length === 0;
  });
  for (const folder of ['pods', 'checkpoint', 'keepsakes', 'network/addresses']) {
    const path = join(cluster.agentFolder, folder);
    await waitUntil(`nothing in ${folder}`, async () => (await readdir(path)).length === 0);
  }
  const { stdout } = await cluster.on.host.exec('cat', ['/proc/self/mountinfo']);
  for (const uid of uids) assert.ok(!stdout.includes(uid), 'a mount is left');
});
