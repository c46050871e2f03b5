// A program on a node: gives the cluster COUNT services of three endpoints, then measures how long one more takes until it answers,
// and how long it takes from a pod's readiness, as a watch sees it, until its service answers. Prints both, in JSON.
//   service-answers.ts KUBECONFIG IMAGE COUNT
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type EndpointSlice, endpointSlices, serviceNameLabel } from '../src/api/kinds/endpoint-slice.ts';
import { isPodReady, type Pod, pods } from '../src/api/kinds/pod.ts';
import { type Service, services } from '../src/api/kinds/service.ts';
import { createLog } from '../src/base/log.ts';
import { Client, type Draft } from '../src/client/client.ts';
import { HttpTransport } from '../src/client/http-transport.ts';
import { parseKubeconfig } from '../src/pki/kubeconfig.ts';
import { PodWatch } from './pod-watch.ts';

export interface ServiceAnswers {
  readyMs: number[];
  oneMoreMs: number[];
  /** From the first creation until the last one answers as it should: nobody is behind it. */
  allMs: number;
}

const [kubeconfig = '', image = '', countText = '0'] = process.argv.slice(2);
const count = Number(countText);
const repetitions = 10;
const atOnce = 16;
const namespace = 'default';
const labels = { app: 'answering' };
const gate = 'bench.example/open';
const ports = [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }];

const log = createLog({ level: 'warn', part: 'bench' });
const client = new Client(new HttpTransport({ ...parseKubeconfig(await readFile(kubeconfig, 'utf8')), log }));

async function createService(name: string, selector?: Record<string, string>): Promise<string> {
  const metadata = { namespace, name };
  const spec = { ports, ...(selector && { selector }) };
  return (await client.create(services, { metadata, spec } as Draft<Service>)).spec.clusterIP ?? '';
}

async function createFilling(index: number): Promise<void> {
  const name = `s${index}`;
  await createService(name);
  const endpoints = [0, 1, 2].map((number) => ({
    addresses: [`10.250.${(index * 3 + number) % 200}.${2 + (index % 250)}`],
  }));
  await client.create(endpointSlices, {
    metadata: { namespace, name, labels: { [serviceNameLabel]: name } },
    ...{ addressType: 'IPv4', endpoints, ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] },
  } as Draft<EndpointSlice>);
}

async function isAnswered(address: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: address, port: 80, timeout: 200 });
  socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  socket.on('timeout', () => resolve(false));
  return await promise.finally(() => socket.destroy());
}

/** Asks again without waiting for an answer: before there are rules, what is sent goes nowhere. */
async function untilAnswered(address: string): Promise<number> {
  let answeredMs = 0;
  while (answeredMs === 0) {
    void isAnswered(address).then((is) => {
      if (is && answeredMs === 0) answeredMs = performance.now();
    });
    await delay(5);
  }
  return answeredMs;
}

async function untilRefused(address: string): Promise<void> {
  while (await isAnswered(address)) await delay(1);
}

async function openGate(isOpen: boolean): Promise<void> {
  const conditions = [{ type: gate, status: isOpen ? 'True' : 'False' }];
  const patch = { status: { conditions } };
  await client.patch(pods, { namespace, name: 'answering' }, patch, { type: 'strategic', subresource: 'status' });
}

const watch = new PodWatch(client, namespace);
const isReady = (wanted: boolean) => (pod: Pod | undefined) => pod !== undefined && isPodReady(pod) === wanted;
await client.create(pods, {
  metadata: { namespace, name: 'answering', labels },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'main', image, command: ['httpd', '-f', '-p', '8080'] }],
    readinessGates: [{ conditionType: gate }],
  },
} as Draft<Pod>);

const begun = performance.now();
let next = 0;
const fillers = Array.from({ length: atOnce }, async () => {
  while (next < count) await createFilling(next++);
});
await Promise.all(fillers);
const address = await createService('answering', labels);
await openGate(true);
const allMs = (await untilAnswered(address)) - begun;

const readyMs: number[] = [];
const oneMoreMs: number[] = [];
for (let repetition = 0; repetition < repetitions; repetition++) {
  await openGate(false);
  await untilRefused(address);
  const ready = watch.untilPod('answering', 'ready', isReady(true));
  await openGate(true);
  const answered = await untilAnswered(address);
  readyMs.push(answered - (await ready));
  const created = performance.now();
  oneMoreMs.push((await untilAnswered(await createService(`more-${repetition}`, labels))) - created);
}
watch.close();
process.stdout.write(`${JSON.stringify({ readyMs, oneMoreMs, allMs } satisfies ServiceAnswers)}\n`);
process.exit();
