// What jobs and cron jobs tell of themselves in the metrics of a real server, under Kubernetes' names: dashboards know them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cronJobs } from '../../src/api/kinds/cron-job.ts';
import { jobs } from '../../src/api/kinds/job.ts';
import type { Job } from '../../src/api/kinds/job-spec.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

const namespace = 'default';
let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  // An image "exit:3,0" is a container that exits with 3 at the first place of a job, and with 0 at all others.
  agents = new StandInAgent(server, {
    exitCodeOf: ({ metadata, spec }) => {
      const codes = spec.containers[0]?.image?.split(':')[1]?.split(',') ?? [];
      const index = Number(metadata.labels?.['batch.kubernetes.io/job-completion-index'] ?? 0);
      return Number(codes[index] ?? codes.at(-1));
    },
  });
  await agents.start('one');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

const templateOf = (image: string) => ({
  spec: { restartPolicy: 'Never' as const, containers: [{ name: 'main', image }] },
});

async function run(name: string, image: string, end: 'Complete' | 'Failed', spec: Partial<Job['spec']> = {}) {
  await server.client.create(jobs, { metadata: { name, namespace }, spec: { template: templateOf(image), ...spec } });
  await server.when(`${name} ${end}`, jobs, (all) =>
    all.some(({ metadata, status }) => metadata.name === name && status.conditions?.some(({ type }) => type === end)),
  );
}

const scrape = () => server.kubectl('get', '--raw', '/metrics');
const series = async (name: string) => seriesIn(await scrape(), name);

/** The series of one metric by their labels, without those of zero. */
function seriesIn(text: string, name: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const pairs = lines.map((line): [string, number] => {
    const labels = [...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => `${key}=${value}`);
    return [labels.join(' '), Number(line.split(' ').at(-1))];
  });
  return Object.fromEntries(pairs.filter(([, count]) => count > 0));
}

test('jobs that succeed, fail, are judged by a policy, give places up: each is counted once', async () => {
  await run('good', 'exit:0', 'Complete', { completions: 3, parallelism: 3 });
  await run('bad', 'exit:1', 'Failed', { backoffLimit: 0 });
  const perIndex = { completionMode: 'Indexed', completions: 3, parallelism: 3, backoffLimitPerIndex: 0 } as const;
  await run('places', 'exit:1,0', 'Failed', perIndex);
  const rules = [{ action: 'FailJob' as const, onExitCodes: { operator: 'In' as const, values: [42] } }];
  await run('ruled', 'exit:42', 'Failed', { podFailurePolicy: { rules } });
  assert.deepEqual(await series('job_controller_jobs_finished_total'), {
    'completion_mode=NonIndexed result=succeeded reason=CompletionsReached': 1,
    'completion_mode=NonIndexed result=failed reason=BackoffLimitExceeded': 1,
    'completion_mode=Indexed result=failed reason=FailedIndexes': 1,
    'completion_mode=NonIndexed result=failed reason=PodFailurePolicy': 1,
  });
  assert.deepEqual(await series('job_controller_job_pods_finished_total'), {
    'completion_mode=NonIndexed result=succeeded': 3,
    'completion_mode=NonIndexed result=failed': 2,
    'completion_mode=Indexed result=succeeded': 2,
    'completion_mode=Indexed result=failed': 1,
  });
  assert.deepEqual(await series('job_controller_job_finished_indexes_total'), {
    'status=succeeded backoffLimit=perIndex': 2,
    'status=failed backoffLimit=perIndex': 1,
  });
  assert.deepEqual(await series('job_controller_pod_failures_handled_by_failure_policy_total'), {
    'action=FailJob': 1,
  });
  assert.deepEqual(await series('job_controller_job_pods_creation_total'), { 'reason=new status=succeeded': 8 });
  const text = await scrape();
  const syncs = seriesIn(text, 'job_controller_job_syncs_total');
  assert.equal(syncs['completion_mode=Indexed result=success action=pods_created'], 1);
  assert.deepEqual(seriesIn(text, 'job_controller_job_sync_duration_seconds_count'), syncs, 'each turn is timed');
});

test('no ended pod keeps its finalizer: as many were let go as ended', async () => {
  await server.when('all let go', pods, (all) => all.every(({ metadata }) => !metadata.finalizers));
  assert.deepEqual(await series('job_controller_terminated_pods_tracking_finalizer_total'), {
    'event=add': 8,
    'event=delete': 8,
  });
});

test('a job of somebody else is told by whose it is', async () => {
  const managedBy = 'example.com/other';
  await server.client.create(jobs, {
    metadata: { name: 'foreign', namespace },
    spec: { template: templateOf('exit:0'), managedBy },
  });
  await run('after', 'exit:0', 'Complete');
  assert.deepEqual(await series('job_controller_jobs_by_external_controller_total'), {
    [`controller_name=${managedBy}`]: 1,
  });
});

test('what a job waits until it is deleted, and how late one of a cron job is made', async () => {
  await run('brief', 'exit:0', 'Complete', { ttlSecondsAfterFinished: 0 });
  await server.when('gone', jobs, (all) => !all.some(({ metadata }) => metadata.name === 'brief'));
  assert.deepEqual(await series('ttl_after_finished_controller_job_deletion_duration_seconds_count'), { '': 1 });
  await server.client.create(cronJobs, {
    metadata: { name: 'tick', namespace },
    spec: { schedule: '@every 1s', jobTemplate: { spec: { template: templateOf('exit:0') } } },
  });
  await server.when('made', jobs, (all) => all.some(({ metadata }) => metadata.name.startsWith('tick-')));
  const skews = await series('cronjob_controller_job_creation_skew_duration_seconds_count');
  assert.ok((skews[''] ?? 0) >= 1);
  await server.client.delete(cronJobs, { namespace, name: 'tick' });
});
