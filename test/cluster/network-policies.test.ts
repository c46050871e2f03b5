// Network policies with all real parts: written with kubectl, learned of with the rights of nodes, in force between pods on Docker.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Pod } from '../../src/api/kinds/pod.ts';
import { oldestAndNewest } from '../api/kubectls.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage, nginxImage } from '../images/images.ts';
import { Cluster } from './cluster.ts';

let cluster: Cluster;

before(async () => {
  cluster = await Cluster.open();
  for (const namespace of ['shop', 'bank']) await cluster.kubectl('create', 'namespace', namespace);
  const httpGet = { path: '/', port: 80 };
  const container = {
    name: 'main',
    image: nginxImage,
    imagePullPolicy: 'IfNotPresent',
    ports: [{ name: 'http', containerPort: 80 }],
  };
  await apply(podObject('web', 'shop', 'a', { ...container, readinessProbe: { httpGet, periodSeconds: 1 } }));
  await cluster.kubectl('wait', '-n', 'shop', 'pod/web', '--for=condition=Ready', '--timeout=60s');
});
after(async () => await cluster?.close());

function podObject(name: string, namespace: string, nodeName: string, container: object): object {
  const spec = { nodeName, restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [container] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: { app: name } }, spec };
}

function policyObject(name: string, spec: object): object {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace: 'shop' }, spec };
}

/** Answers what kubectl complains of. */
async function apply(object: object): Promise<string> {
  const args = ['--kubeconfig', cluster.kubeconfig, 'apply', '-f', '-'];
  return (await cluster.master.host.exec('kubectl', args, { input: JSON.stringify(object) })).stderr;
}

const webAddress = async () => (await cluster.kubectlJson<Pod>('get', 'pod', '-n', 'shop', 'web')).status.podIP ?? '';

/** What becomes of the first thing that a new pod does: to ask the web pod. */
async function firstRequest(name: string, namespace: string, nodeName: string): Promise<string> {
  const ask = `timeout 3 wget -q -O - http://${await webAddress()}/ >/dev/null 2>&1 && echo reached || echo denied`;
  const container = { name: 'main', image: busyboxImage, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', ask] };
  await apply(podObject(name, namespace, nodeName, container));
  const pod = `pod/${name}`;
  await cluster.kubectl('wait', '-n', namespace, pod, '--for=jsonpath={.status.phase}=Succeeded', '--timeout=60s');
  const outcome = await cluster.kubectl('logs', '-n', namespace, name);
  await cluster.kubectl('delete', '-n', namespace, pod);
  return outcome.trim();
}

const rulesOf = async (name: string) =>
  (await cluster.hosts.host(name).host.exec('iptables-save', ['-t', 'filter'])).stdout;

test('a policy is written without a warning and in force on all nodes at once; a new pod cannot get out even once', async (t) => {
  assert.equal(await firstRequest('early', 'shop', 'b'), 'reached');
  const begun = performance.now();
  assert.equal(await apply(policyObject('no-way-out', { podSelector: {}, policyTypes: ['Egress'] })), '');
  const written = performance.now();
  await waitUntil('rules', async () => /WHERRY-POL-E/.test(await rulesOf('a')));
  t.diagnostic(
    `in force ${Math.round(performance.now() - written)} ms after kubectl, which took ${Math.round(written - begun)} ms`,
  );
  assert.equal(await firstRequest('here', 'shop', 'a'), 'denied');
  assert.equal(await firstRequest('there', 'shop', 'b'), 'denied');
  assert.equal(await firstRequest('other', 'bank', 'b'), 'reached');
  await cluster.kubectl('delete', '-n', 'shop', 'networkpolicy', 'no-way-out');
});

test('with all ingress denied probes go on; what is allowed again is reached', async () => {
  await apply(policyObject('closed', { podSelector: {} }));
  await waitUntil('rules', async () => /WHERRY-POL-I/.test(await rulesOf('a')));
  assert.equal(await firstRequest('one', 'bank', 'a'), 'denied');
  const { status } = await cluster.kubectlJson<Pod>('get', 'pod', '-n', 'shop', 'web');
  assert.equal(status.conditions?.find(({ type }) => type === 'Ready')?.status, 'True');
  await cluster.kill('a');
  assert.equal(await firstRequest('two', 'bank', 'b'), 'denied');
  await cluster.startAgent(cluster.hosts.host('a'));
  const from = [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'bank' } } }];
  await apply(
    policyObject('from-bank', {
      podSelector: { matchLabels: { app: 'web' } },
      ingress: [{ from, ports: [{ port: 'http' }] }],
    }),
  );
  await waitUntil('reached', async () => (await firstRequest('three', 'bank', 'b')) === 'reached');
  assert.equal(await firstRequest('four', 'shop', 'b'), 'denied');
});

test('kubectl describes a policy', async () => {
  for (const { program } of await oldestAndNewest()) {
    const args = ['--kubeconfig', cluster.kubeconfig, 'describe', '-n', 'shop', 'networkpolicy', 'from-bank'];
    const { stdout } = await cluster.master.host.exec(program, args);
    assert.match(stdout, /PodSelector: +app=web\n/, program);
    assert.match(
      stdout,
      /Allowing ingress traffic:\n +To Port: http\/TCP\n +From:\n +NamespaceSelector: kubernetes.io\/metadata.name=bank/,
    );
    assert.match(stdout, /Not affecting egress traffic\n +Policy Types: Ingress\n/);
  }
});
