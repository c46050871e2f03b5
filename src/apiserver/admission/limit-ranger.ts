// What the LimitRanges of a namespace say of one pod or claim: what its containers get unasked, and how little and how
// much they may ask for.
import { type LimitRange, type LimitRangeItem, limitRanges } from '../../api/kinds/limit-range.ts';
import { persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import { podQuantities } from '../../api/pod-quantities.ts';
import type { Resources } from '../../api/resource-names.ts';
import type { ObjectCache } from '../object-cache.ts';
import { type AdmissionStep, changed, created, refusal } from './admission.ts';
import { type Asked, limitFaults } from './limit-faults.ts';

export const limitRanger: AdmissionStep = {
  name: 'LimitRanger',
  admit: (admission, { cache }) => {
    const pod = created(admission, pods);
    if (!pod) return;
    for (const items of rangesIn(cache, admission.request.namespace)) giveDefaults(pod, items);
  },
  check: (admission, { cache }) => {
    const pod = created(admission, pods) ?? changed(admission, pods, 'resize')?.object;
    const claim = created(admission, persistentVolumeClaims) ?? changed(admission, persistentVolumeClaims)?.object;
    if (!pod && !claim?.spec.resources) return;
    for (const items of rangesIn(cache, admission.request.namespace)) {
      const faults = items.flatMap((item) => {
        const asked = pod ? askedByPod(pod, item) : [{ requests: claim?.spec.resources?.requests, limits: undefined }];
        const applies = pod ? item.type === 'Container' || item.type === 'Pod' : item.type === 'PersistentVolumeClaim';
        return applies ? asked.flatMap((each) => limitFaults(item, each)) : [];
      });
      if (faults.length > 0) throw refusal(admission, faults.length === 1 ? `${faults[0]}` : `[${faults.join(', ')}]`);
    }
  },
};

/** What each of the namespace's ranges says, which may be nothing. */
function rangesIn(cache: ObjectCache, namespace: string | undefined): LimitRangeItem[][] {
  return cache.list(limitRanges, namespace).map(({ object }) => (object as LimitRange).spec.limits ?? []);
}

const containersOf = ({ spec }: Pod): Container[] => [...spec.containers, ...(spec.initContainers ?? [])];

function askedByPod(pod: Pod, { type }: LimitRangeItem): Asked[] {
  if (type === 'Pod') return [podQuantities(pod.spec)];
  return containersOf(pod).map(({ resources }) => ({ requests: resources?.requests, limits: resources?.limits }));
}

function giveDefaults(pod: Pod, items: readonly LimitRangeItem[]): void {
  const ofContainers = items.filter(({ type }) => type === 'Container');
  const limits: Resources = Object.assign({}, ...ofContainers.map((item) => item.default ?? {}));
  const requests: Resources = Object.assign({}, ...ofContainers.map((item) => item.defaultRequest ?? {}));
  const given: string[] = [];
  for (const container of pod.spec.containers) given.push(...complete(container, 'container', requests, limits));
  for (const container of pod.spec.initContainers ?? []) {
    given.push(...complete(container, 'init container', requests, limits));
  }
  if (given.length === 0) return;
  const annotation = `LimitRanger plugin set: ${given.join('; ')}`;
  pod.metadata.annotations = { ...pod.metadata.annotations, 'kubernetes.io/limit-ranger': annotation };
}

/** Answers what was given, in words. */
function complete(container: Container, what: string, requests: Resources, limits: Resources): string[] {
  container.resources ??= {};
  const given: string[] = [];
  for (const [part, usual, word] of [
    ['requests', requests, 'request'],
    ['limits', limits, 'limit'],
  ] as const) {
    const own = container.resources[part];
    const missing = Object.keys(usual)
      .filter((name) => own?.[name] === undefined)
      .sort();
    if (missing.length === 0) continue;
    container.resources[part] = { ...usual, ...own };
    given.push(`${missing.join(', ')} ${word} for ${what} ${container.name}`);
  }
  return given;
}
