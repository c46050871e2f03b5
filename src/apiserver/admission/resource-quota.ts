// Nothing that a namespace's ResourceQuotas have no room for. What an object uses is booked in the quotas' status in the
// same transaction that writes the object, so that however many write at once, what is used is never more than allowed.

import { persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import { type ResourceQuota, resourceQuotas } from '../../api/kinds/resource-quota.ts';
import { services } from '../../api/kinds/service.ts';
import { addQuantities, compareQuantities, formatQuantity, subtractQuantities } from '../../api/quantity.ts';
import { limitedResources } from '../../api/quota/scopes.ts';
import { computeUsage, isQuotaKind, nothing, type Usage, usageIn, usageOf } from '../../api/quota/usage.ts';
import type { CachedObject } from '../object-cache.ts';
import type { Booking } from '../object-storage.ts';
import { type Admission, type AdmissionStep, type Creation, refusal, type Update } from './admission.ts';

export const resourceQuota: AdmissionStep = {
  name: 'ResourceQuota',
  book: (admission, { cache, clock }) => {
    if (!draws(admission)) return [];
    const quotas = cache.list(resourceQuotas, admission.request.namespace);
    if (quotas.length === 0) return [];
    const used = drawnBy(admission, clock.now());
    return quotas.flatMap((quota) => bookIn(quota, used, admission));
  },
};

/** Making something draws on quotas, and changing what may grow. */
function draws(admission: Admission): admission is Creation | Update {
  const { operation, kind, request } = admission;
  if (!request.namespace || !isQuotaKind(kind)) return false;
  if (operation === 'create') return !request.subresource;
  if (operation === 'delete') return false;
  if ((kind as unknown) === pods) return request.subresource === 'resize';
  return !request.subresource && [services, persistentVolumeClaims].includes(kind as never);
}

/** What is used more than before. */
function drawnBy({ kind, object, previous }: Creation | Update, nowMs: number): Usage {
  const usage = usageOf(kind, object, nowMs);
  const before = previous ? usageOf(kind, previous, nowMs) : {};
  const drawn = Object.entries(usage).map(
    ([name, amount]) => [name, subtractQuantities(amount, before[name] ?? nothing)] as const,
  );
  return Object.fromEntries(drawn.filter(([, amount]) => amount.nano > 0n));
}

function bookIn(cached: CachedObject, used: Usage, admission: Creation | Update): Booking[] {
  const quota = cached.object as ResourceQuota;
  const { hard, used: usedBefore } = quota.status;
  const limited = limitedResources(quota, admission.kind, admission.object, Object.keys(hard ?? {}));
  if (limited.length === 0) return [];
  const missing = missingAmounts(limited, admission);
  if (missing) throw refusal(admission, `failed quota: ${quota.metadata.name}: must specify ${missing}`);
  const unknown = limited.filter((name) => usedBefore?.[name] === undefined);
  if (unknown.length > 0) {
    const why = `status unknown for quota: ${quota.metadata.name}, resources: ${unknown.sort().join(',')}`;
    throw refusal(admission, why);
  }
  const asked = Object.fromEntries(Object.entries(used).filter(([name]) => limited.includes(name)));
  if (Object.keys(asked).length === 0) return [];
  const [before, most] = [usageIn(usedBefore), usageIn(hard)];
  const after = Object.fromEntries(
    Object.entries(asked).map(([name, amount]) => [name, addQuantities(before[name] ?? nothing, amount)]),
  );
  const exceeded = Object.keys(after).filter(
    (name) => compareQuantities(after[name] ?? nothing, most[name] ?? nothing) > 0,
  );
  if (exceeded.length > 0) {
    const texts = [asked, before, most].map((usage) => usageText(usage, exceeded));
    const why = `exceeded quota: ${quota.metadata.name}, requested: ${texts[0]}, used: ${texts[1]}, limited: ${texts[2]}`;
    throw refusal(admission, why);
  }
  const written = Object.fromEntries(Object.entries(after).map(([name, amount]) => [name, formatQuantity(amount)]));
  const object = { ...quota, status: { ...quota.status, used: { ...usedBefore, ...written } } };
  return [{ kind: resourceQuotas, object, previous: cached }];
}

function usageText(usage: Usage, names: readonly string[]): string {
  return [...names]
    .sort()
    .map((name) => `${name}=${formatQuantity(usage[name] ?? nothing)}`)
    .join(',');
}

const mustBeStated = ['cpu', 'memory'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]);

/** Where cpu or memory is limited, every container says how much it takes: "requests.cpu for: web,db; limits.memory for: db". */
function missingAmounts(limited: readonly string[], { kind, object }: Creation | Update): string | undefined {
  if ((kind as unknown) !== pods) return undefined;
  const { spec } = object as Pod;
  if (spec.resources) return undefined;
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const lacking = limited
    .filter((name) => mustBeStated.includes(name))
    .map((name) => [name, containers.filter((container) => !states(container, name)).map((each) => each.name)] as const)
    .filter(([, names]) => names.length > 0);
  const texts = lacking.sort().map(([name, names]) => `${name} for: ${names.sort().join(',')}`);
  return texts.length === 0 ? undefined : texts.join('; ');
}

function states({ resources }: Container, name: string): boolean {
  return computeUsage(resources?.requests, resources?.limits)[name] !== undefined;
}
