// What a client asks of a container's log, in the words of Kubernetes' PodLogOptions. The master has looked at it already;
// what comes from elsewhere is looked at here.
import type { LogOptions } from '../runtime.ts';
import { Refusal } from './route.ts';

export interface LogQuery extends Omit<LogOptions, 'until'> {
  follow: boolean;
  previous: boolean;
  limitBytes: number | undefined;
}

const streams: Readonly<Record<string, LogOptions['stream']>> = { All: 'all', Stdout: 'stdout', Stderr: 'stderr' };

export function parseLogQuery(query: URLSearchParams, nowMs: number): LogQuery {
  const stream = streams[query.get('stream') || 'All'];
  const read: Omit<LogQuery, 'stream'> = {
    follow: flag(query, 'follow'),
    previous: flag(query, 'previous'),
    timestamps: flag(query, 'timestamps'),
    tailLines: amount(query, 'tailLines', 0),
    limitBytes: amount(query, 'limitBytes', 1),
    sinceMs: sinceMs(query, nowMs),
  };
  if (!stream || (stream !== 'all' && read.tailLines !== undefined)) throw senseless();
  return { ...read, stream };
}

function sinceMs(query: URLSearchParams, nowMs: number): number | undefined {
  const seconds = amount(query, 'sinceSeconds', 1);
  const time = query.get('sinceTime');
  if (seconds !== undefined && time) throw senseless();
  if (seconds !== undefined) return nowMs - seconds * 1000;
  if (!time) return undefined;
  const ms = Date.parse(time);
  if (Number.isNaN(ms)) throw unreadable();
  return ms;
}

/** Whatever is said and says no no is a yes. */
function flag(query: URLSearchParams, name: string): boolean {
  const said = query.get(name);
  return said !== null && said !== '0' && said.toLowerCase() !== 'false';
}

function amount(query: URLSearchParams, name: string, least: number): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!Number.isInteger(value)) throw unreadable();
  if (value < least) throw senseless();
  return value;
}

const unreadable = () => new Refusal(400, '{"message": "Unable to decode query."}');
const senseless = () => new Refusal(422, '{"message": "Invalid request."}');
