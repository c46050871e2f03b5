// What a client asks of a container's log, in the words of Kubernetes' PodLogOptions.
import type { LogOptions } from '../runtime.ts';
import { Refusal } from './route.ts';

export interface LogQuery extends LogOptions {
  previous: boolean;
  limitBytes: number | undefined;
}

export function parseLogQuery(query: URLSearchParams, nowMs: number): LogQuery {
  return {
    follow: flag(query, 'follow'),
    previous: flag(query, 'previous'),
    timestamps: flag(query, 'timestamps'),
    tailLines: amount(query, 'tailLines', 0),
    limitBytes: amount(query, 'limitBytes', 1),
    sinceMs: sinceMs(query, nowMs),
  };
}

function sinceMs(query: URLSearchParams, nowMs: number): number | undefined {
  const seconds = amount(query, 'sinceSeconds', 1);
  const time = query.get('sinceTime');
  if (seconds !== undefined && time)
    throw new Refusal(400, 'at most one of sinceTime or sinceSeconds may be specified');
  if (seconds !== undefined) return nowMs - seconds * 1000;
  if (!time) return undefined;
  const ms = Date.parse(time);
  if (Number.isNaN(ms)) throw new Refusal(400, `sinceTime: ${time} is not a time`);
  return ms;
}

function flag(query: URLSearchParams, name: string): boolean {
  return ['true', '1'].includes(query.get(name) ?? '');
}

function amount(query: URLSearchParams, name: string, least: number): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Refusal(400, `${name}: must be an integer of at least ${least}`);
  return value;
}
