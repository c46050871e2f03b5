// Jobs on a real server, pods played: every pod is counted once, whatever is killed, and a job ends as Kubernetes ends it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { events } from '../../src/api/kinds/event.ts';
import { jobs } from '../../src/api/kinds/job.ts';
import type { Job } from '../../src/api/kinds/job-spec.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { controllerOf } from '../../src/api/meta.ts';
import { isPodActive } from '../../src/api/pod-availability.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server, {
    isStuck: ({ spec }) => spec.containers[0]?.image === 'endless',
    // "exit:3" ends with 3; "exit:0,1" with 0 at the first place and with 1 at the second.
    exitCodeOf: ({ metadata, spec }) => {
      const [, codes] = spec.containers[0]?.image?.split(':') ?? [];
      const all = codes?.split(',') ?? [];
      const code = all[Number(metadata.labels?.['batch.kubernetes.io/job-completion-index'] ?? 0)] ?? all.at(-1);
      return code === undefined || Number.isNaN(Number(code)) ? undefined : Number(code);
    },
  });
  await agents.start('one', 'two');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

type FailureRules = NonNullable<Job['spec']['podFailurePolicy']>['rules'];

const namespace = 'default';

function create(name: string, image: string, spec: Partial<Job['spec']> = {}, podSpec: object = {}): Promise<Job> {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image }], ...podSpec } };
  return server.client.create(jobs, { metadata: { name, namespace }, spec: { template, ...spec } as Job['spec'] });
}

const change = (name: string, spec: object) => server.client.patch(jobs, { name, namespace }, { spec });
const isOf = (name: string) => (pod: Pod) => pod.metadata.labels?.['job-name'] === name;
const has = ({ status }: Job, type: string) =>
  status.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
const reasons = ({ status }: Job) =>
  (status.conditions ?? []).map(({ type, status: is, reason }) => `${type}=${is} ${reason}`);

const when = (name: string, what: string, ask: (job: Job) => boolean | undefined) =>
  server.when(`${name} ${what}`, jobs, (all) => all.find((job) => job.metadata.name === name && ask(job)), 40_000);
const complete = (name: string) => when(name, 'complete', (job) => has(job, 'Complete'));
const failed = (name: string) => when(name, 'failed', (job) => has(job, 'Failed'));
const podsOf = async (name: string) => (await server.list(pods)).filter(isOf(name));

/** One that is active, and was not known before. */
const running = (name: string, known: readonly Pod[] = []) =>
  server.when(`${name} running`, pods, (all) =>
    all.find(
      (pod) =>
        isOf(name)(pod) &&
        isPodActive(pod) &&
        pod.status.phase === 'Running' &&
        !known.some(({ metadata }) => metadata.uid === pod.metadata.uid),
    ),
  );

const told = (name: string, reason: string) =>
  server.when(`${name} ${reason}`, events, (all) =>
    all.find((event) => event.involvedObject.name === name && event.reason === reason),
  );

/** The most pods of a job that were ever active at once. */
async function mostActive(name: string): Promise<() => number> {
  const all = await server.informer(pods);
  let most = 0;
  const look = () => {
    most = Math.max(most, all.list().filter(isOf(name)).filter(isPodActive).length);
  };
  // What comes in one go, as after a break, is of one moment.
  all.onChange(() => queueMicrotask(look));
  return () => most;
}

test('a job of one pod: its life reads as in Kubernetes', async () => {
  const { metadata } = await create('once', 'exit:0');
  const { status, spec } = await complete('once');
  const { startTime, completionTime, conditions, ...rest } = status;
  assert.deepEqual(rest, { ready: 0, terminating: 0, succeeded: 1, uncountedTerminatedPods: {} });
  assert.ok(startTime && completionTime && startTime <= completionTime);
  assert.deepEqual(
    conditions?.map(({ type, reason, message }) => [type, reason, message]),
    ['SuccessCriteriaMet', 'Complete'].map((type) => [
      type,
      'CompletionsReached',
      'Reached expected number of succeeded pods',
    ]),
  );
  assert.equal(spec.completions, 1);
  const [pod] = await podsOf('once');
  assert.match(pod?.metadata.name ?? '', /^once-[a-z0-9]{5}$/);
  assert.equal(controllerOf(pod as Pod)?.uid, metadata.uid);
  assert.equal(pod?.metadata.finalizers, undefined, 'counted, so nothing keeps it');
  assert.match((await told('once', 'SuccessfulCreate')).message ?? '', /^Created pod: once-/);
  assert.equal((await told('once', 'Completed')).message, 'Job completed');
});

test('so many completions, never more at once than may be', async () => {
  const most = await mostActive('many');
  await create('many', 'exit:0', { completions: 23, parallelism: 5 });
  const { status } = await complete('many');
  assert.equal(status.succeeded, 23);
  assert.equal(most(), 5);
  assert.equal((await podsOf('many')).length, 23, 'never one too many');
});

test('a work queue ends when one has succeeded and the others are through', async () => {
  await create('queue', 'work', { parallelism: 3 });
  await when('queue', 'up', ({ status }) => status.ready === 3);
  const [first, ...others] = await podsOf('queue');
  await agents.end(first as Pod, 0);
  await when('queue', 'one done', ({ status }) => status.succeeded === 1 && status.active === 2);
  for (const pod of others) await agents.end(pod, 0);
  assert.equal((await complete('queue')).status.succeeded, 3);
  assert.equal((await podsOf('queue')).length, 3);
});

test('an indexed job gives each pod its place, and says which are done', async () => {
  await create('places', 'work', { completions: 6, parallelism: 6, completionMode: 'Indexed' });
  await when('places', 'up', ({ status }) => status.ready === 6);
  const own = (await podsOf('places')).sort((a, b) => (a.spec.hostname ?? '').localeCompare(b.spec.hostname ?? ''));
  const [first] = own;
  assert.deepEqual(
    own.map(({ spec }) => spec.hostname),
    [0, 1, 2, 3, 4, 5].map((index) => `places-${index}`),
  );
  assert.match(first?.metadata.name ?? '', /^places-0-[a-z0-9]{5}$/);
  assert.equal(first?.metadata.annotations?.['batch.kubernetes.io/job-completion-index'], '0');
  assert.equal(first?.metadata.labels?.['batch.kubernetes.io/job-completion-index'], '0');
  const env = first?.spec.containers[0]?.env?.find(({ name }) => name === 'JOB_COMPLETION_INDEX');
  assert.equal(env?.valueFrom?.fieldRef?.fieldPath, "metadata.labels['batch.kubernetes.io/job-completion-index']");
  for (const index of [1, 3, 4, 5]) await agents.end(own[index] as Pod, 0);
  await when('places', 'four done', ({ status }) => status.completedIndexes === '1,3-5' && status.succeeded === 4);
  for (const index of [0, 2]) await agents.end(own[index] as Pod, 0);
  assert.equal((await complete('places')).status.completedIndexes, '0-5');
});

test('an indexed job grows and shrinks: places beyond its size are no more', async () => {
  await create('elastic', 'exit:0,run', { completions: 2, parallelism: 2, completionMode: 'Indexed' });
  await when('elastic', 'first done', ({ status }) => status.completedIndexes === '0' && status.active === 1);
  await change('elastic', { completions: 4, parallelism: 4 });
  await when('elastic', 'grown', ({ status }) => status.ready === 3);
  await change('elastic', { completions: 1, parallelism: 1 });
  const { status } = await complete('elastic');
  assert.deepEqual([status.succeeded, status.completedIndexes, status.failed], [1, '0', undefined]);
  await server.when('no others', pods, (all) => all.filter(isOf('elastic')).length === 1);
});

test('failures beyond the limit end the job: its other pods go, and are counted before it is said', async () => {
  await create('broken', 'work', { parallelism: 2, completions: 2, backoffLimit: 0 });
  await when('broken', 'up', ({ status }) => status.ready === 2);
  const [first] = await podsOf('broken');
  await agents.end(first as Pod, 1);
  const { status } = await failed('broken');
  assert.deepEqual(reasons({ status } as Job), [
    'FailureTarget=True BackoffLimitExceeded',
    'Failed=True BackoffLimitExceeded',
  ]);
  assert.equal(status.failed, 2);
  assert.equal(status.completionTime, undefined);
  assert.equal((await told('broken', 'BackoffLimitExceeded')).message, 'Job has reached the specified backoff limit');
  await told('broken', 'SuccessfulDelete');
});

test('each place fails for itself, up to its own limit', async () => {
  await create('apart', 'exit:0,1,0', {
    completions: 3,
    parallelism: 3,
    completionMode: 'Indexed',
    backoffLimitPerIndex: 0,
  });
  const { status } = await failed('apart');
  assert.deepEqual([status.completedIndexes, status.failedIndexes, status.failed], ['0,2', '1', 1]);
  assert.deepEqual(reasons({ status } as Job), ['FailureTarget=True FailedIndexes', 'Failed=True FailedIndexes']);
  await create('few', 'exit:1', {
    completions: 5,
    parallelism: 1,
    completionMode: 'Indexed',
    backoffLimitPerIndex: 0,
    maxFailedIndexes: 1,
  });
  const few = await failed('few');
  assert.equal(few.status.failedIndexes, '0,1');
  assert.deepEqual(reasons(few).slice(1), ['Failed=True MaxFailedIndexesExceeded']);
});

test('a success policy ends a job before all have succeeded', async () => {
  await create('leader', 'work', {
    completions: 3,
    parallelism: 3,
    completionMode: 'Indexed',
    successPolicy: { rules: [{ succeededIndexes: '0' }] },
  });
  await when('leader', 'up', ({ status }) => status.ready === 3);
  const leader = (await podsOf('leader')).find(({ spec }) => spec.hostname === 'leader-0');
  await agents.end(leader as Pod, 0);
  const { status } = await complete('leader');
  assert.deepEqual(reasons({ status } as Job), [
    'SuccessCriteriaMet=True SuccessPolicy',
    'Complete=True SuccessPolicy',
  ]);
  assert.equal(status.conditions?.[1]?.message, 'Matched rules at index 0');
  assert.deepEqual([status.succeeded, status.failed, status.completedIndexes], [1, undefined, '0']);
  await server.when('the others gone', pods, (all) => all.filter(isOf('leader')).length === 1);
});

test('a job that takes too long fails', async () => {
  await create('slow', 'work', { activeDeadlineSeconds: 1 });
  const { status } = await failed('slow');
  assert.deepEqual(reasons({ status } as Job)[1], 'Failed=True DeadlineExceeded');
  assert.equal((await told('slow', 'DeadlineExceeded')).message, 'Job was active longer than specified deadline');
  assert.equal(status.failed, 1);
});

test('a job is suspended and resumed: its pods go uncounted, and its time begins anew', async () => {
  await create('paused', 'work', { suspend: true, parallelism: 2, completions: 2 });
  const first = await when('paused', 'suspended', (job) => has(job, 'Suspended'));
  assert.equal(first.status.startTime, undefined);
  assert.equal((await told('paused', 'Suspended')).message, 'Job suspended');
  await change('paused', { suspend: false });
  const started = await when('paused', 'up', ({ status }) => status.ready === 2);
  assert.ok(started.status.startTime);
  assert.equal((await told('paused', 'Resumed')).message, 'Job resumed');
  await change('paused', { suspend: true });
  const held = await when(
    'paused',
    'held',
    (job) => has(job, 'Suspended') && !job.status.active && job.status.terminating === 0,
  );
  assert.deepEqual([held.status.failed, held.status.succeeded], [undefined, undefined]);
  const earlier = { status: { startTime: '2026-01-01T00:00:00Z' } };
  await server.client.patch(jobs, held.metadata, earlier, { subresource: 'status' });
  await change('paused', { suspend: false });
  const resumed = await when('paused', 'up again', ({ status }) => status.ready === 2);
  assert.notEqual(resumed.status.startTime, earlier.status.startTime);
  for (const pod of (await podsOf('paused')).filter(isPodActive)) await agents.end(pod, 0);
  assert.deepEqual(reasons(await complete('paused')), [
    'Suspended=False JobResumed',
    'SuccessCriteriaMet=True CompletionsReached',
    'Complete=True CompletionsReached',
  ]);
});

describe('what waits after a failure', { concurrency: true }, () => {
  test('the next pod after a failure waits, as long as Kubernetes makes it wait', async () => {
    await create('again', 'work');
    const first = await running('again');
    await agents.end(first, 1);
    const second = await running('again', [first]);
    const [endedAt, madeAt] = [
      first.status.containerStatuses?.[0]?.state?.terminated?.finishedAt ??
        (await server.client.get(pods, first.metadata)).status.containerStatuses?.[0]?.state?.terminated?.finishedAt,
      second.metadata.creationTimestamp,
    ].map((time) => Date.parse(time ?? ''));
    assert.ok((madeAt ?? 0) - (endedAt ?? 0) >= 10_000, `${madeAt} - ${endedAt}`);
    await agents.end(second, 0);
    const { status } = await complete('again');
    assert.deepEqual([status.failed, status.succeeded], [1, 1]);
  });

  test('rules for failures: one fails the job, one does not count', async () => {
    const podFailurePolicy: Job['spec']['podFailurePolicy'] = {
      rules: [
        { action: 'Ignore', onExitCodes: { operator: 'In', values: [7] } },
        { action: 'FailJob', onExitCodes: { containerName: 'main', operator: 'In', values: [42] } },
      ],
    };
    await create('ruled', 'work', { podFailurePolicy, backoffLimit: 0 });
    const first = await running('ruled');
    await agents.end(first, 7);
    const second = await running('ruled', [first]);
    await agents.end(second, 42);
    const { status } = await failed('ruled');
    assert.equal(status.failed, 1, 'the first is ignored');
    const message = `Container main for pod default/${second.metadata.name} failed with exit code 42 matching FailJob rule at index 1`;
    assert.deepEqual(
      status.conditions?.map((condition) => [condition.type, condition.reason, condition.message]),
      ['FailureTarget', 'Failed'].map((type) => [type, 'PodFailurePolicy', message]),
    );
  });

  for (const podReplacementPolicy of ['TerminatingOrFailed', 'Failed'] as const) {
    test(`a pod that is being deleted is replaced: ${podReplacementPolicy}`, async () => {
      const name = podReplacementPolicy.toLowerCase();
      await create(name, 'endless', { podReplacementPolicy });
      const pod = await running(name);
      await server.client.delete(pods, pod.metadata);
      if (podReplacementPolicy === 'Failed') {
        await when(name, 'waiting for its end', ({ status }) => status.terminating === 1 && !status.failed);
        await agents.end(pod, 1);
      }
      const counted = await when(name, 'counted', ({ status }) => status.failed === 1);
      const isThere = counted.status.terminating === 1;
      assert.equal(isThere, podReplacementPolicy === 'TerminatingOrFailed', 'it is counted before it has ended');
      const next = await running(name, [pod]);
      await server.when(
        isThere ? 'it is there' : 'it is gone',
        pods,
        (all) => all.some(({ metadata }) => metadata.uid === pod.metadata.uid) === isThere,
      );
      await agents.end(next, 0);
      assert.equal((await when(name, 'complete', ({ status }) => status.succeeded === 1)).status.failed, 1);
      await agents.end(pod, 1);
      await complete(name);
    });
  }
});

test('jobs that have ended go when their time is over, with their pods', async () => {
  await create('brief', 'exit:0', { ttlSecondsAfterFinished: 1 });
  await complete('brief');
  await server.when('gone', jobs, (all) => !all.some(({ metadata }) => metadata.name === 'brief'));
  assert.deepEqual(await podsOf('brief'), []);
});

test('a pod that a crash left released and not deleted goes yet, and counts for nothing', async () => {
  await create('halfway', 'work', { completions: 2, parallelism: 2 });
  await when('halfway', 'up', ({ status }) => status.ready === 2);
  const dismissed = await running('halfway');
  const letGo = {
    annotations: { 'wherry.io/dismissed': 'true' },
    '$deleteFromPrimitiveList/finalizers': ['batch.kubernetes.io/job-tracking'],
  };
  await server.client.patch(pods, dismissed.metadata, { metadata: letGo }, { type: 'strategic' });
  const others = await server.when('others in its place', pods, (all) => {
    const own = all.filter(isOf('halfway')).filter(({ status }) => status.phase === 'Running');
    return own.length === 2 && own.every(({ metadata }) => metadata.uid !== dismissed.metadata.uid) && own;
  });
  for (const pod of others) await agents.end(pod, 0);
  const { status } = await complete('halfway');
  assert.deepEqual([status.succeeded, status.failed], [2, undefined]);
  assert.equal((await podsOf('halfway')).length, 2);
});

test('what somebody else manages is left alone', async () => {
  await create('foreign', 'exit:0', { managedBy: 'example.com/other' });
  await create('own', 'exit:0', { managedBy: 'kubernetes.io/job-controller' });
  await complete('own');
  assert.deepEqual(await podsOf('foreign'), []);
});

test('a job that is deleted takes its pods along, or leaves them, and no finalizer holds them', async () => {
  await create('taken', 'work');
  await running('taken');
  await server.client.delete(jobs, { name: 'taken', namespace }, { propagationPolicy: 'Background' });
  await create('left', 'work');
  const pod = await running('left');
  await server.client.delete(jobs, { name: 'left', namespace }, { propagationPolicy: 'Orphan' });
  const waif = await server.when('orphan', pods, (all) =>
    all.find(({ metadata }) => metadata.uid === pod.metadata.uid && !metadata.finalizers && !metadata.ownerReferences),
  );
  await server.client.delete(pods, waif.metadata);
  await create('whole', 'work');
  await running('whole');
  await server.client.delete(jobs, { name: 'whole', namespace }, { propagationPolicy: 'Foreground' });
  await server.when('no pods', pods, (all) => !['taken', 'left', 'whole'].some((name) => all.some(isOf(name))));
  await server.when(
    'no jobs',
    jobs,
    (all) => !all.some(({ metadata }) => ['taken', 'left', 'whole'].includes(metadata.name)),
  );
});

test('counting survives a kill of the server, and a pod that is deleted meanwhile', async () => {
  const most = await mostActive('crash');
  await create('crash', 'exit:0', { completions: 40, parallelism: 8 });
  const codes = Array.from({ length: 30 }, (_, index) => (index % 3 === 0 ? 3 : 0));
  const rules: FailureRules = [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [3] } }];
  await create('crash-places', `exit:${codes}`, {
    ...{ completions: 30, parallelism: 6, completionMode: 'Indexed', backoffLimitPerIndex: 1 },
    podFailurePolicy: { rules },
  });
  let mostCounted = 0;
  (await server.informer(jobs)).onChange(({ object }) => {
    if (object?.metadata.name !== 'crash') return;
    const { succeeded = 0, uncountedTerminatedPods } = object.status;
    mostCounted = Math.max(mostCounted, succeeded + (uncountedTerminatedPods?.succeeded?.length ?? 0));
  });
  await when('crash', 'amid', ({ status }) => (status.succeeded ?? 0) >= 8);
  await server.kill();
  await server.start();
  const [ended] = (await podsOf('crash')).filter(({ status }) => status.phase === 'Succeeded');
  if (ended) await server.client.delete(pods, ended.metadata).catch(() => {});
  const { status } = await complete('crash');
  assert.deepEqual([status.succeeded, status.failed, mostCounted], [40, undefined, 40]);
  assert.ok(most() <= 8, `${most()} at once`);
  const places = (await failed('crash-places')).status;
  assert.deepEqual([places.succeeded, places.failed], [20, 10], 'none twice');
  assert.equal(places.failedIndexes, '0,3,6,9,12,15,18,21,24,27');
  assert.equal((await podsOf('crash-places')).length, 30);
});
