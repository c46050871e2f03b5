// GET /containerLogs/{namespace}/{pod}/{container}: what a container has written, and goes on writing.
import type { ServerResponse } from 'node:http';
import type { ContainerStatus, Pod } from '../../api/kinds/pod.ts';
import { drained } from './drained.ts';
import { type LogQuery, parseLogQuery } from './log-query.ts';
import { containersOfPod, podOfPath } from './pod-of-path.ts';
import { type NodeParts, Refusal, type Route } from './route.ts';

type LogParts = Pick<NodeParts, 'runtime' | 'containers'>;

export function logRoutes(parts: NodeParts): Route[] {
  return [
    {
      path: '/containerLogs/{namespace}/{pod}/{container}',
      methods: ['GET'],
      answer: async ({ path, query: parameters }, response) => {
        const pod = podOfPath(parts.pods(), path);
        const name = path.container ?? '';
        if (!containersOfPod(pod).some((known) => known.name === name))
          throw new Refusal(404, `container ${JSON.stringify(name)} not found in pod ${JSON.stringify(path.pod)}`);
        const query = parseLogQuery(parameters, parts.clock.now());
        await sendLog(parts, idForLog(pod, name, query.previous), query, response);
      },
    },
  ];
}

/** The container whose log is meant, as the pod's status has it; throws the refusal where there is none. */
export function idForLog(pod: Pod, name: string, previous: boolean): string {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status;
  const all = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses];
  const status = all.find((known) => known.name === name);
  const inPod = `container "${name}" in pod "${pod.metadata.name}"`;
  if (!status) throw new Refusal(400, `${inPod} is not available`);
  const { state, lastState } = status;
  const before = idIn(lastState?.terminated?.containerID);
  if (previous) {
    if (before) return before;
    throw new Refusal(400, `previous terminated ${inPod} not found`);
  }
  if (state?.running) return idIn(status.containerID);
  const id = idIn(state?.terminated?.containerID) || before;
  if (id) return id;
  if (state?.terminated || lastState?.terminated) throw new Refusal(400, `${inPod} is terminated`);
  throw new Refusal(400, `${inPod} is waiting to start${whyWaiting(state)}`);
}

function whyWaiting(state: ContainerStatus['state']): string {
  const reason = state?.waiting?.reason;
  if (reason === 'ErrImagePull') return ": image can't be pulled";
  if (reason === 'ImagePullBackOff') return ': trying and failing to pull image';
  return reason === undefined ? ' - no logs yet' : `: ${reason}`;
}

const idIn = (containerId = ''): string => containerId.replace(/^docker:\/\//, '');

/** Sends the log as it comes; a client that goes away ends the reading. */
async function sendLog(
  { runtime, containers }: LogParts,
  id: string,
  query: LogQuery,
  response: ServerResponse,
): Promise<void> {
  const container = containers.get(id);
  if (!container?.logPath) throw new Refusal(400, `the log of container docker://${id} is not there any more`);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const until = query.follow ? endOf(containers, id, gone.signal) : undefined;
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.flushHeaders();
  let left = query.limitBytes ?? Number.POSITIVE_INFINITY;
  try {
    for await (const chunk of runtime.logs(container, { ...query, until }, gone.signal)) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      if (!response.write(part)) await drained(response);
      if (left <= 0) break;
    }
    response.end();
  } finally {
    gone.abort();
  }
}

/** Resolves when the container has ended, or nobody waits any more. */
function endOf(containers: LogParts['containers'], id: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const unsubscribe = containers.subscribe((container) => {
    if (container.id === id && container.state !== 'running') resolve();
  });
  signal.addEventListener('abort', () => resolve(), { once: true });
  if (containers.get(id)?.state !== 'running') resolve();
  return promise.finally(unsubscribe);
}
