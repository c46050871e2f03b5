// A namespace with an object of every kind that the server knows, in use and on their way out, ends in seconds: beside
// controllers that are at work in it, and when the server is killed in the middle. WHERRY_NAMESPACES says how often it is
// killed, WHERRY_NAMESPACE_SEED when.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { deployments } from '../../src/api/kinds/deployment.ts';
import { jobs } from '../../src/api/kinds/job.ts';
import { namespaces } from '../../src/api/kinds/namespace.ts';
import { persistentVolumeClaims } from '../../src/api/kinds/persistent-volume-claim.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { statefulSets } from '../../src/api/kinds/stateful-set.ts';
import { controllerOf, isBeingDeleted } from '../../src/api/meta.ts';
import { Random, seedFrom } from '../bench/random.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { TestServer } from './test-server.ts';

const kills = Number(process.env.WHERRY_NAMESPACES ?? 2);
const seed = seedFrom('WHERRY_NAMESPACE_SEED');
const random = new Random(seed);
const everything = join(import.meta.dirname, 'one-of-everything.yaml');

let server: TestServer;
let agents: StandInAgent;
/** All that lives in namespaces and can be made. */
let resources: string[];

before(async () => {
  server = await TestServer.open();
  agents = new StandInAgent(server, { endAfterMs: 100 });
  await agents.start('one', 'two');
  const listed = await server.kubectl('api-resources', '--namespaced', '--verbs=create,list,delete', '-o', 'name');
  resources = listed.trim().split('\n').sort();
});
after(async () => {
  agents?.stop();
  await server?.close();
});

const isIn =
  (namespace: string) =>
  ({ metadata }: { metadata: { namespace?: string } }) =>
    metadata.namespace === namespace;

/** Answers the names of all objects in the namespace, as "deployments.apps/all". */
async function contentOf(namespace: string): Promise<string[]> {
  const all = await server.kubectl('get', resources.join(), '-n', namespace, '-o', 'name', '--ignore-not-found');
  return all.trim().split('\n').filter(Boolean);
}

/** Everything is made and at work; then the finalizers that people cause are there, too. */
async function fill(namespace: string): Promise<void> {
  await server.kubectl('create', 'namespace', namespace);
  await server.kubectl('apply', '-n', namespace, '-f', everything);
  await server.when('all at work', pods, (all) => {
    const inside = all.filter(isIn(namespace));
    const isUp = (app: string, count: number) =>
      inside.filter(({ metadata, status }) => metadata.labels?.app === app && status.phase === 'Running').length >=
      count;
    return isUp('deployed', 3) && isUp('stateful', 1) && isUp('daemon', 2);
  });
  await server.client.delete(deployments, { namespace, name: 'all' }, { propagationPolicy: 'Foreground' });
  await server.client.delete(statefulSets, { namespace, name: 'all' }, { propagationPolicy: 'Orphan' });
  await server.client.delete(persistentVolumeClaims, { namespace, name: 'all' });
}

async function gone(namespace: string): Promise<void> {
  await server.when(
    `${namespace} gone`,
    namespaces,
    (all) => !all.some(({ metadata }) => metadata.name === namespace),
    30_000,
  );
  assert.deepEqual(await contentOf(namespace), [], `seed ${seed}`);
}

test('one of everything is there, and goes', async () => {
  await server.kubectl('create', 'namespace', 'first');
  const made = await server.kubectl('apply', '-n', 'first', '-f', everything);
  // Some are made by controllers, a moment after what they are made for.
  await waitUntil('one of everything', async () => {
    const kinds = new Set((await contentOf('first')).map((name) => name.slice(0, name.indexOf('/'))));
    const missing = resources.filter((name) => !kinds.has(name) && !kinds.has(singular(name)));
    assert.deepEqual(missing, [], made);
    return true;
  });
  await server.kubectl('delete', 'namespace', 'first', '--timeout=30s');
  await gone('first');
});

test('beside deletions of its content and controllers at work', async () => {
  await fill('busy');
  await server.client.create(deployments, {
    metadata: { namespace: 'busy', name: 'grows' },
    spec: {
      replicas: 40,
      selector: { matchLabels: { app: 'grows' } },
      template: { metadata: { labels: { app: 'grows' } }, spec: { containers: [{ name: 'main', image: 'none' }] } },
    },
  });
  await server.when('it grows', pods, (all) => all.filter(isIn('busy')).length > 15);
  await server.kubectl('delete', 'namespace', 'busy', '--timeout=30s');
  await gone('busy');
});

test('with jobs whose failed pods are kept for the next try', async () => {
  const namespace = 'tries';
  await server.kubectl('create', 'namespace', namespace);
  for (const name of ['waits', 'runs'])
    await server.client.create(jobs, {
      metadata: { namespace, name },
      spec: {
        ...{ completions: 1, completionMode: 'Indexed', backoffLimitPerIndex: 9 },
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'none' }] } },
      },
    });
  const { metadata } = await server.when('both run', pods, (all) => {
    const running = all.filter(isIn(namespace)).filter(({ status }) => status.phase === 'Running');
    return running.length === 2 && running.find((pod) => controllerOf(pod)?.name === 'waits');
  });
  // It waits for minutes, and nothing more happens to its pod.
  const annotations = { 'batch.kubernetes.io/job-index-failure-count': '4' };
  await server.client.patch(pods, metadata, { metadata: { annotations } });
  await server.client.delete(pods, metadata);
  await server.when('it has failed', pods, (all) =>
    all.some((pod) => pod.metadata.uid === metadata.uid && pod.status.phase === 'Failed'),
  );
  await server.kubectl('delete', 'namespace', namespace, '--wait=false');
  await gone(namespace);
});

for (let round = 1; round <= kills; round++) {
  test(`when the server is killed in the middle, ${round}. time`, async (context) => {
    const namespace = `killed-${round}`;
    await fill(namespace);
    const { length } = (await server.list(pods)).filter(isIn(namespace));
    const goneFirst = Math.floor(random.between(0, length + 1));
    context.diagnostic(`seed ${seed}: killed when ${goneFirst} of ${length} pods are gone`);
    await server.kubectl('delete', 'namespace', namespace, '--wait=false');
    const isGoing = (all: Pod[]) => {
      const inside = all.filter(isIn(namespace));
      return goneFirst === 0 ? inside.some(isBeingDeleted) : inside.length <= length - goneFirst;
    };
    await server.when('some are gone', pods, isGoing);
    await server.kill();
    await server.start();
    await gone(namespace);
  });
}

/** As `-o name` writes it: "deployment.apps" for "deployments.apps". */
const singular = (resource: string): string => {
  const [plural = '', ...group] = resource.split('.');
  const one = plural
    .replace(/ies$/, 'y')
    .replace(/(ss)es$/, '$1')
    .replace(/(?<!s|y)s$|(?<=y)s$/, '');
  return [one, ...group].join('.');
};
