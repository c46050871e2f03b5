// A request for objects, after the path has been read and the kind been found: what HTTP and the in-process client share.
import type { Kind } from '../../api/kinds/kind.ts';
import { BadRequest, type Subject } from '../../api/status.ts';
import type { User } from '../user.ts';

export type RestVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

export interface RestRequest {
  verb: RestVerb;
  kind: Kind;
  namespace?: string | undefined;
  name?: string | undefined;
  subresource?: string | undefined;
  query: Readonly<Record<string, string>>;
  /** The decoded body; ours to change. */
  body?: unknown;
  contentType: string;
  user: User;
  /** Tells the client what it should know although its request is done. */
  warn(text: string): void;
}

export function subjectOf(request: RestRequest, name = request.name): Subject {
  return { group: request.kind.group, resource: request.kind.plural, name };
}

/** Asked for in the query, or by who deletes in the body. */
export function isDryRun({ verb, query, body }: RestRequest): boolean {
  const options =
    verb === 'delete' || verb === 'deletecollection' ? (body as { dryRun?: unknown } | undefined) : undefined;
  const asked = [query.dryRun ?? [], options?.dryRun ?? []].flat().filter((value) => value !== '');
  if (asked.some((value) => value !== 'All')) throw new BadRequest(`invalid dryRun: ${JSON.stringify(asked)}`);
  return asked.length > 0;
}
