// Keeps the status of quotas true: what is newly limited is counted, and what is no longer used is given back. (What is
// newly used is booked by whoever writes it.) Holds: a count is written only over the quota that was read before the
// objects were, so that nothing booked meanwhile is lost.
import { isDeepStrictEqual } from 'node:util';
import { storedKinds } from '../../api/kinds/all.ts';
import type { Kind } from '../../api/kinds/kind.ts';
import { type ResourceQuota, resourceQuotas } from '../../api/kinds/resource-quota.ts';
import { type KubeObject, keyOf } from '../../api/meta.ts';
import { hasChangingUsage, isQuotaKind, lapsesInMs, usageOf } from '../../api/quota/usage.ts';
import { isNotFound } from '../../api/status.ts';
import type { Change } from '../../client/informer.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { restAfter } from '../rest.ts';
import { kindsLimitedBy, nextLapseInMs, plannedStatus } from './quota-plan.ts';

/** By then all that was written before it was known that it is limited can be seen, and is counted, too. */
const settleMs = 1_000;
const quotaKinds = storedKinds.filter(isQuotaKind);

export function resourceQuotaController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('resource-quota');
  const quotas = informers.for(resourceQuotas);
  const quotasIn = quotas.indexBy(({ metadata }) => [metadata.namespace ?? '']);
  /** How many objects each was counted over. */
  const sizes = new Map<string, number>();
  const restMs = (key: string) => restAfter(sizes.get(key) ?? 0);
  const queue = context.workQueue({ name: 'resource-quota', log, clock, sync: syncQuota, workers: 4, restMs });

  quotas.onChange(({ key, object, previous }) => {
    if (!object) sizes.delete(key);
    if (object && (!previous || isUncounted(object))) queue.add(key);
  });
  for (const kind of quotaKinds) informers.for(kind).onChange((change) => contentChanged(kind, change));

  function contentChanged(kind: Kind, { object, previous }: Change<KubeObject>): void {
    if (!previous || (object && !hasChangingUsage(kind))) return;
    const concerned = quotasIn(previous.metadata.namespace ?? '');
    if (concerned.length === 0) return;
    const nowMs = clock.now();
    const usage = (of: KubeObject) => usageOf(kind, of, nowMs);
    const isSame = object && isDeepStrictEqual(usage(object), usage(previous));
    const lapseMs = object && lapsesInMs(kind, object, nowMs);
    for (const quota of concerned) {
      if (!isSame) queue.add(keyOf(quota));
      if (lapseMs !== undefined) queue.addAfter(keyOf(quota), lapseMs);
    }
  }

  async function syncQuota(key: string): Promise<void> {
    const known = quotas.get(key);
    if (!known) return;
    try {
      await count(key, await client.get(resourceQuotas, known.metadata));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async function count(key: string, quota: ResourceQuota): Promise<void> {
    const { namespace = '' } = quota.metadata;
    const contents = await Promise.all(
      kindsLimitedBy(quota, quotaKinds).map(async (kind) => ({
        kind,
        objects: (await client.list(kind, { namespace })).items,
      })),
    );
    sizes.set(
      key,
      contents.reduce((sum, { objects }) => sum + objects.length, 0),
    );
    const nowMs = clock.now();
    const lapseMs = nextLapseInMs(contents, nowMs);
    if (lapseMs !== undefined) queue.addAfter(key, lapseMs);
    const status = plannedStatus(quota, contents, nowMs);
    if (isDeepStrictEqual(status, quota.status)) return;
    await client.update(resourceQuotas, { ...quota, status }, 'status');
    if (!isDeepStrictEqual(status.hard, quota.status.hard)) queue.addAfter(key, settleMs);
  }

  return { name: 'resource-quota', start: (signal) => queue.start(signal) };
}

/** Whether something is limited of which it is not known how much is used. */
function isUncounted({ spec, status }: ResourceQuota): boolean {
  const { hard = {} } = spec;
  if (!isDeepStrictEqual(hard, status.hard ?? {})) return true;
  return Object.keys(hard).some((name) => status.used?.[name] === undefined);
}
