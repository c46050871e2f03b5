// A request for objects, after the path has been read and the kind been found: what HTTP and the in-process client share.
import type { Kind } from '../../api/kinds/kind.ts';
import { Invalid, type Subject } from '../../api/status.ts';
import { unsupported } from '../../api/validation.ts';
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
  /** Fields that the body had more than once as it was sent, by their paths. */
  repeatedFields?(): readonly string[];
  contentType: string;
  user: User;
  /** The program that asks: who owns what it writes, unless the query says so. */
  userAgent: string;
  /** Tells the client what it should know although its request is done. */
  warn(text: string): void;
}

export function subjectOf(request: RestRequest, name = request.name): Subject {
  return { group: request.kind.group, resource: request.kind.plural, name };
}

/** Under what name the options of a write are found wrong. */
export const optionKinds: Partial<Record<RestVerb, string>> = {
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
};

/** Whether a write shall be checked and answered, and nothing stored. A deletion has its own options for it. */
export function isDryRun({ verb, query: { dryRun = '' } }: RestRequest): boolean {
  if (dryRun === '' || dryRun === 'All') return dryRun === 'All';
  const cause = unsupported('dryRun', [dryRun], ['All']);
  throw new Invalid({ group: 'meta.k8s.io', kind: optionKinds[verb] ?? 'CreateOptions', name: '' }, [cause]);
}

/** A boolean in a query: whatever is said and says no no is a yes. Clients write it in many ways. */
export function isTrue(said: string | undefined): boolean {
  return said !== undefined && said !== '0' && said.toLowerCase() !== 'false';
}
