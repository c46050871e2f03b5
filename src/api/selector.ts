// Label and field selectors: from text, from objects, and what they match.
import type { ILabelSelector } from '@kubernetes-models/apimachinery/apis/meta/v1/LabelSelector';
import { BadRequest } from './status.ts';

export type LabelSelector = ILabelSelector;
export type Labels = Record<string, string>;

type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';

export interface Requirement {
  key: string;
  operator: Operator;
  values: string[];
}

export function matchesRequirements(requirements: Requirement[], labels: Labels = {}): boolean {
  return requirements.every(({ key, operator, values }) =>
    meets(operator, values, Object.hasOwn(labels, key) ? labels[key] : undefined),
  );
}

function meets(operator: Operator, values: string[], value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return isWhole(value) && isWhole(values[0]) && Number(value) > Number(values[0]);
    case 'Lt':
      return isWhole(value) && isWhole(values[0]) && Number(value) < Number(values[0]);
  }
}

const isWhole = (text: string | undefined) => text !== undefined && /^[+-]?\d+$/.test(text);

/** Matches an object's selector (`matchLabels`, `matchExpressions`); none selects nothing, an empty one everything. */
export function matchesLabelSelector(selector: LabelSelector | undefined, labels: Labels | undefined): boolean {
  return labelMatcher(selector)(labels);
}

/** The same for many labels: the selector is read once. */
export function labelMatcher(selector: LabelSelector | undefined): (labels: Labels | undefined) => boolean {
  const requirements = selector && requirementsOf(selector);
  return (labels) => requirements !== undefined && matchesRequirements(requirements, labels);
}

/** Matches a plain map selector as Services have it; none or an empty one selects nothing. */
export function matchesMap(selector: Labels | undefined, labels: Labels | undefined): boolean {
  const entries = Object.entries(selector ?? {});
  return entries.length > 0 && entries.every(([key, value]) => labels?.[key] === value);
}

export function requirementsOf(selector: LabelSelector): Requirement[] {
  const fromMap = Object.entries(selector.matchLabels ?? {}).map(
    ([key, value]): Requirement => ({ key, operator: 'In', values: [value] }),
  );
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values }): Requirement => ({ key, operator: operator as Operator, values: values ?? [] }),
  );
  return [...fromMap, ...expressions];
}

/** An object's selector as text: a=b,c in (d,e),!f */
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
  return parts.sort().join(',');
}

/** A plain map selector as text: a=b,c=d */
export function mapSelectorText(selector: Labels | undefined): string {
  return selectorText(selector && { matchLabels: selector });
}

/** Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`. */
export function parseLabelSelector(text: string): Requirement[] {
  return splitOutsideParentheses(text).map((part) => {
    const fail = () =>
      new BadRequest(`unable to parse requirement: ${JSON.stringify(part)} is not a label requirement`);
    const set = /^(\S+?)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
    if (set) {
      const [, key = '', operator, list = ''] = set;
      return check(
        { key, operator: operator === 'in' ? 'In' : 'NotIn', values: list.split(',').map((v) => v.trim()) },
        fail,
      );
    }
    const comparison = /^([^=!<>\s]+)\s*(==|=|!=|>|<)\s*([^=!<>\s]*)$/.exec(part);
    if (comparison) {
      const [, key = '', sign = '', value = ''] = comparison;
      const operator: Operator = sign === '!=' ? 'NotIn' : sign === '>' ? 'Gt' : sign === '<' ? 'Lt' : 'In';
      if ((operator === 'Gt' || operator === 'Lt') && !/^[+-]?\d+$/.test(value)) {
        throw new BadRequest("unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer");
      }
      return check({ key, operator, values: [value] }, fail);
    }
    const presence = /^(!?)\s*([^=!<>\s(),]+)$/.exec(part);
    if (!presence) throw fail();
    return check({ key: presence[2] ?? '', operator: presence[1] ? 'DoesNotExist' : 'Exists', values: [] }, fail);
  });
}

const labelKey = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;

function check(requirement: Requirement, fail: () => Error): Requirement {
  if (!labelKey.test(requirement.key) || !requirement.values.every((value) => labelValue.test(value))) throw fail();
  return requirement;
}

/** At the commas that are in no parentheses, in one pass: what is sent may be as long as it likes. */
function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let isInside = false;
  for (let at = 0; at <= text.length; at++) {
    const { [at]: sign = ',' } = text;
    if (sign === '(') isInside = true;
    if (sign === ')') isInside = false;
    if (at < text.length && (sign !== ',' || isInside)) continue;
    parts.push(text.slice(start, at).trim());
    start = at + 1;
  }
  return parts.filter((part) => part !== '');
}

export interface FieldRequirement {
  field: string;
  value: string;
  negated: boolean;
}

/** Parses `metadata.name=x,spec.nodeName!=y`. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(part);
      if (!match) throw new BadRequest(`invalid selector: '${text}'; can't understand '${part}'`);
      const [, field = '', sign, value = ''] = match;
      return { field, value, negated: sign === '!=' };
    });
}
