// Which nodes and which neighbours a pod needs or likes.

import { checkLabelSelector, labelValueFaults, qualifiedNameFaults } from '../../label-rules.ts';
import {
  type Causes,
  checkName,
  dnsLabelFaults,
  dnsSubdomainFaults,
  forbidden,
  invalid,
  required,
} from '../../validation.ts';
import type { Affinity, NodeAffinity } from './types.ts';

export type NodeSelector = NonNullable<NodeAffinity['requiredDuringSchedulingIgnoredDuringExecution']>;
export type NodeSelectorTerm = NodeSelector['nodeSelectorTerms'][number];
type Requirement = NonNullable<NodeSelectorTerm['matchExpressions']>[number];
type PodAffinity = NonNullable<Affinity['podAffinity']>;
type PodAffinityTerm = NonNullable<PodAffinity['requiredDuringSchedulingIgnoredDuringExecution']>[number];

const requiredTerms = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferredTerms = 'preferredDuringSchedulingIgnoredDuringExecution';

export function* validateAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity, at: string): Causes {
  if (nodeAffinity) yield* validateNodeAffinity(nodeAffinity, `${at}.nodeAffinity`);
  if (podAffinity) yield* validatePodAffinity(podAffinity, `${at}.podAffinity`);
  if (podAntiAffinity) yield* validatePodAffinity(podAntiAffinity, `${at}.podAntiAffinity`);
}

function* validateNodeAffinity(affinity: NodeAffinity, at: string): Causes {
  const needed = affinity[requiredTerms];
  if (needed) yield* validateNodeSelector(needed, `${at}.${requiredTerms}`);
  for (const [index, { weight, preference }] of (affinity[preferredTerms] ?? []).entries()) {
    const here = `${at}.${preferredTerms}[${index}]`;
    yield* checkWeight(`${here}.weight`, weight);
    yield* validateNodeSelectorTerm(preference ?? {}, `${here}.preference`, 'any value');
  }
}

function* checkWeight(field: string, weight: number | undefined): Causes {
  if (!weight || weight < 1 || weight > 100) yield invalid(field, weight ?? 0, 'must be in the range 1-100');
}

export function* validateNodeSelector({ nodeSelectorTerms: terms = [] }: NodeSelector, at: string): Causes {
  if (terms.length === 0) yield required(`${at}.nodeSelectorTerms`, 'must have at least one node selector term');
  for (const [index, term] of terms.entries()) {
    yield* validateNodeSelectorTerm(term, `${at}.nodeSelectorTerms[${index}]`);
  }
}

function* validateNodeSelectorTerm(term: NodeSelectorTerm, at: string, values?: 'any value'): Causes {
  for (const [index, requirement] of (term.matchExpressions ?? []).entries()) {
    yield* validateRequirement(requirement, `${at}.matchExpressions[${index}]`, values);
  }
  for (const [index, requirement] of (term.matchFields ?? []).entries()) {
    yield* validateFieldRequirement(requirement, `${at}.matchFields[${index}]`);
  }
}

function* validateRequirement({ key, operator, values = [] }: Requirement, at: string, taken?: 'any value'): Causes {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) yield required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        yield forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) {
        yield required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'");
      }
      break;
    default:
      yield invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator');
  }
  yield* checkName(`${at}.key`, key ?? '', qualifiedNameFaults);
  if (taken) return;
  for (const [index, value] of values.entries()) yield* checkName(`${at}.values[${index}]`, value, labelValueFaults);
}

function* validateFieldRequirement({ key, operator, values = [] }: Requirement, at: string): Causes {
  if (operator !== 'In' && operator !== 'NotIn') {
    yield invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator');
  } else if (values.length !== 1) {
    yield required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  }
  if (key !== 'metadata.name') yield invalid(`${at}.key`, key ?? '', 'not a valid field selector key');
  else
    for (const [index, value] of values.entries())
      yield* checkName(`${at}.values[${index}]`, value, dnsSubdomainFaults);
}

function* validatePodAffinity(affinity: PodAffinity, at: string): Causes {
  for (const [index, term] of (affinity[requiredTerms] ?? []).entries()) {
    yield* validatePodAffinityTerm(term, `${at}.${requiredTerms}[${index}]`);
  }
  for (const [index, { weight, podAffinityTerm }] of (affinity[preferredTerms] ?? []).entries()) {
    const here = `${at}.${preferredTerms}[${index}]`;
    yield* checkWeight(`${here}.weight`, weight);
    yield* validatePodAffinityTerm(podAffinityTerm ?? {}, `${here}.podAffinityTerm`);
  }
}

function* validatePodAffinityTerm(term: Partial<PodAffinityTerm>, at: string): Causes {
  yield* checkLabelSelector(`${at}.labelSelector`, term.labelSelector);
  yield* checkLabelSelector(`${at}.namespaceSelector`, term.namespaceSelector);
  for (const name of term.namespaces ?? []) yield* checkName(`${at}.namespace`, name, dnsLabelFaults);
  yield* validateLabelKeys(term, at);
  const { topologyKey = '' } = term;
  if (topologyKey === '') yield required(`${at}.topologyKey`, 'can not be empty');
  yield* checkName(`${at}.topologyKey`, topologyKey, qualifiedNameFaults);
}

function* validateLabelKeys(term: Partial<PodAffinityTerm>, at: string): Causes {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term;
  yield* checkLabelKeys(`${at}.matchLabelKeys`, matchLabelKeys, labelSelector !== undefined);
  yield* checkLabelKeys(`${at}.mismatchLabelKeys`, mismatchLabelKeys, labelSelector !== undefined);
  const selected = new Set(Object.keys(labelSelector?.matchLabels ?? {}));
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    const index = matchLabelKeys.indexOf(key);
    if (index >= 0 && selected.has(key)) {
      yield invalid(`${at}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector');
    }
    selected.add(key);
  }
  for (const [index, key] of matchLabelKeys.entries()) {
    if (!mismatchLabelKeys.includes(key)) continue;
    const refusal = 'exists in both matchLabelKeys and mismatchLabelKeys';
    yield invalid(`${at}.matchLabelKeys[${index}]`, key, refusal);
  }
}

function* checkLabelKeys(field: string, keys: readonly string[], hasSelector: boolean): Causes {
  if (keys.length === 0) return;
  if (!hasSelector) yield forbidden(field, 'must not be specified when labelSelector is not set');
  else for (const [index, key] of keys.entries()) yield* checkName(`${field}[${index}]`, key, qualifiedNameFaults);
}
