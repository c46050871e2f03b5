// What the agent tells of itself: that it lives, which pods it has, with what it runs, and how it works.
import type { ServerResponse } from 'node:http';
import { probeMetrics } from '../probes/probe-counts.ts';
import { pauseName } from '../runtime.ts';
import { volumeMetrics } from '../stats/volume-metrics.ts';
import { metricsType, type NodeParts, type Route, sendText } from './route.ts';

export function nodeRoutesOfItself(parts: NodeParts): Route[] {
  const { pods, metrics, settings, probeCounts, volumeRooms, clock } = parts;
  metrics.countOf(countsOf(parts));
  const get = (path: string, send: (response: ServerResponse) => void | Promise<void>): Route => ({
    path,
    methods: ['GET'],
    answer: async (_, response) => send(response),
  });
  const json = (path: string, make: () => object) =>
    get(path, (response) => sendText(response, 200, JSON.stringify(make()), 'application/json'));
  return [
    get('/healthz', (response) => sendText(response, 200, 'ok')),
    get('/healthz/ping', (response) => sendText(response, 200, 'ok')),
    json('/pods', () => listOf(pods())),
    json('/runningpods', () => listOf(runningPods(parts))),
    json('/configz', () => ({ kubeletconfig: settings() })),
    get('/metrics', async (response) => {
      const rooms = (await Promise.all(pods().map(volumeRooms))).flat();
      sendText(response, 200, metrics.text() + volumeMetrics(rooms, clock.now()), metricsType);
    }),
    get('/metrics/probes', (response) =>
      sendText(response, 200, probeMetrics(probeCounts(), clock.now()), metricsType),
    ),
  ];
}

const listOf = (items: object[]) => ({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items });

/** What runs, whoever wants it: read off the containers alone. */
function runningPods({ pods, containers }: NodeParts): object[] {
  const images = new Map(pods().map(({ metadata, spec }) => [metadata.uid ?? '', spec.containers]));
  return [...containers.podUids()].flatMap((uid) => {
    const running = containers.of(uid).filter(({ state }) => state === 'running');
    const [first] = running;
    if (!first) return [];
    const { podName: name, podNamespace: namespace } = first;
    const own = running.filter((container) => container.name !== pauseName);
    const imageOf = (container: string) => images.get(uid)?.find((spec) => spec.name === container)?.image;
    const spec = {
      containers: own.map((container) => ({
        name: container.name,
        image: imageOf(container.name) ?? container.imageId,
        resources: {},
      })),
    };
    return [{ metadata: { name, namespace, uid, creationTimestamp: null }, spec, status: {} }];
  });
}

function countsOf({ pods, containers }: NodeParts) {
  const all = () => [...containers.podUids()].flatMap((uid) => containers.of(uid));
  return {
    podsByPhase: () => countBy(pods(), ({ status }) => status.phase ?? 'Unknown'),
    runningPods: () => all().filter(({ name, state }) => name === pauseName && state === 'running').length,
    containersByState: () =>
      countBy(
        all().filter(({ name }) => name !== pauseName),
        ({ state }) => state,
      ),
  };
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
