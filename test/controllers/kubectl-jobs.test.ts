// What people see of jobs and cron jobs, with the oldest and the newest kubectl: create, wait, get, describe, suspend, delete.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cronJobs } from '../../src/api/kinds/cron-job.ts';
import { jobs } from '../../src/api/kinds/job.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { Shell } from '../api/kubectl-family.ts';
import { oldestAndNewest } from '../api/kubectls.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer;
let agents: StandInAgent;
before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server, {
    exitCodeOf: ({ spec }) => ({ succeed: 0, fail: 1 })[spec.containers[0]?.image ?? ''],
  });
  await agents.start('n1');
});
after(async () => {
  agents?.stop();
  await server?.close();
});

const template = (image: string) => ({
  spec: { restartPolicy: 'Never', containers: [{ name: 'main', image }] },
});
const job = (name: string, image: string, spec: object = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: { template: template(image), ...spec },
});

for (const { program, minor } of await oldestAndNewest()) {
  describe(`kubectl 1.${minor}`, () => {
    const shell = new Shell(program, minor, () => server);
    before(() => shell.open());
    after(() => shell.close());
    const podsGone = (name: string) =>
      server.when(
        `${name} gone`,
        pods,
        (all) =>
          !all.some(({ metadata }) => metadata.namespace === shell.namespace && metadata.labels?.['job-name'] === name),
      );
    const when = (name: string, what: string, ask: (all: number) => boolean) =>
      server.when(`${name} ${what}`, jobs, (all) =>
        all.some(
          ({ metadata, status }) =>
            metadata.namespace === shell.namespace && metadata.name === name && ask(status.active ?? 0),
        ),
      );

    test('a job is made, waited for, looked at and deleted with its pods', async () => {
      assert.equal(await shell.run('create', 'job', 'once', '--image=succeed'), 'job.batch/once created\n');
      const met = await shell.run('wait', '--for=condition=complete', 'job/once', '--timeout=20s');
      assert.equal(met, 'job.batch/once condition met\n');
      assert.match(
        await shell.run('get', 'jobs'),
        /^NAME +STATUS +COMPLETIONS +DURATION +AGE\nonce +Complete +1\/1 +\d+s +\d+s/,
      );
      const wide = await shell.run('get', 'job', 'once', '-o', 'wide');
      assert.match(wide, /CONTAINERS +IMAGES +SELECTOR\nonce .* once +succeed +batch.kubernetes.io\/controller-uid=/);
      const told = await shell.run('describe', 'job', 'once');
      assert.match(told, /Parallelism: +1\nCompletions: +1\n/);
      assert.match(told, /Start Time: .*\nCompleted At: .*\nDuration: +\d+s\n/);
      assert.match(
        told,
        minor < 24
          ? /Pods Statuses: +0 Running \/ 1 Succeeded \/ 0 Failed/
          : /Pods Statuses: +0 Active \(0 Ready\) \/ 1 Succeeded \/ 0 Failed/,
      );
      assert.match(told, /Normal +SuccessfulCreate .*job-controller +Created pod: once-/);
      assert.match(told, /Normal +Completed .*job-controller +Job completed/);
      assert.match(await shell.run('get', 'pods'), /^NAME .*\nonce-\S+ +0\/1 +Completed /);
      assert.equal(
        await shell
          .run('get', 'pods', '--selector=job-name=once', '-o', 'name')
          .then((text) => text.split('\n').length),
        2,
      );
      assert.match(await shell.run('delete', 'job', 'once'), /job.batch "once" deleted/);
      await podsGone('once');
    });

    test('a failing job says so', async () => {
      await shell.run('apply', '-f', await shell.file(job('broken', 'fail', { backoffLimit: 0 })));
      await shell.run('wait', '--for=condition=failed', 'job/broken', '--timeout=20s');
      assert.match(await shell.run('get', 'job', 'broken'), /broken +Failed +0\/1 /);
      const told = await shell.run('describe', 'job', 'broken');
      assert.match(told, /Succeeded \/ 1 Failed/);
      assert.match(told, /Warning +BackoffLimitExceeded .*job-controller +Job has reached the specified backoff limit/);
      const reason = 'jsonpath={.status.conditions[?(@.type=="Failed")].reason}';
      assert.equal(await shell.run('get', 'job', 'broken', '-o', reason), 'BackoffLimitExceeded');
    });

    test('an indexed job shows its places', async () => {
      const spec = { completions: 3, parallelism: 2, completionMode: 'Indexed' };
      await shell.run('apply', '-f', await shell.file(job('places', 'succeed', spec)));
      await shell.run('wait', '--for=condition=complete', 'job/places', '--timeout=20s');
      assert.match(await shell.run('get', 'job', 'places'), /places +Complete +3\/3 /);
      assert.equal(await shell.run('get', 'job', 'places', '-o', 'jsonpath={.status.completedIndexes}'), '0-2');
      if (minor >= 33)
        assert.match(
          await shell.run('describe', 'job', 'places'),
          /Completion Mode: +Indexed[\s\S]*Completed Indexes: +0-2/,
        );
    });

    test('a job is suspended and goes on', async () => {
      await shell.run('apply', '-f', await shell.file(job('paused', 'run', { parallelism: 2, completions: 2 })));
      await when('paused', 'runs', (active) => active === 2);
      await shell.run('patch', 'job', 'paused', '-p', '{"spec":{"suspend":true}}');
      await shell.run('wait', '--for=condition=suspended', 'job/paused', '--timeout=20s');
      await podsGone('paused');
      assert.match(await shell.run('get', 'job', 'paused'), /paused +Suspended +0\/2 /);
      await shell.run('patch', 'job', 'paused', '-p', '{"spec":{"suspend":false}}');
      await when('paused', 'runs again', (active) => active === 2);
      const told = await shell.run('describe', 'job', 'paused');
      assert.match(told, /Normal +Suspended .*Job suspended/);
      assert.match(told, /Normal +Resumed .*Job resumed/);
      await shell.run('delete', 'job', 'paused', '--cascade=orphan');
      const left = await shell.run(
        'get',
        'pods',
        '-l',
        'job-name=paused',
        '-o',
        'jsonpath={.items[*].metadata.ownerReferences}',
      );
      assert.equal(left, '');
      await shell.run('delete', 'pods', '-l', 'job-name=paused');
    });

    test('a cron job is made, looked at, run by hand and deleted with its jobs', async () => {
      // Its minute has just passed: none comes while it is looked at.
      const minute = new Date(Date.now() - 180_000).getUTCMinutes();
      const schedule = `${minute} * * * *`;
      const shownSchedule = `${minute} \\* \\* \\* \\*`;
      if (minor >= 21) {
        const made = await shell.run('create', 'cronjob', 'tick', '--image=succeed', `--schedule=${schedule}`);
        assert.equal(made, 'cronjob.batch/tick created\n');
      } else {
        const spec = { schedule, jobTemplate: { spec: { template: template('succeed') } } };
        const cronJob = { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'tick' }, spec };
        await shell.run('apply', '-f', await shell.file(cronJob));
      }
      assert.match(
        await shell.run('get', 'cj'),
        new RegExp(
          `^NAME +SCHEDULE +TIMEZONE +SUSPEND +ACTIVE +LAST SCHEDULE +AGE\\ntick +${shownSchedule} +<none> +False +0 +<none> `,
        ),
      );
      const refused = await shell.refused('patch', 'cj', 'tick', '-p', '{"spec":{"schedule":"61 * * * *"}}');
      assert.match(
        refused,
        /spec.schedule: Invalid value: "61 \* \* \* \*": end of range \(61\) above maximum \(59\): 61/,
      );
      const ref = { namespace: shell.namespace, name: 'tick' };
      const lastScheduleTime = `${new Date(Date.now() - 600_000).toISOString().slice(0, 19)}Z`;
      await server.client.patch(cronJobs, ref, { status: { lastScheduleTime } }, { subresource: 'status' });
      await server.when('run', cronJobs, (all) =>
        all.some(({ metadata, status }) => metadata.namespace === shell.namespace && status.lastSuccessfulTime),
      );
      assert.match(await shell.run('get', 'cj', 'tick'), new RegExp(`tick +${shownSchedule} +<none> +False +0 +\\d+`));
      if (minor >= 21) {
        assert.match(await shell.run('create', 'job', 'by-hand', '--from=cronjob/tick'), /job.batch\/by-hand created/);
        await shell.run('wait', '--for=condition=complete', 'job/by-hand', '--timeout=20s');
        const told = await shell.run('describe', 'cj', 'tick');
        assert.match(
          told,
          new RegExp(
            `Schedule: +${shownSchedule}\\nConcurrency Policy: +Allow\\nSuspend: +False\\nSuccessful Job History Limit: +3\\nFailed Job History Limit: +1`,
          ),
        );
        assert.match(told, /Active Jobs: +<none>/);
        assert.match(told, /Normal +SuccessfulCreate .*cronjob-controller +Created job tick-\d+/);
        assert.match(told, /Normal +SawCompletedJob .*Saw completed job: tick-\d+, condition: Complete/);
      }
      await shell.run('delete', 'cj', 'tick');
      await server.when(
        'jobs gone',
        jobs,
        (all) =>
          !all.some(({ metadata }) => metadata.namespace === shell.namespace && /^(tick-|by-hand)/.test(metadata.name)),
      );
    });
  });
}
