// What the kinds that keep pods of one template running have in common: selector, template, counts, warnings.
import { checkLabelSelector, isUsableSelector } from '../label-rules.ts';
import { type LabelSelector, matchesLabelSelector, requirementsOf } from '../selector.ts';
import {
  type Cause,
  checkNonNegative,
  dnsLabelFaults,
  forbidden,
  invalid,
  required,
  unsupported,
} from '../validation.ts';
import type { Subresource } from './kind.ts';
import { type PodTemplateSpec, validatePodTemplate, warningsForPodTemplate } from './pod-template.ts';

/** The replica count as an object of its own, for whoever scales without knowing the kind. */
export const scaleSubresource: Subresource = {
  name: 'scale',
  verbs: ['get', 'patch', 'update'],
  kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
};

export interface WorkloadSpec {
  selector?: LabelSelector;
  template?: PodTemplateSpec;
}

/** Selector and template of a kind that keeps replicas. */
export function* checkReplicated({ selector, template }: WorkloadSpec): Iterable<Cause> {
  yield* checkSelector(selector, 'deployment');
  if (!isUsableSelector(selector)) return yield invalid('spec.selector', selector, 'invalid label selector');
  if (!isEmptySelector(selector)) yield* checkTemplateLabels(selector, template);
  yield* validatePodTemplate(template, 'spec.template');
  yield* checkEndless(template, 'ReplicaSet');
}

/** That there is a selector which selects something. The name is the one that Kubernetes' texts have. */
export function* checkSelector(selector: LabelSelector | undefined, nameInText: string): Iterable<Cause> {
  if (!selector) return yield required('spec.selector');
  yield* checkLabelSelector('spec.selector', selector);
  if (isEmptySelector(selector)) {
    yield invalid('spec.selector', selector, `empty selector is invalid for ${nameInText}`);
  }
}

export const isEmptySelector = (selector: LabelSelector | undefined): boolean =>
  selector !== undefined && requirementsOf(selector).length === 0;

/** That the selector matches the pods that the template makes. */
export function* checkTemplateLabels(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
): Iterable<Cause> {
  const labels = template?.metadata?.labels;
  if (matchesLabelSelector(selector, labels)) return;
  yield invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`');
}

/** That the pods of the template are meant to run for ever. */
export function* checkEndless(template: PodTemplateSpec | undefined, kindInText: string): Iterable<Cause> {
  const { restartPolicy, activeDeadlineSeconds } = template?.spec ?? {};
  if (restartPolicy !== 'Always')
    yield unsupported('spec.template.spec.restartPolicy', restartPolicy ?? '', ['Always']);
  if (activeDeadlineSeconds !== undefined) {
    const text = `activeDeadlineSeconds in ${kindInText} is not Supported`;
    yield forbidden('spec.template.spec.activeDeadlineSeconds', text);
  }
}

/** That no count of a status is negative. */
export function* checkCounts(status: object, fields: readonly string[]): Iterable<Cause> {
  for (const field of fields) yield* checkNonNegative(`status.${field}`, countIn(status, field));
}

/** That no part of a status' whole is more than the whole. */
export function* checkParts(
  status: object,
  parts: readonly string[],
  whole = 'replicas',
  wholeInText = `status.${whole}`,
): Iterable<Cause> {
  for (const part of parts) {
    const count = countIn(status, part);
    if (count > countIn(status, whole)) {
      yield invalid(`status.${part}`, count, `cannot be greater than ${wholeInText}`);
    }
  }
}

const countIn = (status: object, field: string): number => (status as Record<string, number | undefined>)[field] ?? 0;

interface WithCollisions {
  status: { collisionCount?: number };
}

/** The count of names that met is only ever raised. */
export function* checkCollisions({ status }: WithCollisions, previous: WithCollisions): Iterable<Cause> {
  const { collisionCount = 0 } = status;
  if (collisionCount < (previous.status.collisionCount ?? 0)) {
    yield invalid('status.collisionCount', collisionCount, 'cannot be decremented');
  }
}

interface Workload {
  metadata: { name: string };
  spec: { template?: PodTemplateSpec };
}

/** What the writer of a workload should know: of its name once, of its template whenever it changes. */
export function workloadWarnings({ metadata, spec }: Workload, previous: Workload | undefined): string[] {
  const ofTemplate = warningsForPodTemplate(spec.template, 'spec.template');
  return previous ? ofTemplate : [...podNameWarnings(metadata.name), ...ofTemplate];
}

/** Pods are named after their owner, and hosts after their pods. */
export function podNameWarnings(name: string): string[] {
  const faults = dnsLabelFaults(name);
  if (faults.length === 0) return [];
  return [
    `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${faults.join(' ')}]`,
  ];
}
