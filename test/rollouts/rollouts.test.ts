// The server is killed at random moments of random rollouts, scalings and deletions. No step that any watch told broke what
// Kubernetes promises meanwhile, and in the end there is exactly what is wanted: nobody's pod, nothing twice.
// WHERRY_ROLLOUTS says how many rounds (50 by hand), WHERRY_ROLLOUT_SEED what is chosen (`any`: what nobody tried yet).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { controllerRevisions } from '../../src/api/kinds/controller-revision.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { replicaSets } from '../../src/api/kinds/replica-set.ts';
import { Random, seedFrom } from '../bench/random.ts';
import { StandInAgent } from '../controllers/stand-in-agent.ts';
import { TestServer } from '../controllers/test-server.ts';
import { audit } from './audit.ts';
import { Happenings } from './happenings.ts';
import { daemonSetRules, deploymentRules, jobRules, replicaSetRules, statefulSetRules } from './rules.ts';
import { storyOf } from './story.ts';
import { insist, Workloads, workloadKinds } from './workloads.ts';

const rounds = Number(process.env.WHERRY_ROLLOUTS ?? 6);
const seed = seedFrom('WHERRY_ROLLOUT_SEED');
const random = new Random(seed);
const patienceMs = 60_000;

let server: TestServer;
let agents: StandInAgent;
let seen: Happenings;
let workloads: Workloads;
const deletedByHand = new Set<string>();

before(async () => {
  server = await TestServer.open();
  // The work of jobs is soon done.
  const exitCodeOf = (pod: Pod) => (pod.metadata.labels?.['batch.kubernetes.io/job-name'] ? 0 : undefined);
  agents = new StandInAgent(server, { exitCodeOf });
  await agents.start('one', 'two', 'three', 'four');
  seen = new Happenings(() => server.client, [nodes, pods, replicaSets, controllerRevisions, ...workloadKinds]);
  await seen.start();
  workloads = new Workloads(() => server.client, random);
});
after(async () => {
  seen?.stop();
  agents?.stop();
  await server?.close();
});

async function settle(): Promise<void> {
  await Promise.all(workloads.unpause());
  const isSettled = await seen.when(() => workloads.differences(seen).length === 0, patienceMs);
  assert.ok(isSettled, `seed ${seed}, still after ${patienceMs} ms:\n${workloads.differences(seen).join('\n')}`);
}

/** Only while nothing else is under way: then nobody but us ends pods, and the controllers have to fill the gap. */
async function deletePods(): Promise<string> {
  await settle();
  const victims = random
    .shuffled(seen.of(pods).filter(({ status }) => status.phase === 'Running'))
    .slice(0, Math.ceil(random.between(0, 4)));
  for (const { metadata } of victims) deletedByHand.add(metadata.uid ?? '');
  await Promise.all(
    victims.map(({ metadata }) => insist(() => server.client.delete(pods, metadata, { uid: metadata.uid }))),
  );
  return `delete ${victims.map(({ metadata }) => metadata.name)}`;
}

/** After so many changes, or when no more come. */
async function killSoon(): Promise<string> {
  const at = seen.count + Math.floor(random.between(0, 40));
  await seen.when(() => seen.count >= at, 2_000);
  await server.kill();
  await server.start();
  return 'killed';
}

async function round(): Promise<string[]> {
  if (random.next() < 0.2) return [await deletePods(), await killSoon(), await settle().then(() => 'settled')];
  const chosen = random.shuffled(workloads.wants).slice(0, Math.ceil(random.between(0, 4)));
  const acts = chosen.map((want) => workloads.actUpon(want));
  const end = random.next() < 0.75 ? await killSoon() : 'not killed';
  await Promise.all(acts.map(({ done }) => done));
  return [...acts.map(({ what }) => what), end];
}

test(`killed in the midst of ${rounds} random rollouts, nothing promised is broken`, async (context) => {
  context.diagnostic(`seed ${seed}`);
  for (const want of workloads.wants) await workloads.actUpon(want).done;
  for (let number = 0; number < rounds; number++) {
    const told = `${number}: ${(await round()).join('; ')}`;
    if (process.env.WHERRY_ROLLOUTS) console.log(told);
  }
  await settle();
  const removed = workloads.removeAll();
  await killSoon();
  await removed;
  await settle();
  const rules = [deploymentRules, replicaSetRules, statefulSetRules, daemonSetRules, jobRules];
  const steps = await seen.close();
  const { faults, accused, judged } = audit(steps, rules, deletedByHand);
  context.diagnostic(`${steps.length} steps of ${seen.count} changes, judged ${judged} times`);
  assert.ok(steps.length > rounds * 20, 'the watches told much');
  for (const line of storyOf(steps, accused)) console.log(line);
  assert.deepEqual(faults, [], `seed ${seed}`);
});
