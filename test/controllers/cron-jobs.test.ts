// CronJobs on a real server, jobs' pods played. Schedules name minutes that have just passed, so that nobody waits for the next.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type CronJob, cronJobs } from '../../src/api/kinds/cron-job.ts';
import { events } from '../../src/api/kinds/event.ts';
import { jobs } from '../../src/api/kinds/job.ts';
import type { Job } from '../../src/api/kinds/job-spec.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { controllerOf, controllerReference } from '../../src/api/meta.ts';
import { timestamp } from '../../src/base/clock.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server, {
    exitCodeOf: ({ spec }) => ({ succeed: 0, fail: 1 })[spec.containers[0]?.image ?? ''],
  });
  await agents.start('one');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

const namespace = 'default';
const minuteMs = 60_000;
/** So many minutes ago; not so few that the minute may change before it is used. */
const ago = (minutes: number) => Math.floor(Date.now() / minuteMs) * minuteMs - minutes * minuteMs;
const at = (ms: number) => `${new Date(ms).getUTCMinutes()} * * * *`;
const nameAt = (name: string, ms: number) => `${name}-${ms / minuteMs}`;

/** One that counts times from the given one on. */
async function create(name: string, image: string, sinceMs: number, spec: Partial<CronJob['spec']>): Promise<CronJob> {
  const template = { spec: { restartPolicy: 'Never' as const, containers: [{ name: 'main', image }] } };
  const cronJob = await server.client.create(cronJobs, {
    metadata: { name, namespace },
    spec: {
      schedule: '0 0 1 1 *',
      jobTemplate: { metadata: { labels: { cron: name } }, spec: { template } },
      suspend: true,
    },
  });
  const status = { lastScheduleTime: timestamp(sinceMs) };
  await server.client.patch(cronJobs, cronJob.metadata, { status }, { subresource: 'status' });
  return server.client.patch(cronJobs, cronJob.metadata, { spec: { suspend: false, timeZone: 'Etc/UTC', ...spec } });
}

const change = (name: string, spec: object) => server.client.patch(cronJobs, { name, namespace }, { spec });
const isOf = (name: string) => (job: Job) => job.metadata.labels?.cron === name;
const jobNamed = (name: string) => server.when(name, jobs, (all) => all.find(({ metadata }) => metadata.name === name));
const jobGone = (name: string) =>
  server.when(`${name} gone`, jobs, (all) => !all.some(({ metadata }) => metadata.name === name));
const when = (name: string, what: string, ask: (cronJob: CronJob) => boolean | undefined) =>
  server.when(`${name} ${what}`, cronJobs, (all) => all.find((each) => each.metadata.name === name && ask(each)));
const told = (name: string, reason: string) =>
  server.when(`${name} ${reason}`, events, (all) =>
    all.find((event) => event.involvedObject.name === name && event.reason === reason),
  );

test('a job is made for its time, and the status says what runs and what succeeded last', async () => {
  const due = ago(3);
  const cronJob = await create('work', 'run', ago(10), { schedule: at(due) });
  const name = nameAt('work', due);
  const job = await jobNamed(name);
  assert.equal(controllerOf(job)?.uid, cronJob.metadata.uid);
  assert.equal(job.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'], timestamp(due));
  const { status } = await when('work', 'active', ({ status: { active } }) => active?.length === 1);
  assert.equal(status.lastScheduleTime, timestamp(due));
  const [reference] = status.active ?? [];
  assert.deepEqual(
    [reference?.kind, reference?.apiVersion, reference?.name, reference?.uid],
    ['Job', 'batch/v1', name, job.metadata.uid],
  );
  assert.equal((await told('work', 'SuccessfulCreate')).message, `Created job ${name}`);
  const isUp = ({ metadata, status }: Pod) => metadata.labels?.['job-name'] === name && status.phase === 'Running';
  await agents.end(await server.when('its pod', pods, (all) => all.find(isUp)), 0);
  const ended = await when(
    'work',
    'succeeded',
    ({ status: { lastSuccessfulTime } }) => lastSuccessfulTime !== undefined,
  );
  assert.equal(ended.status.active, undefined);
  assert.equal((await told('work', 'SawCompletedJob')).message, `Saw completed job: ${name}, condition: Complete`);
});

test('what runs when the next is due: both, the first alone, or the next in its place', async () => {
  const [first, second] = [ago(4), ago(2)];
  for (const concurrencyPolicy of ['Allow', 'Forbid', 'Replace'] as const) {
    const name = concurrencyPolicy.toLowerCase();
    await create(name, 'run', ago(10), { schedule: at(first), concurrencyPolicy });
    await when(name, 'first', ({ status: { active } }) => active?.length === 1);
    await change(name, { schedule: at(second) });
  }
  await when('allow', 'both', ({ status: { active } }) => active?.length === 2);
  await jobNamed(nameAt('replace', second));
  await jobGone(nameAt('replace', first));
  assert.equal((await told('replace', 'SuccessfulDelete')).message, `Deleted job ${nameAt('replace', first)}`);
  const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
  assert.equal((await told('forbid', 'JobAlreadyActive')).message, message);
  assert.deepEqual((await server.list(jobs)).filter(isOf('forbid')).length, 1);
  await server.client.delete(jobs, { name: nameAt('forbid', first), namespace }, { propagationPolicy: 'Background' });
  await jobNamed(nameAt('forbid', second));
});

test('what was missed is made up for once, and not when it is too late', async () => {
  // Once an hour, and not in the minutes that this test takes.
  await create('late', 'run', ago(150 * 60), { schedule: at(ago(3)) });
  await when('late', 'one', ({ status: { active } }) => active?.length === 1);
  assert.match(
    (await told('late', 'TooManyMissedTimes')).message ?? '',
    /^too many missed start times\. Set or decrease/,
  );
  assert.equal((await server.list(jobs)).filter(isOf('late')).length, 1);
  await create('over', 'run', ago(30), { schedule: at(ago(3)), startingDeadlineSeconds: 20 });
  await create('sentinel', 'run', ago(30), { schedule: at(ago(3)), startingDeadlineSeconds: 600 });
  await when('sentinel', 'active', ({ status: { active } }) => active?.length === 1);
  assert.equal((await server.list(jobs)).some(isOf('over')), false);
});

test('as many ended jobs are kept as the limits say, the latest', async () => {
  const cronJob = await create('kept', 'run', Date.now(), { successfulJobsHistoryLimit: 2, failedJobsHistoryLimit: 1 });
  const make = async (name: string, image: string) => {
    const template = { spec: { restartPolicy: 'Never' as const, containers: [{ name: 'main', image }] } };
    const ownerReferences = [controllerReference(cronJob)];
    await server.client.create(jobs, {
      metadata: { name, namespace, ownerReferences },
      spec: { template, backoffLimit: 0 },
    });
    await server.when(`${name} ended`, jobs, (all) =>
      all.some(
        (job) =>
          job.metadata.name === name &&
          job.status.conditions?.some(({ type }) => type === 'Complete' || type === 'Failed'),
      ),
    );
  };
  for (const name of ['a', 'b', 'c']) await make(`good-${name}`, 'succeed');
  for (const name of ['a', 'b']) await make(`bad-${name}`, 'fail');
  await jobGone('good-a');
  await jobGone('bad-a');
  const left = (await server.list(jobs))
    .map(({ metadata }) => metadata.name)
    .filter((name) => /^(good|bad)-/.test(name));
  assert.deepEqual(left.sort(), ['bad-b', 'good-b', 'good-c']);
});

test('over a kill of the server no time is used twice and no job forgotten', async () => {
  const due = ago(3);
  await create('crash', 'run', ago(10), { schedule: at(due) });
  const name = nameAt('crash', due);
  const job = await jobNamed(name);
  await when('crash', 'active', ({ status: { active } }) => active?.length === 1);
  await server.kill();
  await server.start();
  // As if the kill had come after the job was made and before the status said so.
  const status = { active: null, lastScheduleTime: timestamp(ago(10)) };
  const { metadata } = await server.client.patch(
    cronJobs,
    { name: 'crash', namespace },
    { status },
    { subresource: 'status' },
  );
  const isLater = (cronJob: CronJob) => Number(cronJob.metadata.resourceVersion) > Number(metadata.resourceVersion);
  const again = await when(
    'crash',
    'active again',
    (cronJob) => isLater(cronJob) && cronJob.status.active?.length === 1,
  );
  assert.equal(again.status.active?.[0]?.uid, job.metadata.uid);
  assert.equal(again.status.lastScheduleTime, timestamp(due));
  await server.client.delete(jobs, job.metadata, { propagationPolicy: 'Background' });
  await when('crash', 'none', ({ status: { active } }) => active === undefined);
  assert.equal((await told('crash', 'MissingJob')).message, `Active job went missing: ${name}`);
  await server.client.delete(cronJobs, { name: 'crash', namespace });
});

test('a cron job takes its jobs along', async () => {
  await server.client.delete(cronJobs, { name: 'allow', namespace }, { propagationPolicy: 'Background' });
  await server.when('gone', jobs, (all) => !all.some(isOf('allow')));
});
