// FlowSchema: which requests are of which priority, and what tells the flows among them apart.
import type { IFlowSchema } from 'kubernetes-models/flowcontrol.apiserver.k8s.io/v1/FlowSchema';
import type { Served } from '../meta.ts';
import {
  type Cause,
  checkName,
  dnsLabelFaults,
  dnsSubdomainFaults,
  duplicate,
  forbidden,
  invalid,
  isSame,
  required,
  unsupported,
} from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type FlowSchema = Served<IFlowSchema>;
type Spec = FlowSchema['spec'];
type Rule = NonNullable<Spec['rules']>[number];
type Subject = Rule['subjects'][number];

const precedenceAtMost = 10_000;
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];

const everythingBy = (...groups: string[]): Rule => ({
  subjects: groups.map((name) => ({ kind: 'Group', group: { name } })),
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
});

/** Two names are reserved, each for one meaning. */
const fixed: Readonly<Record<string, Spec>> = {
  exempt: {
    matchingPrecedence: 1,
    priorityLevelConfiguration: { name: 'exempt' },
    rules: [everythingBy('system:masters')],
  },
  'catch-all': {
    matchingPrecedence: precedenceAtMost,
    priorityLevelConfiguration: { name: 'catch-all' },
    distinguisherMethod: { type: 'ByUser' },
    rules: [everythingBy('system:unauthenticated', 'system:authenticated')],
  },
};

export const flowSchemas = defineKind<FlowSchema>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  plural: 'flowschemas',
  singular: 'flowschema',
  namespaced: false,
  hasStatus: true,
  isInert: true,
  keptByStatus: ['labels', 'annotations'],
  columns: [
    nameColumn,
    {
      name: 'PriorityLevel',
      type: 'string',
      description: 'How important the requests are.',
      value: ({ spec }) => spec.priorityLevelConfiguration.name,
    },
    {
      name: 'MatchingPrecedence',
      type: 'string',
      description: 'Of several that match, the one with the lowest number counts.',
      value: ({ spec }) => spec.matchingPrecedence ?? 0,
    },
    {
      name: 'DistinguisherMethod',
      type: 'string',
      description: 'What tells flows apart.',
      value: ({ spec }) => spec.distinguisherMethod?.type ?? '<none>',
    },
    ageColumn,
    {
      name: 'MissingPL',
      type: 'string',
      description: 'Whether the priority level is missing.',
      value: ({ status }) => status.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
    },
  ],
  setDefaults: ({ spec }) => {
    spec.matchingPrecedence ||= 1000;
    spec.priorityLevelConfiguration ??= { name: '' };
  },
  *validate({ metadata, spec }) {
    yield* checkSpec(spec, metadata.name);
    const wanted = fixed[metadata.name];
    if (wanted && !isSame(spec, wanted)) {
      yield invalid('spec', spec, `spec of '${metadata.name}' must equal the fixed value`);
    }
  },
  validateStatusUpdate: ({ status }) => checkConditions(status.conditions),
});

export function* checkConditions(conditions: { type?: string }[] = []): Iterable<Cause> {
  for (const [index, { type }] of conditions.entries()) {
    const at = `status.conditions[${index}].type`;
    if (conditions.slice(0, index).some((other) => other.type === type)) yield duplicate(at, type ?? '');
    if (!type) yield required(at, 'must not be empty');
  }
}

function* checkSpec(spec: Spec, name: string): Iterable<Cause> {
  const { matchingPrecedence = 0, distinguisherMethod, priorityLevelConfiguration, rules = [] } = spec;
  const at = 'spec.matchingPrecedence';
  if (matchingPrecedence <= 0) yield invalid(at, matchingPrecedence, 'must be a positive value');
  if (matchingPrecedence > precedenceAtMost) {
    yield invalid(at, matchingPrecedence, `must not be greater than ${precedenceAtMost}`);
  }
  if (matchingPrecedence === 1 && name !== 'exempt') {
    yield invalid(at, matchingPrecedence, "only the schema named 'exempt' may have matchingPrecedence 1");
  }
  if (distinguisherMethod && !['ByNamespace', 'ByUser'].includes(distinguisherMethod.type)) {
    yield unsupported('spec.distinguisherMethod.type', distinguisherMethod, ['ByNamespace', 'ByUser']);
  }
  const level = priorityLevelConfiguration.name;
  if (level) yield* checkName('spec.priorityLevelConfiguration.name', level, dnsSubdomainFaults);
  else yield required('spec.priorityLevelConfiguration.name', 'must reference a priority level');
  for (const [index, rule] of rules.entries()) yield* checkRule(rule, `spec.rules[${index}]`);
}

function* checkRule({ subjects = [], resourceRules = [], nonResourceRules = [] }: Rule, at: string): Iterable<Cause> {
  for (const [index, subject] of subjects.entries()) yield* checkSubject(subject, `${at}.subjects[${index}]`);
  if (subjects.length === 0) yield required(`${at}.subjects`, 'subjects must contain at least one value');
  if (resourceRules.length === 0 && nonResourceRules.length === 0) {
    yield required(at, 'at least one of resourceRules and nonResourceRules has to be non-empty');
  }
  for (const [index, rule] of resourceRules.entries()) yield* checkResourceRule(rule, `${at}.resourceRules[${index}]`);
  for (const [index, { verbs, nonResourceURLs: urls = [] }] of nonResourceRules.entries()) {
    const where = `${at}.nonResourceRules[${index}]`;
    yield* checkVerbs(verbs, where);
    if (urls.length === 0) {
      yield required(`${where}.nonResourceURLs`, 'nonResourceURLs must contain at least one value');
    } else if (urls.includes('*')) {
      yield* checkStarAlone(urls, `${where}.nonResourceURLs`, 'non-resource URLs');
    } else {
      for (const [place, url] of urls.entries()) yield* checkPath(url, `${where}.nonResourceURLs[${place}]`);
    }
  }
}

const subjectFields = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const;

function* checkSubject(subject: Subject, at: string): Iterable<Cause> {
  const own = subjectFields[subject.kind as keyof typeof subjectFields];
  if (!own) return yield unsupported(`${at}.kind`, subject.kind, Object.keys(subjectFields).sort());
  const stated = subject[own];
  if (!stated) yield required(`${at}.${own}`, `${own} is required when subject kind is '${subject.kind}'`);
  else if (!stated.name) yield required(`${at}.${own}.name`);
  if (subject.serviceAccount && own === 'serviceAccount') {
    const { name, namespace } = subject.serviceAccount;
    if (name && name !== '*') yield* checkName(`${at}.serviceAccount.name`, name, dnsSubdomainFaults);
    if (namespace) yield* checkName(`${at}.serviceAccount.namespace`, namespace, dnsLabelFaults);
    else yield required(`${at}.serviceAccount.namespace`, 'must specify namespace for service account');
  }
  for (const [kind, field] of Object.entries(subjectFields)) {
    if (field !== own && subject[field]) {
      yield forbidden(`${at}.${field}`, `${field} is forbidden when subject kind is not '${kind}'`);
    }
  }
}

function* checkResourceRule(rule: NonNullable<Rule['resourceRules']>[number], at: string): Iterable<Cause> {
  const { apiGroups = [], resources = [], namespaces = [], clusterScope } = rule;
  yield* checkVerbs(rule.verbs, at);
  if (apiGroups.length === 0) yield required(`${at}.apiGroups`, 'resource rules must supply at least one api group');
  yield* checkStarAlone(apiGroups, `${at}.apiGroups`, 'api groups');
  if (resources.length === 0) yield required(`${at}.resources`, 'resource rules must supply at least one resource');
  yield* checkStarAlone(resources, `${at}.resources`, 'resources');
  if (namespaces.length === 0 && !clusterScope) {
    const why = 'resource rules that are not cluster scoped must supply at least one namespace';
    yield required(`${at}.namespaces`, why);
  }
  if (namespaces.includes('*')) return yield* checkStarAlone(namespaces, `${at}.namespaces`, 'namespaces');
  for (const [index, namespace] of namespaces.entries()) {
    for (const fault of dnsLabelFaults(namespace)) {
      const why = `each member of this list must be '*' or a DNS-1123 label; ${fault}`;
      yield invalid(`${at}.namespaces[${index}]`, namespace, why);
    }
  }
}

function* checkVerbs(stated: string[] = [], at: string): Iterable<Cause> {
  if (stated.length === 0) yield required(`${at}.verbs`, 'verbs must contain at least one value');
  else if (stated.includes('*')) yield* checkStarAlone(stated, `${at}.verbs`, 'verbs');
  else if (stated.some((verb) => !verbs.includes(verb))) yield unsupported(`${at}.verbs`, stated, verbs);
}

function* checkStarAlone(values: string[], at: string, what: string): Iterable<Cause> {
  if (values.length > 1 && values.includes('*')) {
    yield invalid(at, values, `if '*' is present, must not specify other ${what}`);
  }
}

function* checkPath(path: string, at: string): Iterable<Cause> {
  const fault = pathFault(path);
  if (fault) yield invalid(at, path, fault);
}

function pathFault(path: string): string | undefined {
  if (path === '') return 'must not be empty';
  if (!path.startsWith('/')) return 'must start with slash';
  if (path.includes(' ')) return 'must not contain white-space';
  if (path.includes('//')) return 'must not contain double slash';
  const star = path.indexOf('*');
  const isAtEnd = star < 0 || (star === path.length - 1 && path.endsWith('/*'));
  return isAtEnd ? undefined : 'wildcard can only do suffix matching';
}
