// What a path of the agent's API does: one route, which answers a request, takes over an upgraded connection, or both.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Pod } from '../../api/kinds/pod.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { NodeMetrics } from '../node-metrics.ts';
import type { PodConnector } from '../pod-connector.ts';
import type { ContainerWatch } from '../pods/container-watch.ts';
import type { Runtime } from '../runtime.ts';
import type { Disks } from '../stats/disks.ts';
import type { Series } from '../stats/exposition.ts';
import type { Observer } from '../stats/observation.ts';
import type { VolumeRoom } from '../stats/volume-rooms.ts';

/** What handlers stand on. */
export interface NodeParts {
  nodeName: string;
  nodeAddress: string;
  dataDir: string;
  runtime: Runtime;
  containers: Pick<ContainerWatch, 'of' | 'podUids' | 'get' | 'subscribe'>;
  pods(): Pod[];
  metrics: NodeMetrics;
  probeCounts(): Series[];
  observer: Observer;
  disks: Disks;
  /** Of those volumes of a pod that have a room of their own. */
  volumeRooms(pod: Pod): Promise<VolumeRoom[]>;
  connector: Pick<PodConnector, 'connect'>;
  /** With what the agent runs, in the words of a kubelet's configuration. */
  settings(): object;
  clock: Clock;
  log: Log;
}

export interface Call {
  request: IncomingMessage;
  /** What stands in the path where the route has a name in braces. */
  path: Readonly<Record<string, string>>;
  query: URLSearchParams;
}

export interface Route {
  /** As "/containerLogs/{namespace}/{pod}/{container}"; "{file...}" at the end is all that follows, or nothing. */
  path: string;
  methods: readonly string[];
  answer?(call: Call, response: ServerResponse): Promise<void>;
  /** Until it has written to the socket it may throw a Refusal, which is answered as to any other request. */
  upgrade?(call: Call, socket: Duplex, head: Buffer): Promise<void>;
}

/** An answer other than success, in the words that the client shall read. */
export class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The route of a request and what its path names; throws the refusal where there is none. */
export function matchRoute(
  routes: readonly Route[],
  method: string,
  pathname: string,
): { route: Route; path: Record<string, string> } {
  const parts = partsOf(pathname);
  let isKnown = false;
  for (const route of routes) {
    const path = readPath(partsOf(route.path), parts);
    if (!path) continue;
    isKnown = true;
    if (route.methods.includes(method)) return { route, path };
  }
  throw isKnown ? new Refusal(405, '405: Method Not Allowed') : new Refusal(404, '404: Page Not Found');
}

function partsOf(path: string): string[] {
  return path.replace(/\/$/, '').split('/').slice(1);
}

function readPath(pattern: string[], parts: string[]): Record<string, string> | undefined {
  const open = /^\{(.+)\.\.\.\}$/.exec(pattern.at(-1) ?? '')?.[1];
  if (open) {
    const before = readPath(pattern.slice(0, -1), parts.slice(0, pattern.length - 1));
    return (
      before && {
        ...before,
        [open]: parts
          .slice(pattern.length - 1)
          .map(decoded)
          .join('/'),
      }
    );
  }
  if (pattern.length !== parts.length) return undefined;
  const path: Record<string, string> = {};
  for (const [index, wanted] of pattern.entries()) {
    const part = decoded(parts[index] ?? '');
    const name = /^\{(.+)\}$/.exec(wanted)?.[1];
    if (name) path[name] = part;
    else if (part !== wanted) return undefined;
  }
  return path;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refusal(400, 'the path of the request is malformed');
  }
}

export const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

export function sendText(
  response: ServerResponse,
  code: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(code, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
