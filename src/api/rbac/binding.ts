// What role bindings and cluster role bindings have in common: who is bound to which role.
import { isDeepStrictEqual } from 'node:util';
import type { IRoleRef } from 'kubernetes-models/rbac.authorization.k8s.io/v1/RoleRef';
import type { ISubject } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Subject';
import type { Column } from '../kinds/kind.ts';
import type { KubeObject } from '../meta.ts';
import { checkPathSegment } from '../name-rules.ts';
import { type Cause, checkName, dnsSubdomainFaults, invalid, required, unsupported } from '../validation.ts';
import { rbacGroup } from './policy-rule.ts';

export type Subject = ISubject;
export type RoleRef = IRoleRef;

export type Binding = KubeObject & { roleRef: RoleRef; subjects?: Subject[] };

export function defaultBinding({ roleRef, subjects }: Binding): void {
  if (roleRef) roleRef.apiGroup ||= rbacGroup;
  for (const subject of subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbacGroup;
  }
}

export function* checkBinding(
  { roleRef, subjects }: Binding,
  { roleKinds, namespaced }: { roleKinds: readonly string[]; namespaced: boolean },
): Iterable<Cause> {
  const { apiGroup = rbacGroup, kind = '', name } = roleRef ?? {};
  if (apiGroup !== rbacGroup) yield unsupported('roleRef.apiGroup', apiGroup, [rbacGroup]);
  if (!roleKinds.includes(kind)) yield unsupported('roleRef.kind', kind, roleKinds);
  yield* checkPathSegment('roleRef.name', name);
  for (const [index, subject] of (subjects ?? []).entries()) {
    yield* checkSubject(`subjects[${index}]`, subject, namespaced);
  }
}

function* checkSubject(at: string, subject: Subject, namespaced: boolean): Iterable<Cause> {
  const { kind = '', name, namespace, apiGroup = '' } = subject;
  if (!name) yield required(`${at}.name`);
  switch (kind) {
    case 'ServiceAccount':
      if (name) yield* checkName(`${at}.name`, name, dnsSubdomainFaults);
      if (apiGroup) yield unsupported(`${at}.apiGroup`, apiGroup, ['']);
      if (!namespaced && !namespace) yield required(`${at}.namespace`);
      break;
    case 'User':
    case 'Group':
      if (apiGroup !== rbacGroup) yield unsupported(`${at}.apiGroup`, apiGroup, [rbacGroup]);
      break;
    default:
      yield unsupported(`${at}.kind`, kind, ['ServiceAccount', 'User', 'Group']);
  }
}

/** Another role would be another binding: who may change subjects shall not choose what they get. */
export function checkRoleRefKept({ roleRef }: Binding, previous: Binding): Cause[] {
  return isDeepStrictEqual(roleRef, previous.roleRef) ? [] : [invalid('roleRef', roleRef, 'cannot change roleRef')];
}

const subjectsOf =
  (kind: string, text: (subject: Subject) => string) =>
  ({ subjects = [] }: Binding): string =>
    subjects
      .filter((subject) => subject.kind === kind)
      .map(text)
      .join(', ');

export const roleColumn: Column<Binding> = {
  name: 'Role',
  type: 'string',
  description: 'The role that is bound.',
  value: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`,
};

/** After the age, in wide output. */
export const subjectColumns: readonly Column<Binding>[] = [
  {
    name: 'Users',
    type: 'string',
    priority: 1,
    description: 'The users that are bound.',
    value: subjectsOf('User', ({ name }) => name),
  },
  {
    name: 'Groups',
    type: 'string',
    priority: 1,
    description: 'The groups that are bound.',
    value: subjectsOf('Group', ({ name }) => name),
  },
  {
    name: 'ServiceAccounts',
    type: 'string',
    priority: 1,
    description: 'The service accounts that are bound.',
    value: subjectsOf('ServiceAccount', ({ namespace = '', name }) => `${namespace}/${name}`),
  },
];
