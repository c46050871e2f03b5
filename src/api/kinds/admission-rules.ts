// Which requests webhooks and policies of admission are about: rules, selectors, conditions.
import type { IMatchCondition } from 'kubernetes-models/admissionregistration.k8s.io/v1/MatchCondition';
import type { IMatchResources } from 'kubernetes-models/admissionregistration.k8s.io/v1/MatchResources';
import type { IRuleWithOperations } from 'kubernetes-models/admissionregistration.k8s.io/v1/RuleWithOperations';
import { checkLabelSelector, qualifiedNameFaults } from '../label-rules.ts';
import { pathSegmentFaults } from '../name-rules.ts';
import { type Cause, checkName, checkOneOf, duplicate, invalid, required, tooMany } from '../validation.ts';

export const failurePolicies = ['Fail', 'Ignore'];
export const matchPolicies = ['Equivalent', 'Exact'];

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const scopes = ['*', 'Cluster', 'Namespaced'];
const conditionsAtMost = 64;

export function setRuleDefaults(rules: { scope?: string }[] = []): void {
  for (const rule of rules) rule.scope ??= '*';
}

export function setMatchDefaults(match: IMatchResources): void {
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  setRuleDefaults(match.resourceRules);
  setRuleDefaults(match.excludeResourceRules);
}

export function* checkMatchResources(match: IMatchResources, at: string): Iterable<Cause> {
  yield* checkOneOf(`${at}.matchPolicy`, match.matchPolicy, matchPolicies);
  yield* checkLabelSelector(`${at}.namespaceSelector`, match.namespaceSelector);
  yield* checkLabelSelector(`${at}.objectSelector`, match.objectSelector);
  for (const list of ['resourceRules', 'excludeResourceRules'] as const) {
    for (const [index, rule] of (match[list] ?? []).entries()) {
      const where = `${at}.${list}[${index}]`;
      const names = rule.resourceNames ?? [];
      for (const [place, name] of names.entries()) {
        yield* checkName(`${where}.resourceNames[${place}]`, name, pathSegmentFaults);
        if (names.indexOf(name) < place) yield duplicate(`${where}.resourceNames[${place}]`, name);
      }
      yield* checkRule(rule, where);
    }
  }
}

export function* checkRule(rule: IRuleWithOperations, at: string): Iterable<Cause> {
  yield* checkWithStar(rule.operations, `${at}.operations`, 'operations');
  for (const [index, operation] of (rule.operations ?? []).entries())
    yield* checkOneOf(`${at}.operations[${index}]`, operation, operations);
  yield* checkWithStar(rule.apiGroups, `${at}.apiGroups`, 'API groups');
  yield* checkWithStar(rule.apiVersions, `${at}.apiVersions`, 'API versions');
  for (const [index, version] of (rule.apiVersions ?? []).entries())
    if (version === '') yield required(`${at}.apiVersions[${index}]`);
  yield* checkResources(rule.resources, `${at}.resources`);
  yield* checkOneOf(`${at}.scope`, rule.scope, scopes);
}

function* checkWithStar(values: string[] = [], at: string, what: string): Iterable<Cause> {
  if (values.length === 0) yield required(at);
  if (values.length > 1 && values.includes('*')) {
    yield invalid(at, values, `if '*' is present, must not specify other ${what}`);
  }
}

/** Resources and subresources as "pods", "pods/log", "pods/*", with a star for any. */
function* checkResources(resources: string[] = [], at: string): Iterable<Cause> {
  if (resources.length === 0) yield required(at);
  const covered = new Set<string>();
  for (const [index, text] of resources.entries()) {
    if (text === '') yield required(`${at}[${index}]`);
    if (!text.includes('/')) continue;
    const [resource, subresource] = splitOnce(text);
    for (const star of [`${resource}/*`, `*/${subresource}`]) {
      if (covered.has(star))
        yield invalid(`${at}[${index}]`, text, `if '${star}' is present, must not specify ${text}`);
    }
    if (resource === '*' || subresource === '*') covered.add(text);
  }
  if (resources.length > 1 && resources.includes('*/*')) {
    yield invalid(at, resources, "if '*/*' is present, must not specify other resources");
  }
  if (resources.includes('*') && resources.some((text) => text !== '' && text !== '*' && !text.includes('/'))) {
    yield invalid(at, resources, "if '*' is present, must not specify other resources without subresources");
  }
}

function splitOnce(text: string): [string, string] {
  const slash = text.indexOf('/');
  return [text.slice(0, slash), text.slice(slash + 1)];
}

export function* checkMatchConditions(conditions: IMatchCondition[] = [], at: string): Iterable<Cause> {
  if (conditions.length > conditionsAtMost) yield tooMany(at, conditions.length, conditionsAtMost);
  for (const [index, { name, expression }] of conditions.entries()) {
    const where = `${at}[${index}]`;
    if (!expression?.trim()) yield required(`${where}.expression`);
    if (!name) yield required(`${where}.name`);
    else yield* checkName(`${where}.name`, name, qualifiedNameFaults);
    if (name && conditions.slice(0, index).some((other) => other.name === name)) {
      yield duplicate(`${where}.name`, name);
    }
  }
}
