// What a list or a watch is asked for besides a selection: pages, and how old an answer may be. Refuses what makes no sense,
// in Kubernetes' words.
import { BadRequest, Invalid } from '../../api/status.ts';
import { type Cause, forbidden, unsupported } from '../../api/validation.ts';
import type { RestRequest } from './request.ts';

export interface ListOptions {
  /** 0: everything. */
  limit: number;
  /** Where the page before ended. */
  from: PageStart | undefined;
  /** The revision asked for, 0 for "whatever is at hand"; undefined for the newest. */
  revision: number | undefined;
  /** As of exactly this revision, instead of this one or any later. */
  isExact: boolean;
}

/** The place at which a list goes on. */
export interface PageStart {
  /** The revision of the first page; -1: of now, since that one is forgotten. */
  revision: number;
  /** No key before this one, of the form "namespace/name", belongs to the page. */
  start: string;
}

export function listOptionsOf({ query }: RestRequest): ListOptions {
  const { resourceVersion = '', resourceVersionMatch: match = '', continue: token = '' } = query;
  const limit = Number(query.limit ?? 0);
  if (!Number.isInteger(limit)) throw new BadRequest(`invalid limit: ${JSON.stringify(query.limit)}`);
  const causes = faultsOfMatch(match, resourceVersion, token);
  if (query.sendInitialEvents !== undefined && query.sendInitialEvents !== '') {
    causes.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  if (causes.length > 0) throw invalidOptions(causes);
  if (token) {
    if (resourceVersion && resourceVersion !== '0') {
      throw new BadRequest('specifying resource version is not allowed when using continue');
    }
    return { limit, from: pageStartOf(token), revision: undefined, isExact: false };
  }
  const revision = revisionOf(resourceVersion);
  // Clients that name a revision and a limit but no match began to page before there was one: they mean exactly this revision.
  const isExact = match === 'Exact' || (match === '' && limit > 0 && (revision ?? 0) > 0);
  return { limit, from: undefined, revision, isExact };
}

export function invalidOptions(causes: Cause[]): Invalid {
  return new Invalid({ group: 'meta.k8s.io', kind: 'ListOptions', name: '' }, causes);
}

function faultsOfMatch(match: string, resourceVersion: string, token: string): Cause[] {
  if (match === '') return [];
  const field = 'resourceVersionMatch';
  const causes: Cause[] = [];
  if (resourceVersion === '') {
    causes.push(forbidden(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
  }
  if (token !== '') causes.push(forbidden(field, 'resourceVersionMatch is forbidden when continue is provided'));
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    causes.push(unsupported(field, match, ['Exact', 'NotOlderThan', '']));
  }
  if (match === 'Exact' && resourceVersion === '0') {
    causes.push(forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  return causes;
}

export function revisionOf(resourceVersion: string): number | undefined {
  if (resourceVersion === '') return undefined;
  if (/^\d{1,15}$/.test(resourceVersion)) return Number(resourceVersion);
  const told = JSON.stringify(resourceVersion);
  throw new BadRequest(`resourceVersion: Invalid value: ${told}: strconv.ParseUint: parsing ${told}: invalid syntax`);
}

const tokenVersion = 'meta.k8s.io/v1';

export function pageToken(start: PageStart): string {
  return Buffer.from(JSON.stringify({ v: tokenVersion, rv: start.revision, start: start.start })).toString('base64url');
}

function pageStartOf(token: string): PageStart {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as Record<string, unknown>;
    if (v === tokenVersion && Number.isInteger(rv) && typeof start === 'string') return { revision: Number(rv), start };
  } catch {
    // what is no JSON is refused below
  }
  throw new BadRequest('continue key is not valid: it was not made by this server');
}
