// GET /containerLogs/{namespace}/{pod}/{container}: what a container has written, and goes on writing.
import type { ServerResponse } from 'node:http';
import type { Pod } from '../../api/kinds/pod.ts';
import { attemptsOf } from '../pods/pod-progress.ts';
import type { ObservedContainer, Runtime } from '../runtime.ts';
import { type LogQuery, parseLogQuery } from './log-query.ts';
import { containersOfPod, podOfPath } from './pod-of-path.ts';
import { type NodeParts, Refusal, type Route } from './route.ts';

export function logRoutes({ runtime, containers, pods, clock }: NodeParts): Route[] {
  return [
    {
      path: '/containerLogs/{namespace}/{pod}/{container}',
      methods: ['GET'],
      answer: async ({ path, query: parameters }, response) => {
        const query = parseLogQuery(parameters, clock.now());
        const pod = podOfPath(pods(), path);
        const all = containers.of(pod.metadata.uid ?? '');
        await sendLog(runtime, containerForLog(pod, all, path.container ?? '', query.previous), query, response);
      },
    },
  ];
}

/** The container whose log is meant: the newest that has been started, or the one before it. */
export function containerForLog(
  pod: Pod,
  containers: readonly ObservedContainer[],
  name: string,
  previous: boolean,
): ObservedContainer {
  const podName = pod.metadata.name;
  if (!containersOfPod(pod).some((known) => known.name === name))
    throw new Refusal(404, `container "${name}" not found in pod "${podName}"`);
  const [newest, before] = attemptsOf(containers, name).filter(({ state }) => state !== 'created');
  if (previous) {
    if (before) return before;
    throw new Refusal(400, `previous terminated container "${name}" in pod "${podName}" not found`);
  }
  if (newest) return newest;
  const statuses = [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])];
  const reason = statuses.find((status) => status.name === name)?.state?.waiting?.reason ?? 'ContainerCreating';
  const verb = /^(ErrImage|ImagePull|CreateContainer)/.test(reason) ? `trying and failing to pull image` : reason;
  throw new Refusal(400, `container "${name}" in pod "${podName}" is waiting to start: ${verb}`);
}

/** Sends the log as it comes; a client that goes away ends the reading. */
export async function sendLog(
  runtime: Runtime,
  container: ObservedContainer,
  query: LogQuery,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const chunks = await runtime.logs(container.id, query, gone.signal);
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.flushHeaders();
  let left = query.limitBytes ?? Number.POSITIVE_INFINITY;
  try {
    for await (const chunk of chunks) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      if (!response.write(part)) await drained(response, gone.signal);
      if (left <= 0) break;
    }
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
  response.end();
  gone.abort();
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once('drain', resolve);
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
