// Jobs on a real engine: one that fails and then succeeds, and one whose pods know their places.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Job } from '../../src/api/kinds/job-spec.ts';
import type { Pod } from '../../src/api/kinds/pod.ts';
import { busyboxImage } from '../images/images.ts';
import { Cluster } from './cluster.ts';

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.open({ names: ['a'] });
});
after(async () => {
  await cluster?.close();
});

async function apply(
  name: string,
  script: string,
  spec: object,
  podSpec: object = {},
  container: object = {},
): Promise<void> {
  const main = { name: 'main', image: busyboxImage, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script] };
  const template = { spec: { restartPolicy: 'Never', containers: [{ ...main, ...container }], ...podSpec } };
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: { template, ...spec } };
  const { host } = cluster.master;
  await host.exec('kubectl', ['--kubeconfig', cluster.kubeconfig, 'apply', '-f', '-'], { input: JSON.stringify(job) });
}

const complete = (name: string) => cluster.kubectl('wait', '--for=condition=complete', `job/${name}`, '--timeout=90s');
const jobOf = (name: string) => cluster.kubectlJson<Job>('get', 'job', name);

test('a job fails, is tried again after a while, and succeeds; the server and the agent are killed meanwhile', async () => {
  const path = `${cluster.master.host.folder}/state`;
  const volumes = [{ name: 'state', hostPath: { path, type: 'DirectoryOrCreate' } }];
  const volumeMounts = [{ name: 'state', mountPath: '/state' }];
  const script = 'test -e /state/tried && exec echo done; touch /state/tried; exit 3';
  await apply('again', script, { backoffLimit: 2 }, { volumes }, { volumeMounts });
  await cluster.kubectl('wait', '--for=jsonpath={.status.failed}=1', 'job/again', '--timeout=60s');
  await cluster.kill('server');
  await cluster.kill('a');
  await cluster.startServer();
  await cluster.startAgent(cluster.master);
  await complete('again');
  const { status } = await jobOf('again');
  assert.deepEqual([status.failed, status.succeeded, status.uncountedTerminatedPods], [1, 1, {}]);
  const { items } = await cluster.kubectlJson<{ items: Pod[] }>('get', 'pods', '-l', 'job-name=again');
  const ends = items.map(
    ({ status: { phase, containerStatuses } }) => `${phase} ${containerStatuses?.[0]?.state?.terminated?.exitCode}`,
  );
  assert.deepEqual(ends.sort(), ['Failed 3', 'Succeeded 0']);
  const succeeded = items.find((pod) => pod.status.phase === 'Succeeded');
  assert.equal(await cluster.kubectl('logs', succeeded?.metadata.name ?? ''), 'done\n');
});

test('each pod of an indexed job knows its place and has its name; deleting the job takes all along', async () => {
  const spec = { completions: 3, parallelism: 3, completionMode: 'Indexed' };
  await apply('places', 'echo $JOB_COMPLETION_INDEX on $(hostname)', spec);
  await complete('places');
  assert.equal((await jobOf('places')).status.completedIndexes, '0-2');
  const logs = await cluster.kubectl('logs', '-l', 'job-name=places');
  assert.deepEqual(logs.trim().split('\n').sort(), ['0 on places-0', '1 on places-1', '2 on places-2']);
  assert.match(await cluster.kubectl('logs', 'job/places'), /^\d on places-\d\n$/);
  await cluster.kubectl('delete', 'job', 'places', 'again', '--cascade=foreground', '--timeout=60s');
  const { items } = await cluster.kubectlJson<{ items: Pod[] }>('get', 'pods');
  assert.deepEqual(items, []);
});
