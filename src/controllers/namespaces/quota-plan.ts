// What the objects of a namespace use of what a ResourceQuota limits, and the status that says so. Pure.
import type { Kind } from '../../api/kinds/kind.ts';
import type { ResourceQuota } from '../../api/kinds/resource-quota.ts';
import type { KubeObject } from '../../api/meta.ts';
import { addQuantities, formatQuantity } from '../../api/quantity.ts';
import { limitedResources } from '../../api/quota/scopes.ts';
import { lapsesInMs, nothing, type Usage, usageOf, usesResource } from '../../api/quota/usage.ts';

export interface Content {
  kind: Kind;
  objects: readonly KubeObject[];
}

/** Of all kinds those whose objects can use something of what the quota limits. */
export function kindsLimitedBy({ spec }: ResourceQuota, kinds: readonly Kind[]): Kind[] {
  const limited = Object.keys(spec.hard ?? {});
  return kinds.filter((kind) => limited.some((resource) => usesResource(kind, resource)));
}

export function plannedStatus(
  quota: ResourceQuota,
  contents: readonly Content[],
  nowMs: number,
): ResourceQuota['status'] {
  const hard = quota.spec.hard ?? {};
  const limited = Object.keys(hard);
  const used: Usage = Object.fromEntries(limited.map((name) => [name, nothing]));
  for (const { kind, objects } of contents) {
    for (const object of objects) {
      const resources = limitedResources(quota, kind, object, limited);
      const usage = resources.length > 0 ? usageOf(kind, object, nowMs) : {};
      for (const name of resources) used[name] = addQuantities(used[name] ?? nothing, usage[name] ?? nothing);
    }
  }
  const texts = Object.entries(used).map(([name, amount]) => [name, formatQuantity(amount)]);
  return { ...quota.status, hard, used: Object.fromEntries(texts) };
}

/** When the time alone gives something back: pods of a node that is lost say nothing any more. */
export function nextLapseInMs(contents: readonly Content[], nowMs: number): number | undefined {
  let next: number | undefined;
  for (const { kind, objects } of contents) {
    for (const object of objects) {
      const inMs = lapsesInMs(kind, object, nowMs);
      if (inMs !== undefined) next = Math.min(next ?? inMs, inMs);
    }
  }
  return next;
}
