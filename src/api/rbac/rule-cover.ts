// Whether some rules grant all that others grant, by which nobody gives away more than he has. Pure.
import { type PolicyRule, pathMatches } from './policy-rule.ts';

/** The parts of the wanted rules that the owned ones do not grant. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(atomsOf).filter((atom) => !owned.some((rule) => covers(rule, atom)));
}

/** A rule as rules of one verb, group, resource and name each, or of one verb and path. */
function atomsOf({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): PolicyRule[] {
  const ofResources = (apiGroups ?? []).flatMap((group) =>
    (resources ?? []).flatMap((resource) =>
      verbs.flatMap((verb): PolicyRule[] => {
        const atom = { verbs: [verb], apiGroups: [group], resources: [resource] };
        return resourceNames?.length ? resourceNames.map((name) => ({ ...atom, resourceNames: [name] })) : [atom];
      }),
    ),
  );
  const ofPaths = (nonResourceURLs ?? []).flatMap((path) =>
    verbs.map((verb): PolicyRule => ({ verbs: [verb], nonResourceURLs: [path] })),
  );
  return [...ofResources, ...ofPaths];
}

function covers(owned: PolicyRule, atom: PolicyRule): boolean {
  if (!hasAll(owned.verbs, atom.verbs)) return false;
  if (atom.nonResourceURLs) {
    return atom.nonResourceURLs.every((path) => owned.nonResourceURLs?.some((pattern) => pathMatches(pattern, path)));
  }
  return (
    hasAll(owned.apiGroups, atom.apiGroups) &&
    (atom.resources ?? []).every((resource) => coversResource(owned.resources ?? [], resource)) &&
    coversNames(owned.resourceNames ?? [], atom.resourceNames ?? [])
  );
}

const hasAll = (owned: readonly string[] = [], wanted: readonly string[] = []) =>
  owned.includes('*') || wanted.every((value) => owned.includes(value));

function coversResource(owned: readonly string[], wanted: string): boolean {
  if (owned.includes('*') || owned.includes(wanted)) return true;
  const [, subresource] = wanted.split('/');
  return subresource !== undefined && owned.includes(`*/${subresource}`);
}

/** No names stand for all of them. */
function coversNames(owned: readonly string[], wanted: readonly string[]): boolean {
  if (owned.length === 0) return true;
  return wanted.length > 0 && wanted.every((name) => owned.includes(name));
}

/** Rules for one resource each become one rule with all its verbs, as they are told to a human. */
export function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const byTarget = new Map<string, PolicyRule>();
  for (const { verbs, ...target } of rules) {
    const key = JSON.stringify(target);
    const known = byTarget.get(key);
    if (known) known.verbs = [...new Set([...known.verbs, ...verbs])];
    else byTarget.set(key, { ...target, verbs: [...verbs] });
  }
  return [...byTarget.values()];
}

/** {APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]} */
export function ruleText({ nonResourceURLs, apiGroups, resources, resourceNames, verbs }: PolicyRule): string {
  const parts = Object.entries({
    APIGroups: apiGroups,
    Resources: resources,
    NonResourceURLs: nonResourceURLs,
    ResourceNames: resourceNames,
    Verbs: verbs,
  });
  const texts = parts.flatMap(([name, values]) =>
    values?.length ? [`${name}:[${values.map(quoted).join(' ')}]`] : [],
  );
  return `{${texts.join(', ')}}`;
}

const quoted = (text: string) => JSON.stringify(text);
