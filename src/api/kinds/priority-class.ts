// PriorityClass: how important a pod is, by a name. Two classes are the system's own.
import type { IPriorityClass } from 'kubernetes-models/scheduling.k8s.io/v1/PriorityClass';
import type { Served } from '../meta.ts';
import { checkImmutable, checkOneOf, forbidden } from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type PriorityClass = Served<IPriorityClass>;

const systemPrefix = 'system-';
const highestOfUsers = 1_000_000_000;

/** The classes that every cluster has, and keeps. */
export const systemPriorityClasses = [
  {
    name: 'system-node-critical',
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    name: 'system-cluster-critical',
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
] as const;

/** Why a class of this name may not be, if so. */
function systemNameFault({ metadata: { name }, value, globalDefault }: PriorityClass): string | undefined {
  const known = systemPriorityClasses.find((each) => each.name === name);
  if (!known) return `${name} is not a known system priority class`;
  if (known.value !== value) return `value of ${name} PriorityClass must be ${known.value}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

export const priorityClasses = defineKind<PriorityClass>({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  singular: 'priorityclass',
  shortNames: ['pc'],
  namespaced: false,
  hasStatus: false,
  createsOnUpdate: true,
  columns: [
    nameColumn,
    {
      name: 'Value',
      type: 'integer',
      description: 'The priority that pods of this class get.',
      value: ({ value = 0 }) => value,
    },
    {
      name: 'Global-Default',
      type: 'boolean',
      description: 'Whether pods that name no class are of this one.',
      value: ({ globalDefault }) => globalDefault ?? false,
    },
    ageColumn,
    {
      name: 'PreemptionPolicy',
      type: 'string',
      description: 'Whether pods of this class may take the place of others.',
      value: ({ preemptionPolicy }) => preemptionPolicy ?? '',
    },
  ],
  // It changes in nothing that anybody would have to catch up with.
  prepareCreate: ({ metadata }) => {
    metadata.generation = 1;
  },
  setDefaults: (priorityClass) => {
    priorityClass.value ??= 0;
    priorityClass.preemptionPolicy ??= 'PreemptLowerPriority';
    if (!priorityClass.globalDefault) delete priorityClass.globalDefault;
    if (!priorityClass.description) delete priorityClass.description;
  },
  validate: function* (priorityClass) {
    const { metadata, value = 0, preemptionPolicy } = priorityClass;
    if (metadata.name.startsWith(systemPrefix)) {
      const fault = systemNameFault(priorityClass);
      if (fault) {
        const rule = `priority class names with '${systemPrefix}' prefix are reserved for system use only`;
        yield forbidden('metadata.name', `${rule}. error: ${fault}`);
      }
    } else if (value > highestOfUsers) {
      yield forbidden('value', `maximum allowed value of a user defined priority is ${highestOfUsers}`);
    }
    yield* checkOneOf('preemptionPolicy', preemptionPolicy, ['PreemptLowerPriority', 'Never']);
  },
  keptBecause: ({ metadata: { name } }) =>
    systemPriorityClasses.some((each) => each.name === name)
      ? 'this is a system priority class and cannot be deleted'
      : undefined,
  validateUpdate: function* ({ value, preemptionPolicy }, previous) {
    if (value !== previous.value) yield forbidden('Value', 'may not be changed in an update.');
    yield* checkImmutable('preemptionPolicy', preemptionPolicy, previous.preemptionPolicy);
  },
});
