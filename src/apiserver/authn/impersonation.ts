// Acting as somebody else: the headers that ask for it, and who is allowed to.
import type { IncomingHttpHeaders } from 'node:http';
import type { ResourceAttributes } from '../../api/rbac/attributes.ts';
import { serviceAccountGroups, serviceAccountOf } from '../../api/service-account-user.ts';
import { BadRequest } from '../../api/status.ts';
import type { Authorizer } from '../authz/authorizer.ts';
import { anonymousName, authenticatedGroup, type User, unauthenticatedGroup } from '../user.ts';

const extraPrefix = 'impersonate-extra-';

/** The user as whom the request acts: himself unless he asks to be another. Throws Forbidden. */
export function impersonated(user: User, headers: HeaderLists, authorizer: Authorizer): User {
  const wanted = wantedUser(headers);
  if (!wanted) return user;
  for (const attributes of permissionsFor(wanted)) authorizer.authorize(user, attributes);
  const { name, groups, uid, extra } = wanted;
  return {
    name,
    groups: completeGroups(name, groups),
    ...(uid && { uid }),
    ...(extra.size > 0 && { extra: Object.fromEntries(extra) }),
  };
}

/** Each header with all that was sent under its name. */
export type HeaderLists = Readonly<Record<string, readonly string[] | undefined>>;

/** Most requests ask for nothing: their headers are not read twice. */
export function asksToImpersonate(headers: IncomingHttpHeaders): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true;
  return false;
}

/** From what Node hands over as names and values in turn: where one is sent twice, only there is each on its own. */
export function headerLists(rawHeaders: readonly string[]): HeaderLists {
  const lists: Record<string, string[]> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    lists[name] = [...(lists[name] ?? []), rawHeaders[index + 1] ?? ''];
  }
  return lists;
}

interface WantedUser {
  name: string;
  groups: readonly string[];
  uid: string | undefined;
  extra: ReadonlyMap<string, readonly string[]>;
}

function wantedUser(headers: HeaderLists): WantedUser | undefined {
  const name = headers['impersonate-user']?.[0] ?? '';
  const groups = headers['impersonate-group'] ?? [];
  const uid = headers['impersonate-uid']?.[0];
  const extra = new Map<string, readonly string[]>();
  for (const [header, values = []] of Object.entries(headers)) {
    if (header.startsWith(extraPrefix)) extra.set(decodeKey(header.slice(extraPrefix.length)), values);
  }
  if (name) return { name, groups, uid, extra };
  if (groups.length > 0 || uid || extra.size > 0) {
    throw new BadRequest('requested groups, a uid or extra of a user without impersonating a user');
  }
  return undefined;
}

function* permissionsFor({ name, groups, uid, extra }: WantedUser): Iterable<ResourceAttributes> {
  const verb = 'impersonate';
  const account = serviceAccountOf(name);
  if (account) yield { verb, group: '', version: 'v1', resource: 'serviceaccounts', ...account };
  else yield { verb, group: '', version: 'v1', resource: 'users', name };
  for (const group of groups) yield { verb, group: '', version: 'v1', resource: 'groups', name: group };
  const told = { verb, group: 'authentication.k8s.io', version: 'v1' };
  for (const [key, values] of extra) {
    for (const value of values) yield { ...told, resource: 'userextras', subresource: key, name: value };
  }
  if (uid) yield { ...told, resource: 'uids', name: uid };
}

/** A service account brings its own groups; who is somebody is authenticated. */
function completeGroups(name: string, asked: readonly string[]): string[] {
  const account = serviceAccountOf(name);
  const groups = asked.length === 0 && account ? serviceAccountGroups(account.namespace) : [...asked];
  if (name === anonymousName) return groups.includes(unauthenticatedGroup) ? groups : [...groups, unauthenticatedGroup];
  const isTold = groups.includes(authenticatedGroup) || groups.includes(unauthenticatedGroup);
  return isTold ? groups : [...groups, authenticatedGroup];
}

/** Signs that no header may have are percent-encoded in the key. */
function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
