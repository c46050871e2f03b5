// What may be asked of a container's log.
import { type Cause, forbidden, invalid } from './validation.ts';

/** What is wrong with the options in a query. */
export function faultsInLogOptions(query: Readonly<Record<string, string>>): Cause[] {
  const causes = atLeast(query, 'tailLines', 0);
  causes.push(...atLeast(query, 'limitBytes', 1), ...atLeast(query, 'sinceSeconds', 1));
  if (query.sinceSeconds && query.sinceTime) {
    causes.push(forbidden('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
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
