// Pods beside Docker's floor, in turn, so that what else runs on the machine slows both down: one by one, and many at once.
import { deployments } from '../src/api/kinds/deployment.ts';
import { isPodReady } from '../src/api/kinds/pod.ts';
import type { Client } from '../src/client/client.ts';
import type { DockerFloor } from './docker-floor.ts';
import { processorMs } from './footprint.ts';
import { benchNamespace, livePod, podSpec } from './pod-life.ts';
import type { PodWatch } from './pod-watch.ts';
import type { Program } from './programs.ts';
import { type Summary, summary } from './statistics.ts';

export interface Beside {
  program: Program;
  client: Client;
  watch: PodWatch;
  image: string;
  floor: DockerFloor;
}

export interface PodTimes {
  floorUp: Summary;
  floorDown: Summary;
  created: Summary;
  running: Summary;
  ready: Summary;
  gone: Summary;
}

export async function measurePods(beside: Beside, runs: number): Promise<PodTimes> {
  const floors: { up: number; down: number }[] = [];
  const lives: Awaited<ReturnType<typeof livePod>>[] = [];
  await livePod(beside, 'warm-up');
  for (let run = 0; run < runs; run += 1) {
    floors.push(await beside.floor.burst(1, 1));
    lives.push(await livePod(beside, `one-${run}`));
  }
  return {
    floorUp: summary(floors.map(({ up }) => up)),
    floorDown: summary(floors.map(({ down }) => down)),
    created: summary(lives.map(({ created }) => created)),
    running: summary(lives.map(({ running }) => running)),
    ready: summary(lives.map(({ ready }) => ready)),
    gone: summary(lives.map(({ gone }) => gone)),
  };
}

export interface BurstTimes {
  replicas: number;
  /** Pairs of containers that the floor makes at a time: as many as the agent has workers. */
  atATime: number;
  floorUp: Summary;
  floorDown: Summary;
  firstReady: Summary;
  allReady: Summary;
  allGone: Summary;
  /** Processor time of Wherry itself for each pod, up and down. */
  ownProcessorMs: Summary;
}

const atATime = 4;

export async function measureBursts(beside: Beside, runs: number, replicas: number): Promise<BurstTimes> {
  const floors: { up: number; down: number }[] = [];
  const bursts: Awaited<ReturnType<typeof burst>>[] = [];
  const ownProcessorMs: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    floors.push(await beside.floor.burst(replicas, atATime));
    const beforeMs = await processorMs(beside.program);
    bursts.push(await burst(beside, `burst-${run}`, replicas));
    ownProcessorMs.push(((await processorMs(beside.program)) - beforeMs) / replicas);
  }
  return {
    replicas,
    atATime,
    floorUp: summary(floors.map(({ up }) => up)),
    floorDown: summary(floors.map(({ down }) => down)),
    firstReady: summary(bursts.map(({ firstReady }) => firstReady)),
    allReady: summary(bursts.map(({ allReady }) => allReady)),
    allGone: summary(bursts.map(({ allGone }) => allGone)),
    ownProcessorMs: summary(ownProcessorMs),
  };
}

async function burst({ client, watch, image }: Beside, name: string, replicas: number) {
  const readyAtLeast = (count: number) =>
    watch.until(`${count} pods of ${name} ready`, (seen) => {
      const ready = [...seen].filter(([podName, { pod }]) => podName.startsWith(`${name}-`) && pod && isPodReady(pod));
      return ready.length >= count;
    });
  const waits = Promise.all([readyAtLeast(1), readyAtLeast(replicas)]);
  const labels = { app: name };
  const begun = performance.now();
  await client.create(deployments, {
    metadata: { namespace: benchNamespace, name },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec(image) } },
  });
  const [firstReady, allReady] = (await waits).map((atMs) => atMs - begun) as [number, number];

  const isNone = watch.until(`no pods of ${name}`, (seen) =>
    [...seen].every(([podName, { pod }]) => !podName.startsWith(`${name}-`) || !pod),
  );
  const deletionBegun = performance.now();
  await client.delete(deployments, { namespace: benchNamespace, name }, { propagationPolicy: 'Background' });
  return { firstReady, allReady, allGone: (await isNone) - deletionBegun };
}
