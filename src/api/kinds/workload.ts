// What the kinds that make pods from a template have in common.
import { isDeepStrictEqual } from 'node:util';
import { type LabelSelector, matchesLabelSelector, requirementsOf } from '../selector.ts';
import { type Cause, forbidden, invalid, required, unsupported } from '../validation.ts';
import type { Subresource } from './kind.ts';
import { type PodTemplateSpec, validatePodSpec } from './pod-template.ts';

/** The replica count as an object of its own, for whoever scales without knowing the kind. */
export const scaleSubresource: Subresource = {
  name: 'scale',
  verbs: ['get', 'patch', 'update'],
  kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
};

export function validateWorkload(spec: { selector?: LabelSelector; template?: PodTemplateSpec }): Cause[] {
  if (!spec.selector) return [required('spec.selector')];
  const causes: Cause[] = [];
  if (requirementsOf(spec.selector).length === 0) {
    causes.push(invalid('spec.selector', spec.selector, 'empty selector is invalid for deployment'));
  }
  const labels = spec.template?.metadata?.labels;
  if (!matchesLabelSelector(spec.selector, labels)) {
    causes.push(
      invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`'),
    );
  }
  causes.push(...validatePodSpec(spec.template?.spec, 'spec.template.spec'));
  const { restartPolicy, activeDeadlineSeconds } = spec.template?.spec ?? {};
  if (restartPolicy && restartPolicy !== 'Always') {
    causes.push(unsupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']));
  }
  if (activeDeadlineSeconds !== undefined) {
    causes.push(
      forbidden('spec.template.spec.activeDeadlineSeconds', 'activeDeadlineSeconds in ReplicaSet is not Supported'),
    );
  }
  return causes;
}

export function immutableSelector(selector: LabelSelector, previous: LabelSelector): Cause[] {
  return isDeepStrictEqual(selector, previous) ? [] : [invalid('spec.selector', selector, 'field is immutable')];
}

/** A label selector the way kubectl shows it: a=b,c in (d,e),!f */
export function selectorText(selector: LabelSelector | undefined): string {
  const parts = requirementsOf(selector ?? {}).map(({ key, operator, values }) => {
    const list = [...values].sort().join(',');
    switch (operator) {
      case 'In':
        return values.length === 1 ? `${key}=${list}` : `${key} in (${list})`;
      case 'NotIn':
        return `${key} notin (${list})`;
      case 'Exists':
        return key;
      default:
        return `!${key}`;
    }
  });
  return parts.sort().join(',') || '<none>';
}
