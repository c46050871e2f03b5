// /stats/summary and the metrics of what the node and its containers use: read anew for each who asks.
import { availableParallelism } from 'node:os';
import type { Pod } from '../../api/kinds/pod.ts';
import { containerMetrics } from '../stats/container-metrics.ts';
import type { Observation } from '../stats/observation.ts';
import { resourceMetrics } from '../stats/resource-metrics.ts';
import { type DiskObservation, summaryOf } from '../stats/summary.ts';
import { metricsType, type NodeParts, type Route, sendText } from './route.ts';

export function statsRoutes({ nodeName, observer, disks, volumeRooms }: NodeParts): Route[] {
  const metrics = (path: string, write: (observation: Observation) => string): Route => ({
    path,
    methods: ['GET'],
    answer: async (_, response) => sendText(response, 200, write(await observer.observe()), metricsType),
  });
  return [
    {
      path: '/stats/summary',
      methods: ['GET', 'POST'],
      answer: async ({ query }, response) => {
        const isShort = ['true', '1'].includes(query.get('only_cpu_and_memory') ?? '');
        const observation = await observer.observe();
        const found = isShort ? undefined : await lookUp({ disks, volumeRooms }, observation);
        const summary = summaryOf(nodeName, observation, found);
        sendText(response, 200, JSON.stringify(summary), 'application/json');
      },
    },
    metrics('/metrics/resource', resourceMetrics),
    metrics('/metrics/cadvisor', (observation) => containerMetrics(observation, { cores: availableParallelism() })),
  ];
}

async function lookUp(
  { disks, volumeRooms }: Pick<NodeParts, 'disks' | 'volumeRooms'>,
  { pods }: Observation,
): Promise<DiskObservation> {
  const containers = pods.flatMap((found) => found.containers.map(({ container }) => container));
  const ofPods = async <T>(look: (pod: Pod) => Promise<T>) =>
    new Map(await Promise.all(pods.map(async ({ pod }) => [pod.metadata.uid ?? '', await look(pod)] as const)));
  const [node, engine, ofContainers, volumes, inMemory, beyond] = await Promise.all([
    disks.node(),
    disks.engine(containers),
    Promise.all(containers.map(async (container) => [container.id, await disks.container(container)] as const)),
    ofPods((pod) => disks.volumes(pod)),
    ofPods((pod) => disks.volumesInMemory(pod)),
    ofPods(volumeRooms),
  ]);
  return { node, engine: engine ?? node, containers: new Map(ofContainers), volumes, inMemory, beyond };
}
