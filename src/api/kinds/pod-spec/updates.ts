// What may become of a pod's spec: by whoever changes the pod, by putting in ephemeral containers, and by resizing it.
// Everything else stays as it was when the pod was made.
import { mutableCopy } from '../../meta.ts';
import { type Causes, checkRange, forbidden, invalid, isSame, required } from '../../validation.ts';
import type { NodeSelectorTerm } from './affinity.ts';
import { mirrorAnnotation } from './annotations.ts';
import { checkImageSpaces } from './containers.ts';
import { qosClassOf } from './qos.ts';
import { validateTolerations } from './tolerations.ts';
import {
  type Container,
  isSidecar,
  type NodeAffinity,
  type PodMetadata,
  type PodSpec,
  type ResourceRequirements,
  type Toleration,
} from './types.ts';

const largestInt32 = 2 ** 31 - 1;

const changeable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
];

export function* validateSpecUpdate(spec: PodSpec, previous: PodSpec): Causes {
  for (const field of ['containers', 'initContainers'] as const) {
    const [now, before] = [spec[field] ?? [], previous[field] ?? []];
    if (now.length !== before.length) {
      yield forbidden(`spec.${field}`, 'pod updates may not add or remove containers');
      return;
    }
    for (const [index, container] of now.entries()) {
      if (!container.image) yield required(`spec.${field}[${index}].image`);
      yield* checkImageSpaces(container, `spec.${field}[${index}]`);
    }
  }
  const deadline = [...validateDeadline(spec.activeDeadlineSeconds, previous.activeDeadlineSeconds)];
  yield* deadline;
  if (deadline.length > 0 && spec.activeDeadlineSeconds !== undefined) return;
  yield* validateAddedTolerations(spec.tolerations ?? [], previous.tolerations ?? []);
  yield* validateRemovedGates(spec, previous);
  if (isSame(spec, previous)) return;
  const isGated = (previous.schedulingGates ?? []).length > 0;
  if (isGated) yield* validateNarrowing(spec, previous);
  if (!isSame(withChangeableOf(spec, previous, isGated), previous)) {
    yield forbidden('spec', `pod updates may not change fields other than ${changeable.join(',')}\n`);
  }
}

/** The spec, where all that may be changed is as it was. */
function withChangeableOf(spec: PodSpec, previous: PodSpec, isGated: boolean): PodSpec {
  const kept: PodSpec = { ...spec };
  for (const field of ['containers', 'initContainers'] as const) {
    const before = previous[field];
    const now = spec[field];
    if (now) kept[field] = now.map((container, index) => ({ ...container, image: before?.[index]?.image ?? '' }));
  }
  const fields: (keyof PodSpec)[] = ['activeDeadlineSeconds', 'schedulingGates', 'tolerations'];
  const { terminationGracePeriodSeconds: grace = 0 } = previous;
  if (grace < 0 && spec.terminationGracePeriodSeconds === 1) fields.push('terminationGracePeriodSeconds');
  if (isGated) fields.push('nodeSelector');
  for (const field of fields) restore(kept, field, previous[field]);
  if (isGated) keepNodeAffinity(kept, previous);
  return kept;
}

function restore(target: object, field: string, value: unknown): void {
  if (value === undefined) delete (target as Record<string, unknown>)[field];
  else (target as Record<string, unknown>)[field] = value;
}

function keepNodeAffinity(kept: PodSpec, { affinity }: PodSpec): void {
  const changed = { ...kept.affinity };
  restore(changed, 'nodeAffinity', affinity?.nodeAffinity);
  restore(kept, 'affinity', Object.keys(changed).length === 0 && !affinity ? undefined : changed);
}

function* validateDeadline(seconds: number | undefined, before: number | undefined): Causes {
  const field = 'spec.activeDeadlineSeconds';
  if (seconds === undefined) {
    if (before !== undefined) yield invalid(field, undefined, 'must not update from a positive integer to nil value');
    return;
  }
  if (seconds < 0 || seconds > largestInt32) yield* checkRange(field, seconds, 0, largestInt32);
  else if (before !== undefined && before < seconds) {
    yield invalid(field, seconds, 'must be less than or equal to previous value');
  }
}

function* validateAddedTolerations(now: readonly Toleration[], before: readonly Toleration[]): Causes {
  const withoutSeconds = ({ tolerationSeconds, ...rest }: Toleration) => rest;
  const isKept = (old: Toleration) => now.some((each) => isSame(withoutSeconds(each), withoutSeconds(old)));
  if (before.every(isKept)) yield* validateTolerations(now, 'spec.tolerations');
  else yield forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
}

function* validateRemovedGates({ schedulingGates = [] }: PodSpec, previous: PodSpec): Causes {
  for (const [index, { name }] of schedulingGates.entries()) {
    if (previous.schedulingGates?.some((gate) => gate.name === name)) continue;
    const refusal = `only deletion is allowed, but found new scheduling gate '${name}'`;
    yield forbidden(`spec.schedulingGates[${index}].name`, refusal);
  }
}

/** A pod that waits behind a gate may be made to fit fewer nodes, never more. */
function* validateNarrowing(spec: PodSpec, previous: PodSpec): Causes {
  const { nodeSelector = {} } = spec;
  if (Object.entries(previous.nodeSelector ?? {}).some(([key, value]) => nodeSelector[key] !== value)) {
    const refusal = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
    yield invalid('spec.nodeSelector', nodeSelector, refusal);
  }
  yield* validateNarrowedAffinity(spec.affinity?.nodeAffinity, previous.affinity?.nodeAffinity);
}

function* validateNarrowedAffinity(now: NodeAffinity | undefined, before: NodeAffinity | undefined): Causes {
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const oldTerms = before?.[required]?.nodeSelectorTerms ?? [];
  const newTerms = now?.[required]?.nodeSelectorTerms ?? [];
  if (oldTerms.length === 0) return;
  const at = `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms`;
  if (newTerms.length !== oldTerms.length) {
    yield invalid(at, newTerms, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed');
    return;
  }
  for (const [index, term] of newTerms.entries()) {
    if (hasOnlyAdditions(term, oldTerms[index] ?? {})) continue;
    yield invalid(`${at}[${index}]`, term, 'only additions are allowed (no mutations or deletions)');
  }
}

function hasOnlyAdditions(now: NodeSelectorTerm, before: NodeSelectorTerm): boolean {
  const fields = ['matchExpressions', 'matchFields'] as const;
  const isEmpty = (term: NodeSelectorTerm) => fields.every((field) => (term[field] ?? []).length === 0);
  // A term without requirements matches nothing: whatever is added makes it match more.
  if (isEmpty(before)) return isEmpty(now);
  return fields.every((field) => {
    const old = before[field] ?? [];
    return isSame((now[field] ?? []).slice(0, old.length), old);
  });
}

/** The rules of the subresource by which containers are put into a running pod: they stay as they came. */
export function* validateEphemeralUpdate(spec: PodSpec, previous: PodSpec, metadata: PodMetadata): Causes {
  if (metadata.annotations?.[mirrorAnnotation] !== undefined) {
    yield forbidden('[]', 'static pods do not support ephemeral containers');
    return;
  }
  for (const old of previous.ephemeralContainers ?? []) {
    const now = spec.ephemeralContainers?.find(({ name }) => name === old.name);
    const quoted = JSON.stringify(old.name);
    const refuse = (what: string) =>
      forbidden('spec.ephemeralContainers', `existing ephemeral containers ${quoted} may not be ${what}\n`);
    if (!now) yield refuse('removed');
    else if (!isSame(now, old)) yield refuse('changed');
  }
}

export interface Resized {
  spec: PodSpec;
  metadata: PodMetadata;
  status: { containerStatuses?: { state?: { running?: object }; resources?: object }[] };
}

/** The rules of the subresource by which a pod's cpu and memory are changed in place. */
export function* validateResize({ spec }: Resized, previous: Resized): Causes {
  const refusal = refusalOfResize(spec, previous);
  if (refusal) {
    yield forbidden('[]', refusal);
    return;
  }
  let faults = 0;
  for (const cause of changesOfResize(spec, previous)) {
    faults++;
    yield cause;
  }
  if (faults === 0 && !isSame(withResourcesOf(spec, previous.spec), previous.spec)) {
    yield forbidden('spec', 'only cpu and memory resources are mutable');
  }
}

function refusalOfResize(spec: PodSpec, previous: Resized): string | undefined {
  const hasWhole = ({ resources }: PodSpec) =>
    Object.keys(resources?.requests ?? {}).length + Object.keys(resources?.limits ?? {}).length > 0;
  if (hasWhole(spec) || hasWhole(previous.spec)) return 'pods with pod-level resources cannot be resized';
  if (previous.metadata.annotations?.[mirrorAnnotation] !== undefined) return 'static pods cannot be resized';
  return previous.spec.os?.name === 'windows' ? 'windows pods cannot be resized' : undefined;
}

function* changesOfResize(spec: PodSpec, previous: Resized): Causes {
  const before = previous.spec;
  if (qosClassOf(spec) !== qosClassOf(before)) {
    yield invalid('spec', qosClassOf(spec), 'Pod QOS Class may not change as a result of resizing');
  }
  const running = previous.status.containerStatuses?.find(({ state }) => state?.running);
  if (running && !running.resources) yield forbidden('spec', 'Pod running on node without support for resize');
  for (const field of ['initContainers', 'containers'] as const) {
    const [now, old] = [spec[field] ?? [], before[field] ?? []];
    if (now.length !== old.length) {
      yield forbidden(`spec.${field}`, 'pod updates may not add or remove containers');
      continue;
    }
    for (const [index, container] of now.entries()) {
      const one = old[index] as Container;
      if (field === 'initContainers' && !isSidecar(one)) {
        if (!isSame(container, one)) {
          yield forbidden('spec', 'resources for non-sidecar init containers are immutable');
        }
        continue;
      }
      yield* validateContainerResize(container, one, `spec.${field}[${index}].resources`);
      if (isSame(withCpuAndMemoryOf(container, one), one)) continue;
      const which = field === 'initContainers' ? 'resources for sidecar containers' : 'resources';
      yield forbidden('spec', `only cpu and memory ${which} are mutable`);
    }
  }
}

function* validateContainerResize(container: Container, before: Container, at: string): Causes {
  for (const part of ['requests', 'limits'] as const) {
    const [now, old] = [container.resources?.[part] ?? {}, before.resources?.[part] ?? {}];
    if (Object.keys(old).some((name) => !(name in now))) {
      yield forbidden(`${at}.${part}`, `resource ${part} cannot be removed`);
    }
  }
}

function withCpuAndMemoryOf(container: Container, before: Container): Container {
  const resources: ResourceRequirements = {};
  for (const part of ['limits', 'requests'] as const) {
    const old = before.resources?.[part] as Record<string, string> | undefined;
    if (!old) continue;
    const { cpu, memory, ...others } = (container.resources?.[part] ?? {}) as Record<string, string>;
    const kept = Object.fromEntries(Object.entries(old).filter(([name]) => name === 'cpu' || name === 'memory'));
    resources[part] = { ...others, ...kept };
  }
  return { ...container, resources };
}

function withResourcesOf(spec: PodSpec, previous: PodSpec): PodSpec {
  const copy = mutableCopy(spec);
  for (const field of ['initContainers', 'containers'] as const) {
    const old = previous[field];
    if (copy[field]) {
      copy[field] = copy[field].map((container, index) =>
        old?.[index] ? withCpuAndMemoryOf(container, old[index]) : container,
      );
    }
  }
  return copy;
}
