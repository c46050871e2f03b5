// PodDisruptionBudget: how many of the pods that it selects must stay up, or may be down, when somebody evicts them.
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { checkAtMost100Percent, checkIntOrPercent } from '../int-or-percent.ts';
import { checkLabelSelector } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { checkNonNegative, checkOneOf, invalid } from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

const counts = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const;

export type PodDisruptionBudget = Served<IPodDisruptionBudget> & {
  status: Record<(typeof counts)[number], number>;
};

const bounds = ['minAvailable', 'maxUnavailable'] as const;

export const podDisruptionBudgets = defineKind<PodDisruptionBudget>({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  singular: 'poddisruptionbudget',
  shortNames: ['pdb'],
  namespaced: true,
  needsRevision: true,
  hasStatus: true,
  columns: [
    nameColumn,
    {
      name: 'Min Available',
      type: 'string',
      description: 'The pods that must stay up, by number or percentage.',
      value: ({ spec }) => String(spec.minAvailable ?? 'N/A'),
    },
    {
      name: 'Max Unavailable',
      type: 'string',
      description: 'The pods that may be down, by number or percentage.',
      value: ({ spec }) => String(spec.maxUnavailable ?? 'N/A'),
    },
    {
      name: 'Allowed Disruptions',
      type: 'integer',
      description: 'How many pods may be evicted now.',
      value: ({ status }) => status.disruptionsAllowed ?? 0,
    },
    ageColumn,
  ],
  setDefaults: ({ status }) => {
    for (const count of counts) status[count] ??= 0;
  },
  validate: function* ({ spec, status }) {
    if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
      yield invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set');
    }
    for (const bound of bounds) {
      yield* checkIntOrPercent(`spec.${bound}`, spec[bound]);
      yield* checkAtMost100Percent(`spec.${bound}`, spec[bound]);
    }
    yield* checkLabelSelector('spec.selector', spec.selector);
    yield* checkOneOf('spec.unhealthyPodEvictionPolicy', spec.unhealthyPodEvictionPolicy, [
      'AlwaysAllow',
      'IfHealthyBudget',
    ]);
    for (const count of counts) yield* checkNonNegative(`status.${count}`, status[count]);
  },
});
