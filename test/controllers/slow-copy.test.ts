// Controllers whose copy of the pods is behind make nothing twice and forget nothing. They run here, outside of the server, as
// they know it by their client alone; what they hear of pods comes late.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { jobs } from '../../src/api/kinds/job.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { replicaSets } from '../../src/api/kinds/replica-set.ts';
import { controllerOf } from '../../src/api/meta.ts';
import { isPodActive } from '../../src/api/pod-availability.ts';
import { AsyncQueue } from '../../src/base/async-queue.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLog } from '../../src/base/log.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import type { Informers } from '../../src/client/informers.ts';
import type { ApiRequest, Transport, WatchEvent, WatchRequest } from '../../src/client/transport.ts';
import { jobController } from '../../src/controllers/jobs/job.ts';
import { replicaSetController } from '../../src/controllers/replicas/replica-set.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { runOutside } from './controllers-outside.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

const behindMs = 300;
const log = createLog({ level: 'error' });
const stop = new AbortController();
let server: TestServer;
let agents: StandInAgent;
let transport: HttpTransport;
/** What the controllers know. */
let informers: Informers;

/** All is as it is, only news of pods comes later. */
class SlowNews implements Transport {
  readonly #inner: Transport;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  request(request: ApiRequest): Promise<unknown> {
    return this.#inner.request(request);
  }

  watch(request: WatchRequest, signal: AbortSignal): AsyncIterable<WatchEvent> {
    const events = this.#inner.watch(request, signal);
    if (request.resource.plural !== 'pods') return events;
    const late = new AsyncQueue<WatchEvent>();
    const read = async () => {
      for await (const event of events) systemClock.after(behindMs, () => late.push(event));
    };
    read().then(
      () => late.end(),
      (error: unknown) => late.fail(error),
    );
    return late;
  }
}

before(async () => {
  server = await TestServer.open(['--without', 'job,replicaset']);
  agents = new StandInAgent(server, {
    exitCodeOf: ({ spec }) => (spec.containers[0]?.image === 'succeed' ? 0 : undefined),
  });
  await agents.start('one');
  transport = new HttpTransport({ ...server.kubeconfig, log });
  informers = await runOutside(new SlowNews(transport), [jobController, replicaSetController], stop.signal);
});
after(async () => {
  stop.abort(new Error('the test is over'));
  agents?.stop();
  await transport?.close();
  await server?.close();
});

const namespace = 'default';
const isOf = (name: string) => (pod: Pod) => pod.metadata.labels?.app === name;

/** How many pods of this label there ever were, and how many were active at once. */
async function watchPods(name: string): Promise<{ made: Set<string>; most: () => number }> {
  const all = await server.informer(pods);
  const made = new Set<string>();
  let most = 0;
  all.onChange(({ object }) => {
    if (object && isOf(name)(object)) made.add(object.metadata.uid ?? '');
    most = Math.max(most, all.list().filter(isOf(name)).filter(isPodActive).length);
  });
  return { made, most: () => most };
}

const template = (name: string, image: string) => ({
  metadata: { labels: { app: name } },
  spec: { containers: [{ name: 'main', image }] },
});

test('a job makes as many pods as it has completions', async () => {
  const seen = await watchPods('work');
  const { metadata, spec } = template('work', 'succeed');
  const jobTemplate = { metadata, spec: { ...spec, restartPolicy: 'Never' as const } };
  await server.client.create(jobs, {
    metadata: { name: 'work', namespace },
    spec: { completions: 12, parallelism: 4, template: jobTemplate },
  });
  const { status } = await server.when('complete', jobs, (all) =>
    all.find((job) => job.status.conditions?.some(({ type }) => type === 'Complete')),
  );
  assert.deepEqual([status.succeeded, status.failed, status.uncountedTerminatedPods], [12, undefined, {}]);
  assert.equal(seen.made.size, 12);
  assert.ok(seen.most() <= 4, `${seen.most()} at once`);
});

test('a work queue that ends before its pods are seen leaves none behind', async () => {
  await server.client.create(jobs, {
    metadata: { name: 'brief', namespace },
    spec: {
      ...{ parallelism: 3, activeDeadlineSeconds: 0 },
      template: { ...template('brief', 'run'), spec: { ...template('brief', 'run').spec, restartPolicy: 'Never' } },
    },
  });
  await server.when('failed', jobs, (all) =>
    all.some(
      ({ metadata, status }) => metadata.name === 'brief' && status.conditions?.some(({ type }) => type === 'Failed'),
    ),
  );
  await server.when('none runs', pods, (all) => !all.filter(isOf('brief')).some(isPodActive));
});

test('a replica set makes and deletes as many as it should', async () => {
  const seen = await watchPods('web');
  const spec = { replicas: 7, selector: { matchLabels: { app: 'web' } }, template: template('web', 'run') };
  await server.client.create(replicaSets, { metadata: { name: 'web', namespace }, spec });
  const ready = (count: number) =>
    server.when(`${count} ready`, replicaSets, (all) =>
      all.some(({ status }) => status.replicas === count && (status.readyReplicas ?? 0) === count),
    );
  await ready(7);
  await server.client.patch(replicaSets, { name: 'web', namespace }, { spec: { replicas: 3 } });
  await ready(3);
  assert.deepEqual([seen.made.size, seen.most()], [7, 7]);
  await server.when('three are left', pods, (all) => all.filter(isOf('web')).length === 3);
});

test('a replica set makes none in the place of those that it has yet to adopt', async () => {
  const seen = await watchPods('orphan');
  const { metadata, spec } = template('orphan', 'run');
  for (const name of ['a', 'b', 'c'])
    await server.client.create(pods, { metadata: { ...metadata, name: `orphan-${name}`, namespace }, spec });
  const known = () => informers.for(pods).list().filter(isOf('orphan'));
  await waitUntil('known as they run', () => known().filter(({ status }) => status.phase === 'Running').length === 3);
  for (const pod of known())
    await server.client.patch(pods, pod.metadata, { metadata: { annotations: { changed: 'unheard' } } });
  await server.client.create(replicaSets, {
    metadata: { name: 'orphan', namespace },
    spec: { replicas: 3, selector: { matchLabels: metadata.labels }, template: { metadata, spec } },
  });
  await server.when('three of its own', pods, (all) => all.filter(isOf('orphan')).filter(controllerOf).length === 3);
  await server.when('three counted', replicaSets, (all) =>
    all.some((set) => set.metadata.name === 'orphan' && set.status.readyReplicas === 3),
  );
  assert.equal(seen.made.size, 3);
});
