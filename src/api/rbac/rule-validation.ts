// What a rule of a role may say.
import { type Cause, invalid, required } from '../validation.ts';
import type { PolicyRule } from './policy-rule.ts';

export function* checkRules(
  rules: readonly PolicyRule[] | undefined,
  { namespaced }: { namespaced: boolean },
): Iterable<Cause> {
  for (const [index, rule] of (rules ?? []).entries()) yield* checkRule(`rules[${index}]`, rule, namespaced);
}

function* checkRule(at: string, rule: PolicyRule, namespaced: boolean): Iterable<Cause> {
  const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = rule;
  if (!verbs?.length) yield required(`${at}.verbs`, 'verbs must contain at least one value');
  if (nonResourceURLs?.length) {
    const refused = (why: string) => invalid(`${at}.nonResourceURLs`, nonResourceURLs, why);
    if (namespaced) yield refused('namespaced rules cannot apply to non-resource URLs');
    if (apiGroups?.length || resources?.length || resourceNames?.length) {
      yield refused('rules cannot apply to both regular resources and non-resource URLs');
    }
    return;
  }
  if (!apiGroups?.length) yield required(`${at}.apiGroups`, 'resource rules must supply at least one api group');
  if (!resources?.length) yield required(`${at}.resources`, 'resource rules must supply at least one resource');
}
