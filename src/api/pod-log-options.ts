// What may be asked of a container's log.
import { type Cause, forbidden, invalid, unsupported } from './validation.ts';

const streams = ['All', 'Stderr', 'Stdout'];

/** What is wrong with the options in a query. */
export function faultsInLogOptions(query: Readonly<Record<string, string>>): Cause[] {
  const { sinceSeconds, sinceTime, stream, tailLines } = query;
  const causes = atLeast(query, 'tailLines', 0);
  causes.push(...atLeast(query, 'limitBytes', 1), ...atLeast(query, 'sinceSeconds', 1));
  if (sinceSeconds && sinceTime) {
    causes.push(forbidden('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  }
  if (stream && !streams.includes(stream)) causes.push(unsupported('stream', stream, streams));
  if (stream && stream !== 'All' && tailLines) {
    causes.push(forbidden('[]', '`tailLines` and specific `stream` are mutually exclusive for now'));
  }
  return causes;
}

function atLeast(query: Readonly<Record<string, string>>, name: string, least: number): Cause[] {
  const told = query[name];
  if (told === undefined || told === '') return [];
  const value = Number(told);
  if (Number.isInteger(value) && value >= least) return [];
  const why = least === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0';
  return [invalid(name, Number.isNaN(value) ? told : value, why)];
}
