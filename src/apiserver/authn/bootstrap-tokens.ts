// Bootstrap tokens: Secrets in kube-system by which hosts join.
import { timingSafeEqual } from 'node:crypto';
import { type Secret, secrets } from '../../api/kinds/secret.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import type { Clock } from '../../base/clock.ts';
import { tokenSecretName, tokenSecretType } from '../../pki/token.ts';
import type { ObjectCache } from '../object-cache.ts';
import { authenticatedGroup, bootstrappersGroup, type User } from '../user.ts';

const extraGroup = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

export function bootstrapUser(token: string, cache: ObjectCache, clock: Clock): User | undefined {
  const [, id = '', secret = ''] = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token) ?? [];
  const found = id ? (cache.get(secrets, 'kube-system', tokenSecretName(id))?.object as Secret | undefined) : undefined;
  if (found?.type !== tokenSecretType || isBeingDeleted(found)) return undefined;
  const read = (key: string) => Buffer.from(found.data?.[key] ?? '', 'base64').toString('utf8');
  const expiration = read('expiration');
  if (expiration && !(Date.parse(expiration) > clock.now())) return undefined;
  if (read('usage-bootstrap-authentication') !== 'true' || !sameText(read('token-secret'), secret)) return undefined;
  const groups = read('auth-extra-groups')
    .split(',')
    .map((group) => group.trim())
    .filter((group) => extraGroup.test(group));
  return { name: `system:bootstrap:${id}`, groups: [bootstrappersGroup, ...groups, authenticatedGroup] };
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
