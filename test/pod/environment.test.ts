// What a container is told when it is started: its variables out of the manifest, of config maps and secrets, of the pod, its
// resources and the services around it, and a command line made of them; and what is missing for it is said.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import type { Service } from '../../src/api/kinds/service.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { isReady, PodBench, type RunningAgent } from './pod-bench.ts';
import { inside, putConfigMap, putSecret } from './volume-bench.ts';

let bench: PodBench;
let running: RunningAgent;
before(async () => {
  bench = await PodBench.open();
  const service = (namespace: string, name: string, clusterIP: string): Service => ({
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { namespace, name } },
    spec: { clusterIP, ports: [{ name: 'http', port: 80 }] },
    status: {},
  });
  bench.services = [
    service('default', 'kubernetes', '10.96.0.1'),
    service('default', 'my-shop', '10.96.0.7'),
    service('other', 'hidden', '10.96.0.8'),
  ];
  running = await bench.startAgent();
  await putConfigMap(bench, 'settings', { COLOR: 'blue', SIZE: '9' });
  await putSecret(bench, 'login', { PASSWORD: 'hidden' });
});
after(async () => {
  await bench?.close();
});

type Container = Pod['spec']['containers'][number];
const waiting = `trap 'exit 0' TERM; while true; do sleep 0.1; done`;
const container = (more: Partial<Container>): Container => ({
  name: 'main',
  image: busyboxImage,
  command: ['sh', '-c', waiting],
  ...more,
});
const from = (valueFrom: object) => valueFrom as NonNullable<NonNullable<Container['env']>[number]['valueFrom']>;
const field = (fieldPath: string) => from({ fieldRef: { fieldPath } });
const resource = (name: string, more: object = {}) => from({ resourceFieldRef: { resource: name, ...more } });

/** Of the container's first process, by name. */
async function variablesOf(pod: Pod): Promise<Map<string, string>> {
  const lines = (await inside(running, pod, 'tr "\\0" "\\n" </proc/1/environ')).trim().split('\n');
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

test('variables are told of whole objects, of single keys, of the pod, its resources and the services around it', async () => {
  const env: Container['env'] = [
    { name: 'PLAIN', value: 'p' },
    { name: 'MADE', value: '$(PLAIN)-$(C_COLOR)-$(NONE)-$$(PLAIN)' },
    { name: 'C_SIZE', value: 'mine' },
    { name: 'SECRET', valueFrom: from({ secretKeyRef: { name: 'login', key: 'PASSWORD' } }) },
    { name: 'MAYBE', valueFrom: from({ configMapKeyRef: { name: 'settings', key: 'none', optional: true } }) },
    { name: 'NAME', valueFrom: field('metadata.name') },
    { name: 'TIER', valueFrom: field("metadata.labels['tier']") },
    { name: 'NODE', valueFrom: field('spec.nodeName') },
    { name: 'IP', valueFrom: field('status.podIP') },
    { name: 'HOST', valueFrom: field('status.hostIP') },
    { name: 'CORES', valueFrom: resource('limits.cpu') },
    { name: 'MEBIBYTES', valueFrom: resource('requests.memory', { divisor: '1Mi' }) },
    { name: 'UNLIMITED', valueFrom: resource('limits.memory', { divisor: '1Gi' }) },
    { name: 'OTHERS', valueFrom: resource('limits.cpu', { containerName: 'side', divisor: '1m' }) },
  ];
  const envFrom = [
    { prefix: 'C_', configMapRef: { name: 'settings' } },
    { secretRef: { name: 'login' } },
    { configMapRef: { name: 'none', optional: true } },
  ];
  const resources = { limits: { cpu: '1500m' }, requests: { memory: '20Mi' } };
  const side = { ...container({ resources: { limits: { cpu: '250m' } } }), name: 'side' };
  const created = await bench.createPod('told', { containers: [container({ env, envFrom, resources }), side] });
  await bench.client.patch(pods, created.metadata, { metadata: { labels: { tier: 'front' } } });
  const pod = await bench.podWhen('told', 'ready', isReady);
  const found = await variablesOf(pod);
  const expected = {
    ...{ PLAIN: 'p', MADE: 'p-blue-$(NONE)-$(PLAIN)', C_COLOR: 'blue', C_SIZE: 'mine', PASSWORD: 'hidden' },
    ...{ SECRET: 'hidden', NAME: 'told', NODE: 'n1', IP: pod.status.podIP, HOST: '192.0.2.7' },
    // A limit that is not set is what the node has for pods.
    ...{ CORES: '2', MEBIBYTES: '20', UNLIMITED: '4', OTHERS: '250' },
    ...{ KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '80', MY_SHOP_SERVICE_HOST: '10.96.0.7' },
    ...{ MY_SHOP_SERVICE_PORT_HTTP: '80', MY_SHOP_PORT_80_TCP_ADDR: '10.96.0.7' },
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(found.get(name), value, name);
  for (const name of ['MAYBE', 'HIDDEN_SERVICE_HOST']) assert.equal(found.has(name), false, name);
});

test('without links there is no service but the API itself', async () => {
  await bench.createPod('unlinked', { enableServiceLinks: false, containers: [container({})] });
  const found = await variablesOf(await bench.podWhen('unlinked', 'ready', isReady));
  assert.equal(found.get('KUBERNETES_SERVICE_HOST'), '10.96.0.1');
  assert.equal(found.has('MY_SHOP_SERVICE_HOST'), false);
});

test('command, arguments and working directory are those of the manifest, with what variables say', async () => {
  const command = ['sh', '-c', `echo "$0 $@"; pwd; ${waiting}`, '$(WHO)'];
  const args = ['$$(WHO)', '$(NOBODY)', 'two words'];
  const main = container({ command, args, workingDir: '/var/made', env: [{ name: 'WHO', value: 'me' }] });
  const pod = await bench.createPod('called', { containers: [main] });
  await bench.podWhen('called', 'ready', isReady);
  const [{ Id = '' } = {}] = (await bench.containersOf(pod)).filter(({ Names }) => Names[0]?.includes('_main_'));
  const log = await waitUntil('what it says', async () => {
    const text = (await bench.docker.getContainer(Id).logs({ stdout: true })).toString();
    return text.includes('/var/made\n') && text;
  });
  assert.match(log, /me \$\(WHO\) \$\(NOBODY\) two words\n/);
});

test('what is missing for it is said, and nothing is begun', async () => {
  const key = from({ configMapKeyRef: { name: 'settings', key: 'none' } });
  const cases: [string, Partial<Container>, string][] = [
    ['no-map', { envFrom: [{ configMapRef: { name: 'none' } }] }, 'configmap "none" not found'],
    ['no-secret', { envFrom: [{ secretRef: { name: 'none' } }] }, 'secret "none" not found'],
    ['no-key', { env: [{ name: 'A', valueFrom: key }] }, "couldn't find key none in ConfigMap default/settings"],
  ];
  for (const [name, more] of cases) await bench.createPod(name, { containers: [container(more)] });
  for (const [name, , says] of cases) {
    const state = ({ status }: Pod) => status.containerStatuses?.[0]?.state?.waiting;
    const pod = await bench.podWhen(name, 'refused', (now) => state(now)?.reason === 'CreateContainerConfigError');
    assert.equal(state(pod)?.message, says);
    await bench.eventOf(name, `Failed: Error: ${says}`);
  }
});
