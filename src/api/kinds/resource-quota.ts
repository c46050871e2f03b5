// ResourceQuota: how much a namespace may use in all. `status.used` is booked together with what uses it.
import type { IResourceQuota } from 'kubernetes-models/v1/ResourceQuota';
import type { Served } from '../meta.ts';
import {
  checkAmount,
  checkQuotaResourceName,
  isStandardQuotaResource,
  type Resources,
  roundResources,
} from '../resource-names.ts';
import { type Cause, invalid, required } from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { type Column, defineKind } from './kind.ts';

export type ResourceQuota = Served<IResourceQuota>;
type QuotaSpec = ResourceQuota['spec'];
export type ScopeRequirement = NonNullable<NonNullable<QuotaSpec['scopeSelector']>['matchExpressions']>[number];

const podScopes = ['Terminating', 'NotTerminating', 'NotBestEffort', 'PriorityClass', 'CrossNamespacePodAffinity'];
const computeOfPods = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];

/** What may be counted of the objects that a scope picks. */
const resourcesOfScope = new Map<string, readonly string[]>([
  ['BestEffort', ['pods']],
  ...podScopes.map((scope) => [scope, ['pods', ...computeOfPods]] as const),
  ['VolumeAttributesClass', ['persistentvolumeclaims', 'requests.storage']],
]);
const scopesWithoutValues = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'CrossNamespacePodAffinity',
];
const conflictingScopes = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

/** All scopes of a quota as requirements; one object must meet every one of them. */
export function scopeRequirements({ scopes = [], scopeSelector }: QuotaSpec): ScopeRequirement[] {
  const fromList = scopes.map((scopeName): ScopeRequirement => ({ scopeName, operator: 'Exists' }));
  return [...fromList, ...(scopeSelector?.matchExpressions ?? [])];
}

function* validateHard(hard: Resources | undefined, at: string): Iterable<Cause> {
  for (const [name, quantity] of Object.entries(hard ?? {})) {
    yield* checkQuotaResourceName(`${at}[${name}]`, name);
    yield* checkAmount(`${at}[${name}]`, name, quantity);
  }
}

/** Resources that a scope cannot pick. */
function misfitsOf(scope: string, { hard }: QuotaSpec): string[] {
  const fitting = resourcesOfScope.get(scope) ?? [];
  return Object.keys(hard ?? {}).filter((name) => isStandardQuotaResource(name) && !fitting.includes(name));
}

function* validateScopes(spec: QuotaSpec): Iterable<Cause> {
  const { scopes = [] } = spec;
  for (const scope of scopes) {
    if (!resourcesOfScope.has(scope)) yield invalid('spec.scopes', scopes, 'unsupported scope');
    for (const _ of misfitsOf(scope, spec))
      yield invalid('spec.scopes', scopes, 'unsupported scope applied to resource');
  }
  if (hasConflict(scopes)) yield invalid('spec.scopes', scopes, 'conflicting scopes');
}

function* validateScopeSelector(spec: QuotaSpec): Iterable<Cause> {
  const at = 'spec.scopeSelector.matchExpressions';
  const requirements = spec.scopeSelector?.matchExpressions ?? [];
  for (const { scopeName, operator, values = [] } of requirements) {
    if (!resourcesOfScope.has(scopeName)) yield invalid(`${at}.scopeName`, scopeName, 'unsupported scope');
    for (const _ of misfitsOf(scopeName, spec)) {
      yield invalid(at, spec.scopeSelector, 'unsupported scope applied to resource');
    }
    if (scopesWithoutValues.includes(scopeName) && operator !== 'Exists') {
      yield invalid(
        `${at}.operator`,
        operator,
        "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
      );
    }
    yield* validateValues(operator, values, at);
  }
  if (hasConflict(requirements.map(({ scopeName }) => scopeName))) {
    yield invalid(at, spec.scopes ?? [], 'conflicting scopes');
  }
}

function validateValues(operator: string, values: readonly string[], at: string): Cause[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length > 0) return [];
      return [
        required(`${at}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"),
      ];
    case 'Exists':
    case 'DoesNotExist':
      if (values.length === 0) return [];
      return [
        invalid(
          `${at}.values`,
          values,
          "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        ),
      ];
    default:
      return [invalid(`${at}.operator`, operator, 'not a valid selector operator')];
  }
}

function hasConflict(scopes: readonly string[]): boolean {
  return conflictingScopes.some((pair) => pair.every((scope) => scopes.includes(scope)));
}

/** "pods: 1/10, requests.cpu: 500m/2" of the limits, or of all else. */
function usageText({ status }: ResourceQuota, ofLimits: boolean): string {
  const names = Object.keys(status.hard ?? {}).sort();
  return names
    .filter((name) => name.startsWith('limits') === ofLimits)
    .map((name) => `${name}: ${status.used?.[name] ?? 0}/${status.hard?.[name]}`)
    .join(', ');
}

const columns: Column<ResourceQuota>[] = [
  nameColumn,
  {
    name: 'Request',
    type: 'string',
    description: 'Request represents a minimum amount of cpu/memory that a container may consume.',
    value: (quota) => usageText(quota, false),
  },
  {
    name: 'Limit',
    type: 'string',
    description:
      'Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.',
    value: (quota) => usageText(quota, true),
  },
  ageColumn,
];

export const resourceQuotas = defineKind<ResourceQuota>({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  singular: 'resourcequota',
  shortNames: ['quota'],
  namespaced: true,
  hasStatus: true,
  showsDeleted: true,
  hasGeneration: false,
  columns,
  setDefaults: ({ spec, status }) => {
    for (const resources of [spec.hard, status.hard, status.used]) roundResources(resources);
  },
  validate: function* ({ spec, status }) {
    yield* validateHard(spec.hard, 'spec.hard');
    yield* validateScopes(spec);
    yield* validateScopeSelector(spec);
    yield* validateHard(status.hard, 'status.hard');
    yield* validateHard(status.used, 'status.used');
  },
  validateUpdate: ({ spec: { scopes = [] } }, { spec }) => {
    const sameScopes = new Set(scopes).symmetricDifference(new Set(spec.scopes ?? [])).size === 0;
    return sameScopes ? [] : [invalid('spec.scopes', scopes, 'field is immutable')];
  },
});
