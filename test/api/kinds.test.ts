// A real server and kubectl: an object of every kind is made, shown, and the same when it is applied again.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { execute } from '../../src/base/exec.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { TestServer } from '../controllers/test-server.ts';
import { kubectlPrograms } from './kubectls.ts';

interface Listed {
  items: {
    apiVersion: string;
    kind: string;
    metadata: { name: string; resourceVersion: string; generation?: number };
  }[];
}

const file = join(import.meta.dirname, 'kinds.yaml');
const [program = 'kubectl'] = await kubectlPrograms();

let server: TestServer;
before(async () => {
  server = await TestServer.open();
});
after(async () => {
  await server?.close();
});

const kubectl = (...args: string[]) => execute(program, ['--kubeconfig', server.kubeconfigFile, ...args]);
const shown = async () => (JSON.parse(await kubectl('get', '-f', file, '-o', 'json')) as Listed).items;

test('an object of every kind is made, and changed by nobody who applies it again', async () => {
  const documents = parseAllDocuments(await readFile(file, 'utf8')).map(
    (each) => each.toJS() as Listed['items'][number],
  );
  const made = await kubectl('apply', '-f', file);
  assert.equal(made.match(/ created$/gm)?.length, documents.length, made);
  // Controllers write to some of them for a moment yet, which is no change by who applies.
  let before: Listed['items'] = [];
  await waitUntil('a second apply changes nothing', async () => {
    before = await shown();
    await kubectl('apply', '-f', file);
    assert.deepEqual(await shown(), before);
    return true;
  });
  assert.deepEqual(
    before.map(({ apiVersion, kind }) => [apiVersion, kind]),
    documents.map(({ apiVersion, kind }) => [apiVersion, kind]),
  );
});

test('each of them has its columns', async () => {
  const columns = async (kind: string) => (await kubectl('get', kind, '-o', 'wide')).split('\n')[0]?.split(/ {2,}/);
  assert.deepEqual(await columns('statefulsets'), ['NAME', 'READY', 'AGE', 'CONTAINERS', 'IMAGES']);
  assert.deepEqual((await columns('cronjobs'))?.slice(0, 6), [
    'NAME',
    'SCHEDULE',
    'TIMEZONE',
    'SUSPEND',
    'ACTIVE',
    'LAST SCHEDULE',
  ]);
  assert.deepEqual(await columns('hpa'), ['NAME', 'REFERENCE', 'TARGETS', 'MINPODS', 'MAXPODS', 'REPLICAS', 'AGE']);
  assert.deepEqual(await columns('ingresses'), ['NAME', 'CLASS', 'HOSTS', 'ADDRESS', 'PORTS', 'AGE']);
  assert.deepEqual(await columns('crd'), ['NAME', 'CREATED AT']);
});

test('an autoscaler is changed in its older form, and loses nothing', async () => {
  const old = 'horizontalpodautoscalers.v1.autoscaling/web';
  await kubectl('patch', old, '--type', 'merge', '-p', '{"spec":{"targetCPUUtilizationPercentage":33}}');
  const metrics = await kubectl('get', 'hpa', 'web', '-o', 'jsonpath={.spec.metrics[*].resource.target}');
  assert.match(metrics, /"averageValue":"64Mi".*"averageUtilization":33/);
  assert.match(
    await kubectl('get', 'hpa', 'web', '-o', 'jsonpath={.spec.behavior.scaleUp}'),
    /"stabilizationWindowSeconds":5/,
  );
});

test('a stateful set is scaled, and a cron job makes a job when it is asked to', async () => {
  await kubectl('scale', 'statefulset/db', '--replicas', '3');
  assert.equal(
    await kubectl('get', 'statefulset', 'db', '-o', 'jsonpath={.spec.replicas}/{.metadata.generation}'),
    '3/2',
  );
  await kubectl('create', 'job', 'by-hand', '--from', 'cronjob/cron');
  const pods = await kubectl('get', 'job', 'by-hand', '-o', 'jsonpath={.spec.template.metadata.labels}');
  assert.match(pods, /"batch.kubernetes.io\/job-name":"by-hand"/);
});

test('a job that is deleted without a word leaves its pods', async () => {
  const uid = await kubectl('get', 'job', 'job', '-o', 'jsonpath={.metadata.uid}');
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'job', uid };
  const overrides = JSON.stringify({ metadata: { ownerReferences: [owner] } });
  await kubectl('run', 'of-job', '--image', 'busybox', '--overrides', overrides);
  await kubectl('delete', '--raw', '/apis/batch/v1/namespaces/default/jobs/job');
  await kubectl('wait', '--for=delete', 'job/job', '--timeout=30s');
  assert.equal(await kubectl('get', 'pod', 'of-job', '-o', 'jsonpath={.metadata.ownerReferences}'), '');
});
