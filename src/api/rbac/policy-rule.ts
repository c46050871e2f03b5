// What a rule of a role permits. Pure.
import type { IPolicyRule } from 'kubernetes-models/rbac.authorization.k8s.io/v1/PolicyRule';
import type { Attributes, ResourceAttributes } from './attributes.ts';

export type PolicyRule = IPolicyRule;

export const rbacGroup = 'rbac.authorization.k8s.io';

const everything = '*';

const names = (list: readonly string[] | undefined, wanted: string): boolean =>
  list !== undefined && (list.includes(wanted) || list.includes(everything));

export function ruleAllows(rule: PolicyRule, asked: Attributes): boolean {
  if (!names(rule.verbs, asked.verb)) return false;
  if ('path' in asked) return (rule.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, asked.path));
  return (
    names(rule.apiGroups, asked.group) &&
    resourceMatches(rule, asked) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(asked.name ?? ''))
  );
}

function resourceMatches({ resources = [] }: PolicyRule, { resource, subresource }: ResourceAttributes): boolean {
  if (!subresource) return names(resources, resource);
  return names(resources, `${resource}/${subresource}`) || resources.includes(`*/${subresource}`);
}

/** A star stands at the end and for any rest. */
export function pathMatches(pattern: string, path: string): boolean {
  if (pattern === path) return true;
  return pattern.endsWith(everything) && path.startsWith(pattern.slice(0, -1));
}
