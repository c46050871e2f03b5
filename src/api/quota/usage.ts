// What an object uses of what a ResourceQuota can limit, and which resources objects of a kind use at all. Pure, and one
// for those who book usage and those who count it anew.

import { events } from '../kinds/event.ts';
import { type Kind, resourceOf } from '../kinds/kind.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../kinds/persistent-volume-claim.ts';
import { isPodFinished, type Pod, pods } from '../kinds/pod.ts';
import { type Service, services } from '../kinds/service.ts';
import { storageClassOf } from '../kinds/volume-access.ts';
import type { KubeObject } from '../meta.ts';
import { podQuantities } from '../pod-quantities.ts';
import { parseQuantity, type Quantity } from '../quantity.ts';
import { computeResources, isExtendedResource, isHugePages, quantityOf, type Resources } from '../resource-names.ts';

export type Usage = Record<string, Quantity>;

interface Evaluator<T extends KubeObject = KubeObject> {
  /** Whether objects of the kind use the resource, besides that they are counted. */
  uses(resource: string): boolean;
  usageOf(object: T, nowMs: number): Usage;
}

const count = (amount: number): Quantity => ({ nano: BigInt(amount) * 1_000_000_000n, format: 'decimal' });

const computeNames = new Set<string>([
  'pods',
  ...computeResources,
  ...computeResources.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
]);

const ofPods: Evaluator<Pod> = {
  uses: (resource) => {
    if (computeNames.has(resource) || isHugePages(resource)) return true;
    const requested = resource.startsWith('requests.') ? resource.slice('requests.'.length) : '';
    return isHugePages(requested) || isExtendedResource(requested);
  },
  usageOf: (pod, nowMs) => {
    // What has ended, or should have, holds no room any more.
    if (isPodFinished(pod) || nowMs > goneByMs(pod)) return {};
    const { requests, limits } = podQuantities(pod.spec);
    return { pods: count(1), ...computeUsage(requests, limits) };
  },
};

/** Until then who ends it has time to say so. */
function goneByMs({ metadata }: KubeObject): number {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata;
  if (deletionTimestamp === undefined) return Number.POSITIVE_INFINITY;
  return Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

/** By the names that quotas have for them. */
export function computeUsage(requests: Resources | undefined, limits: Resources | undefined): Usage {
  const usage: Usage = {};
  for (const name of Object.keys(requests ?? {})) {
    const amount = quantityOf(requests, name);
    if (!amount) continue;
    const isPlain = (computeResources as readonly string[]).includes(name) || isHugePages(name);
    if (isPlain) usage[name] = amount;
    if (isPlain || isExtendedResource(name)) usage[`requests.${name}`] = amount;
  }
  for (const name of computeResources) {
    const amount = quantityOf(limits, name);
    if (amount) usage[`limits.${name}`] = amount;
  }
  return usage;
}

const ofServices: Evaluator<Service> = {
  uses: (resource) => ['services', 'services.nodeports', 'services.loadbalancers'].includes(resource),
  usageOf: ({ spec: { type, ports = [], allocateLoadBalancerNodePorts } }) => {
    const isBalanced = type === 'LoadBalancer';
    const holding =
      isBalanced && allocateLoadBalancerNodePorts === false ? ports.filter((port) => port.nodePort) : ports;
    return {
      services: count(1),
      'services.nodeports': count(isBalanced || type === 'NodePort' ? holding.length : 0),
      'services.loadbalancers': count(isBalanced ? 1 : 0),
    };
  },
};

const classSuffix = '.storageclass.storage.k8s.io/';
const ofClaims: Evaluator<PersistentVolumeClaim> = {
  uses: (resource) => {
    const name = resource.slice(
      resource.indexOf(classSuffix) + 1 ? resource.indexOf(classSuffix) + classSuffix.length : 0,
    );
    return name === 'persistentvolumeclaims' || name === 'requests.storage';
  },
  usageOf: (claim) => {
    const usage: Usage = { persistentvolumeclaims: count(1) };
    const storage = quantityOf(claim.spec.resources?.requests, 'storage');
    if (storage) usage['requests.storage'] = storage;
    const storageClass = storageClassOf(claim);
    if (!storageClass) return usage;
    const ofClass = Object.entries(usage).map(([name, amount]) => [`${storageClass}${classSuffix}${name}`, amount]);
    return { ...usage, ...Object.fromEntries(ofClass) };
  },
};

/** Kinds that quotas know by their plain plural, too. */
const plainlyCounted = new Set(['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets']);

const evaluators = new Map<unknown, Evaluator<never>>([
  [pods, ofPods],
  [services, ofServices],
  [persistentVolumeClaims, ofClaims],
]);

/** Whether objects of the kind can be limited at all: events come and go by themselves. */
export function isQuotaKind(kind: Kind): boolean {
  return kind.namespaced && resourceOf(kind) !== resourceOf(events) && kind.plural !== events.plural;
}

export function usesResource(kind: Kind, resource: string): boolean {
  if (resource === `count/${resourceOf(kind)}`) return true;
  const evaluator = evaluators.get(kind);
  if (evaluator) return evaluator.uses(resource);
  return kind.group === '' && plainlyCounted.has(kind.plural) && resource === kind.plural;
}

export function usageOf(kind: Kind, object: KubeObject, nowMs: number): Usage {
  const usage: Usage = { [`count/${resourceOf(kind)}`]: count(1) };
  const evaluator = evaluators.get(kind) as Evaluator | undefined;
  if (evaluator) return { ...usage, ...evaluator.usageOf(object, nowMs) };
  if (kind.group === '' && plainlyCounted.has(kind.plural)) usage[kind.plural] = count(1);
  return usage;
}

/** Milliseconds until the object uses less though nothing about it changes, where that is to come. */
export function lapsesInMs(kind: Kind, object: KubeObject, nowMs: number): number | undefined {
  const inMs = (kind as unknown) === pods ? goneByMs(object) - nowMs + 1 : 0;
  return inMs > 0 && Number.isFinite(inMs) ? inMs : undefined;
}

/** Whether usage of the object can change while it is there. */
export function hasChangingUsage(kind: Kind): boolean {
  return evaluators.has(kind);
}

export const nothing = count(0);

export function usageIn(resources: Resources | undefined): Usage {
  const entries = Object.entries(resources ?? {}).map(
    ([name, text]) => [name, parseQuantity(text) ?? nothing] as const,
  );
  return Object.fromEntries(entries);
}
