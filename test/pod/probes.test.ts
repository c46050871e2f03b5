// Probes of real containers: every way of asking, every threshold, what becomes of a container that fails, and that an
// agent that comes anew takes nobody out of service. Servers stand in this process, at the addresses of the pods.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { after, before, suite, type TestContext, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import type { Event } from '../../src/api/kinds/event.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import type { Container, Probe } from '../../src/api/kinds/pod-spec/types.ts';
import { isNotFound } from '../../src/api/status.ts';
import { systemClock } from '../../src/base/clock.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { isReady, PodBench, type RunningAgent } from './pod-bench.ts';

let bench: PodBench;
let running: RunningAgent;
before(async () => {
  bench = await PodBench.open();
  // Of this machine's own: what listens here answers for a pod.
  bench.network.prefix = '127.99.0';
  running = await bench.startAgent();
});
after(async () => {
  await bench?.close();
});

const often = { periodSeconds: 1, failureThreshold: 2 };
/** More than any command here takes, also where the machine has much else to do: what comes too late has failed. */
const patience = { timeoutSeconds: 10 };
const shell = (text: string): Partial<Container> => ({ command: ['sh', '-c', text] });
/** Ends at once when it is told to, with exit code 0. */
const willing = shell('trap "exit 0" TERM; while true; do sleep 1000 & wait; done');
const sh = (text: string): Probe => ({ exec: { command: ['sh', '-c', text] }, ...patience });

/** A pod for as long as the test: its probes would go on, and commands in containers cost Docker much. */
async function create(
  t: TestContext,
  name: string,
  container: Partial<Container>,
  spec: Partial<Pod['spec']> = {},
): Promise<Pod> {
  const containers = [{ name: 'main', image: busyboxImage, ...willing, ...container }];
  t.after(async () => {
    const ended = bench.client.delete(pods, { namespace: 'default', name }, { gracePeriodSeconds: 1 });
    await ended.catch((error: unknown) => assert.ok(isNotFound(error), String(error)));
  });
  return bench.createPod(name, { terminationGracePeriodSeconds: 5, ...spec, containers });
}

const statusOf = (pod: Pod) => pod.status.containerStatuses?.[0];
const containerIdOf = (pod: Pod) => statusOf(pod)?.containerID?.replace('docker://', '') ?? '';

/** Runs a command in the pod's container, as its owner might. */
async function inside(pod: Pod, text: string): Promise<string> {
  const signal = AbortSignal.timeout(20_000);
  const { output } = await running.runtime.exec(containerIdOf(pod), ['sh', '-c', text], {
    signal,
    outputBytes: 10_000,
  });
  return output;
}

/** Texts of the events of a pod, the newest state of each, in the order in which they came first. */
function eventsOf(pod: string): { reason: string; message: string; count: number }[] {
  const newest = new Map<string, Event>();
  for (const { plural, object } of bench.api.history())
    if (plural === 'events' && (object as Event).involvedObject.name === pod)
      newest.set(object.metadata.name, object as Event);
  return [...newest.values()].map(({ reason = '', message = '', count = 1 }) => ({ reason, message, count }));
}

const eventIs = (pod: string, reason: string, message: string | RegExp) =>
  waitUntil(`the event ${reason} of ${pod}`, () =>
    eventsOf(pod).find(
      (event) =>
        event.reason === reason &&
        (typeof message === 'string' ? event.message === message : message.test(event.message)),
    ),
  ).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(eventsOf(pod))}`, { cause: error });
  });

/** An HTTP server at all addresses, whose health is a code to be set. */
async function healthServer(): Promise<{ port: number; asked: IncomingMessage[]; code: number; server: Server }> {
  const server = createServer((request, response) => {
    health.asked.push(request);
    response.writeHead(health.code, health.code === 302 ? { location: 'http://elsewhere.example/' } : {}).end('body');
  });
  const health = { port: 0, asked: [] as IncomingMessage[], code: 200, server };
  server.listen(0);
  await once(server, 'listening');
  health.port = (server.address() as { port: number }).port;
  after(() => server.close());
  return health;
}

suite('probes', { concurrency: 4 }, () => {
  test('readiness by HTTP comes and goes with the answers, at the thresholds', async (t) => {
    const health = await healthServer();
    health.code = 503;
    const httpGet = { path: '/healthz?x=1', port: 'web', httpHeaders: [{ name: 'X-Probe', value: 'yes' }] };
    const readinessProbe = { httpGet, ...often, successThreshold: 2 };
    await create(t, 'http', { ports: [{ name: 'web', containerPort: health.port }], readinessProbe });
    await eventIs('http', 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503');
    const unready = await bench.pod('http');
    assert.equal(unready.status.phase, 'Running');
    assert.equal(statusOf(unready)?.ready, false);
    assert.equal(statusOf(unready)?.started, true);
    assert.ok(!isReady(unready));
    const asked = health.asked.length;
    health.code = 200;
    const ready = await bench.podWhen('http', 'ready', isReady);
    assert.ok(health.asked.length >= asked + 2, 'two successes are asked for');
    const [first] = health.asked;
    assert.equal(first?.url, '/healthz?x=1');
    assert.equal(first?.headers['user-agent'], 'kube-probe/1.34');
    assert.equal(first?.headers['x-probe'], 'yes');
    assert.equal(first?.headers.host, `${ready.status.podIP}:${health.port}`);
    const counted = running.agent.probeCounts().filter(({ labels }) => labels.pod === 'http');
    assert.deepEqual(
      counted.map(({ labels }) => `${labels.container} ${labels.probe_type} ${labels.result}`),
      ['main Readiness failed', 'main Readiness successful'],
    );
    assert.ok(counted.every(({ value = 0 }) => value >= 1 && value < 20));
    health.code = 500;
    const lost = await bench.podWhen('http', 'unready again', (pod) => !isReady(pod));
    const condition = lost.status.conditions?.find(({ type }) => type === 'ContainersReady');
    assert.equal(condition?.message, 'containers with unready status: [main]');
    assert.equal(statusOf(lost)?.restartCount, 0);
  });

  test('a redirect to another host is well, with a warning', async (t) => {
    const health = await healthServer();
    health.code = 302;
    await create(t, 'redirect', { readinessProbe: { httpGet: { port: health.port }, ...often } });
    await bench.podWhen('redirect', 'ready', isReady);
    await eventIs(
      'redirect',
      'ProbeWarning',
      'Readiness probe warning: Probe terminated redirects, Response body: body',
    );
  });

  test('readiness by TCP', async (t) => {
    const server = createTcpServer((socket) => socket.on('error', () => {}));
    server.listen(0);
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await create(t, 'tcp', { readinessProbe: { tcpSocket: { port }, ...often } });
    const { status } = await bench.podWhen('tcp', 'ready', isReady);
    server.close();
    const refused = `Readiness probe failed: dial tcp ${status.podIP}:${port}: connect: connection refused`;
    await eventIs('tcp', 'Unhealthy', refused);
    await bench.podWhen('tcp', 'unready', (pod) => !isReady(pod));
  });

  test('readiness by gRPC', async (t) => {
    const server = new grpc.Server();
    const same = (buffer: Buffer) => buffer;
    const codec = {
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    };
    const path = '/grpc.health.v1.Health/Check';
    let state = 2;
    const services = new Set<string>();
    server.addService(
      { Check: { path, requestStream: false, responseStream: false, ...codec } },
      {
        Check: ({ request }: { request: Buffer }, answer: grpc.sendUnaryData<Buffer>) => {
          services.add(request.subarray(2).toString());
          answer(null, Buffer.from([8, state]));
        },
      },
    );
    const bound = Promise.withResolvers<number>();
    server.bindAsync('0.0.0.0:0', grpc.ServerCredentials.createInsecure(), (_, port) => bound.resolve(port));
    after(() => server.forceShutdown());
    await create(t, 'grpc', { readinessProbe: { grpc: { port: await bound.promise, service: 'shop' }, ...often } });
    await eventIs('grpc', 'Unhealthy', 'Readiness probe failed: service unhealthy (responded with "NOT_SERVING")');
    state = 1;
    await bench.podWhen('grpc', 'ready', isReady);
    assert.deepEqual([...services], ['shop']);
  });

  test('a container that is not alive is killed and restarted, in the grace of its probe', async (t) => {
    const livenessProbe = { ...sh('cat /tmp/alive'), ...often, terminationGracePeriodSeconds: 1 };
    const deaf = shell('trap "" TERM; touch /tmp/alive; while true; do sleep 1000; done');
    await create(t, 'live', { ...deaf, livenessProbe }, { terminationGracePeriodSeconds: 600 });
    const alive = await bench.podWhen('live', 'ready', isReady);
    await inside(alive, 'rm /tmp/alive');
    await eventIs('live', 'Unhealthy', /^Liveness probe failed: cat: .*\/tmp\/alive.*: No such file or directory\n$/);
    await eventIs('live', 'Killing', 'Container main failed liveness probe, will be restarted');
    const restarted = await bench.podWhen(
      'live',
      'restarted',
      (pod) => isReady(pod) && statusOf(pod)?.restartCount === 1,
    );
    assert.equal(statusOf(restarted)?.lastState?.terminated?.exitCode, 137);
    assert.equal(eventsOf('live').filter(({ reason }) => reason === 'Killing').length, 1);
  });

  test('nothing else is probed until a container has started; then readiness at once', async (t) => {
    const health = await healthServer();
    health.code = 500;
    await create(t, 'slow', {
      startupProbe: { ...sh('test -e /tmp/up'), periodSeconds: 1, failureThreshold: 100 },
      livenessProbe: { httpGet: { port: health.port }, periodSeconds: 1, failureThreshold: 1 },
      readinessProbe: { httpGet: { port: health.port }, periodSeconds: 1 },
    });
    await eventIs('slow', 'Unhealthy', 'Startup probe failed: ');
    await waitUntil('it has failed thrice', () =>
      eventsOf('slow').find(({ count }) => count >= 3) ? true : undefined,
    );
    const starting = await bench.pod('slow');
    assert.equal(statusOf(starting)?.started, false);
    assert.equal(statusOf(starting)?.ready, false);
    assert.ok(statusOf(starting)?.state?.running);
    assert.equal(health.asked.length, 0);
    health.code = 200;
    await inside(starting, 'touch /tmp/up');
    const ready = await bench.podWhen('slow', 'ready', isReady);
    assert.equal(statusOf(ready)?.started, true);
    assert.equal(statusOf(ready)?.restartCount, 0);
  });

  test('a container that does not start is restarted', async (t) => {
    await create(t, 'never-up', { startupProbe: { ...sh('exit 1'), ...often } });
    await eventIs('never-up', 'Killing', 'Container main failed startup probe, will be restarted');
    const pod = await bench.podWhen('never-up', 'restarted', (now) => statusOf(now)?.restartCount === 1);
    assert.equal(statusOf(pod)?.started, false);
  });

  test('what may not be restarted ends for good', async (t) => {
    const livenessProbe = { ...sh('exit 1'), ...often };
    await create(
      t,
      'never',
      { ...shell('trap "exit 3" TERM; while true; do sleep 1; done'), livenessProbe },
      { restartPolicy: 'Never' },
    );
    await eventIs('never', 'Killing', 'Container main failed liveness probe');
    const pod = await bench.podWhen('never', 'failed', ({ status }) => status.phase === 'Failed');
    assert.equal(statusOf(pod)?.state?.terminated?.exitCode, 3);
  });

  test('who was killed for a probe has not succeeded, whatever it says', async (t) => {
    await create(t, 'graceful', { livenessProbe: { ...sh('exit 1'), ...often } }, { restartPolicy: 'OnFailure' });
    const pod = await bench.podWhen('graceful', 'restarted', (now) => statusOf(now)?.restartCount === 1);
    assert.equal(statusOf(pod)?.lastState?.terminated?.exitCode, 0);
    const phases = bench.api
      .history()
      .flatMap(({ object }) => (object.metadata.name === 'graceful' ? (object as Pod).status.phase : []));
    assert.ok(!phases.includes('Succeeded'));
  });

  test('a command that takes too long fails, and is not left behind', async (t) => {
    await create(t, 'stuck', { readinessProbe: { ...sh('sleep 7654'), ...often, timeoutSeconds: 1 } });
    await eventIs(
      'stuck',
      'Unhealthy',
      'Readiness probe failed: command timed out: "sh -c sleep 7654" timed out after 1s',
    );
    const pod = await bench.pod('stuck');
    const sleepers = async () =>
      (await inside(pod, 'ps -o args')).split('\n').filter((line) => line === 'sleep 7654').length;
    await waitUntil('it has been asked four times', () => eventsOf('stuck').find(({ count }) => count >= 4));
    await waitUntil('those of before are gone', async () => (await sleepers()) <= 1);
  });

  test('a command that there is not says nothing of the container', async (t) => {
    await create(t, 'unknown', { livenessProbe: { exec: { command: ['/no/such'] }, ...often, ...patience } });
    const event = await eventIs(
      'unknown',
      'Unhealthy',
      /^Liveness probe errored and resulted in unknown state: .*no such file/,
    );
    await waitUntil('it has been tried four times', () => eventsOf('unknown').find(({ count }) => count >= 4));
    assert.ok(event);
    const pod = await bench.pod('unknown');
    assert.equal(statusOf(pod)?.restartCount, 0);
    assert.ok(isReady(pod));
  });

  test('a sidecar is probed as others are, and those after it wait for its startup', async (t) => {
    const health = await healthServer();
    const sidecar = {
      name: 'side',
      image: busyboxImage,
      restartPolicy: 'Always',
      ...willing,
      startupProbe: { ...sh('test -e /tmp/up'), periodSeconds: 1, failureThreshold: 100 },
      readinessProbe: { httpGet: { port: health.port }, ...often },
      livenessProbe: { ...sh('test -e /tmp/up'), ...often },
    };
    await create(t, 'sidecar', {}, { initContainers: [sidecar] });
    await eventIs('sidecar', 'Unhealthy', 'Startup probe failed: ');
    const side = ({ status }: Pod) => status.initContainerStatuses?.[0];
    const waiting = await bench.pod('sidecar');
    assert.equal(side(waiting)?.started, false);
    assert.equal(statusOf(waiting)?.state?.waiting?.reason, 'PodInitializing');
    const id = side(waiting)?.containerID?.replace('docker://', '') ?? '';
    const run = (text: string) =>
      running.runtime.exec(id, ['sh', '-c', text], { signal: AbortSignal.timeout(20_000), outputBytes: 0 });
    await run('touch /tmp/up');
    await bench.podWhen('sidecar', 'ready', isReady);
    health.code = 500;
    const unready = await bench.podWhen('sidecar', 'unready', (pod) => !isReady(pod));
    assert.equal(side(unready)?.ready, false);
    assert.equal(statusOf(unready)?.ready, true);
    await run('rm /tmp/up');
    await eventIs('sidecar', 'Killing', 'Init container side failed liveness probe');
    const restarted = await bench.podWhen('sidecar', 'restarted', (pod) => side(pod)?.restartCount === 1);
    assert.equal(statusOf(restarted)?.restartCount, 0);
  });

  test('a readiness gate has its say besides the probes', async (t) => {
    const health = await healthServer();
    const readinessProbe = { httpGet: { port: health.port }, ...often };
    const readinessGates = [{ conditionType: 'example.com/in-the-balancer' }];
    await create(t, 'gated', { readinessProbe }, { readinessGates });
    const condition = (pod: Pod, name: string) => pod.status.conditions?.find(({ type }) => type === name);
    const closed = await bench.podWhen(
      'gated',
      'ready but for the gate',
      (pod) => condition(pod, 'ContainersReady')?.status === 'True',
    );
    assert.equal(condition(closed, 'Ready')?.reason, 'ReadinessGatesNotReady');
    const gate = { type: 'example.com/in-the-balancer', status: 'True' };
    const conditions = [...(closed.status.conditions ?? []), gate];
    const body = { status: { conditions } };
    await bench.client.patch(pods, { namespace: 'default', name: 'gated' }, body, { subresource: 'status' });
    await bench.podWhen('gated', 'ready', isReady);
    health.code = 500;
    const lost = await bench.podWhen('gated', 'unready', (pod) => !isReady(pod));
    assert.equal(condition(lost, 'Ready')?.reason, 'ContainersNotReady');
    assert.equal(condition(lost, gate.type)?.status, 'True');
  });

  test('a container in its postStart hook is not probed yet', async (t) => {
    const health = await healthServer();
    const postStart = { exec: { command: ['sh', '-c', 'while ! test -e /tmp/hooked; do sleep 0.1; done'] } };
    const readinessProbe = { httpGet: { port: health.port }, ...often };
    const pod = await create(t, 'hooked', { lifecycle: { postStart }, readinessProbe });
    const container = await waitUntil('it runs', async () =>
      (await bench.containersOf(pod)).find(
        ({ Names, State }) => /k8s_main_/.test(Names[0] ?? '') && State === 'running',
      ),
    );
    await systemClock.sleep(1_500); // longer than its period
    assert.equal(health.asked.length, 0);
    const signal = AbortSignal.timeout(20_000);
    await running.runtime.exec(container.Id, ['touch', '/tmp/hooked'], { signal, outputBytes: 0 });
    await bench.podWhen('hooked', 'ready', isReady);
  });

  test('while a pod ends readiness alone is probed', async (t) => {
    const [ready, live] = [await healthServer(), await healthServer()];
    const leaving = shell('trap "while ! test -e /tmp/go; do sleep 0.1; done; exit 0" TERM; sleep 1000 & wait');
    await create(
      t,
      'leaving',
      {
        ...leaving,
        readinessProbe: { httpGet: { port: ready.port }, ...often },
        livenessProbe: { httpGet: { port: live.port }, ...often },
      },
      { terminationGracePeriodSeconds: 60 },
    );
    const pod = await bench.podWhen('leaving', 'ready', isReady);
    await waitUntil('it has been asked whether it lives', () => live.asked.length > 0);
    await bench.client.delete(pods, pod.metadata, {});
    await eventIs('leaving', 'Killing', 'Stopping container main');
    const asked = { ready: ready.asked.length, live: live.asked.length };
    ready.code = 500;
    const unready = await bench.podWhen('leaving', 'unready', (now) => statusOf(now)?.ready === false);
    assert.ok(statusOf(unready)?.state?.running);
    assert.ok(ready.asked.length >= asked.ready + 2);
    assert.equal(live.asked.length, asked.live);
    await inside(pod, 'touch /tmp/go');
    await bench.gone('leaving');
  });
});

test('an agent that comes anew leaves a pod ready, and goes on probing', async (t) => {
  const health = await healthServer();
  await create(t, 'kept', {
    startupProbe: { ...sh('mkdir /tmp/started'), failureThreshold: 1, periodSeconds: 1 },
    readinessProbe: { httpGet: { port: health.port }, ...often },
  });
  const before = await bench.podWhen('kept', 'ready', isReady);
  const begin = bench.api.history().length;
  running.kill();
  health.asked.length = 0;
  running = await bench.startAgent();
  await waitUntil('it is asked again', () => health.asked.length > 2);
  const said = bench.api.history().slice(begin);
  assert.deepEqual(
    said.filter(({ object }) => object.metadata.name === 'kept'),
    [],
    'nothing new was told of it',
  );
  health.code = 500;
  const after = await bench.podWhen('kept', 'unready', (pod) => !isReady(pod));
  assert.equal(containerIdOf(after), containerIdOf(before));
});

test('a Docker that hangs condemns nobody for it', async (t) => {
  // Of those that ran as Docker was stopped some may count.
  const livenessProbe = { exec: { command: ['true'] }, periodSeconds: 1, failureThreshold: 3 };
  await create(t, 'patient', { livenessProbe, readinessProbe: livenessProbe });
  const before = await bench.podWhen('patient', 'ready', isReady);
  await bench.engine.freezeDaemon();
  const late = /^Liveness probe errored and resulted in unknown state: Docker did not run the command in time/;
  await eventIs('patient', 'Unhealthy', late);
  await waitUntil('that is said four times', () => eventsOf('patient').some(({ count }) => count >= 4));
  await bench.engine.thawDaemon();
  await create(t, 'after', { readinessProbe: livenessProbe });
  await bench.podWhen('after', 'ready', isReady);
  const after = await bench.pod('patient');
  assert.equal(containerIdOf(after), containerIdOf(before));
  assert.ok(isReady(after));
  assert.ok(!eventsOf('patient').some(({ reason }) => reason === 'Killing'));
});
