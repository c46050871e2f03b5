// How evenly pods are spread over the zones, hosts or other domains of a cluster.

import { checkLabelSelector, qualifiedNameFaults } from '../../label-rules.ts';
import { type Causes, checkName, checkOneOf, duplicate, forbidden, invalid, required } from '../../validation.ts';
import type { PodSpec } from './types.ts';

type Constraint = NonNullable<PodSpec['topologySpreadConstraints']>[number];

const actions = ['DoNotSchedule', 'ScheduleAnyway'];
const policies = ['Honor', 'Ignore'];

/** In a pod the keys have become part of its selector; in a template they are not yet. */
export function* validateTopologySpread(constraints: readonly Constraint[], at: string, isPod: boolean): Causes {
  for (const [index, constraint] of constraints.entries()) {
    const here = `${at}[${index}]`;
    const { maxSkew = 0, topologyKey, whenUnsatisfiable } = constraint;
    if (maxSkew <= 0) yield invalid(`${here}.maxSkew`, maxSkew, 'must be greater than zero');
    if (!topologyKey) yield required(`${here}.topologyKey`, 'can not be empty');
    yield* checkOneOf(`${here}.whenUnsatisfiable`, whenUnsatisfiable ?? '', actions);
    const isRepeated = constraints
      .slice(index + 1)
      .some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable);
    if (isRepeated) {
      yield duplicate(`${here}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`);
    }
    yield* validateMinDomains(constraint, `${here}.minDomains`);
    yield* checkOneOf(`${here}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, policies);
    yield* checkOneOf(`${here}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, policies);
    yield* validateLabelKeys(constraint, `${here}.matchLabelKeys`, isPod ? 1 : 0);
    yield* checkLabelSelector(`${here}.labelSelector`, constraint.labelSelector);
  }
}

function* validateMinDomains({ minDomains, whenUnsatisfiable }: Constraint, field: string): Causes {
  if (minDomains === undefined) return;
  if (minDomains <= 0) yield invalid(field, minDomains, 'must be greater than zero');
  if (whenUnsatisfiable !== 'DoNotSchedule') {
    const rule = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable ?? ''}`;
    yield invalid(field, minDomains, rule);
  }
}

function* validateLabelKeys({ matchLabelKeys = [], labelSelector }: Constraint, field: string, atMost: number): Causes {
  if (matchLabelKeys.length === 0) return;
  if (!labelSelector) yield forbidden(field, 'must not be specified when labelSelector is not set');
  const selected = [
    ...Object.keys(labelSelector?.matchLabels ?? {}),
    ...(labelSelector?.matchExpressions ?? []).map(({ key }) => key),
  ];
  for (const [index, key] of matchLabelKeys.entries()) {
    yield* checkName(`${field}[${index}]`, key, qualifiedNameFaults);
    if (selected.filter((each) => each === key).length > atMost) {
      yield invalid(`${field}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector');
    }
  }
}
