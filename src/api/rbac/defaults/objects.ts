// The default roles and bindings as the objects that every cluster has.
import type { ClusterRole } from '../../kinds/cluster-role.ts';
import type { ClusterRoleBinding } from '../../kinds/cluster-role-binding.ts';
import type { Role } from '../../kinds/role.ts';
import type { RoleBinding } from '../../kinds/role-binding.ts';
import type { ObjectMeta } from '../../meta.ts';
import type { RoleRef, Subject } from '../binding.ts';
import { rbacGroup } from '../policy-rule.ts';
import { defaultClusterBindings, namespaceRoles, systemAccount } from './bindings.ts';
import { controllerRules } from './controller-roles.ts';
import { systemRoles } from './system-roles.ts';
import { type DefaultRole, userRoles } from './user-roles.ts';

/** "false" keeps a default role or binding as its owner has made it. */
export const autoUpdateAnnotation = 'rbac.authorization.kubernetes.io/autoupdate';

const apiVersion = `${rbacGroup}/v1` as const;
const partLabel = (role: string) => `${rbacGroup}/aggregate-to-${role}`;

function defaultMeta(name: string, parts: Partial<ObjectMeta> = {}): ObjectMeta {
  return {
    ...parts,
    name,
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...parts.labels },
    annotations: { [autoUpdateAnnotation]: 'true' },
  };
}

const roleRef = (kind: RoleRef['kind'], name: string): RoleRef => ({ apiGroup: rbacGroup, kind, name });

function clusterRole({ name, rules, partOf, gathers }: DefaultRole): ClusterRole {
  return {
    apiVersion,
    kind: 'ClusterRole',
    metadata: defaultMeta(name, partOf && { labels: { [partLabel(partOf)]: 'true' } }),
    ...(rules && { rules: [...rules] }),
    ...(gathers && {
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [partLabel(gathers)]: 'true' } }] },
    }),
  };
}

function clusterBinding(name: string, role: string, subjects: readonly Subject[]): ClusterRoleBinding {
  return {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: defaultMeta(name),
    roleRef: roleRef('ClusterRole', role),
    ...(subjects.length > 0 && { subjects: [...subjects] }),
  };
}

const controllerRoleName = (controller: string) => `system:controller:${controller}`;

export const defaultClusterRoles: readonly ClusterRole[] = [
  ...[...userRoles, ...systemRoles].map(clusterRole),
  ...Object.entries(controllerRules).map(([name, rules]) => clusterRole({ name: controllerRoleName(name), rules })),
];

export const defaultClusterRoleBindings: readonly ClusterRoleBinding[] = [
  ...defaultClusterBindings.map(({ name, role = name, subjects }) => clusterBinding(name, role, subjects)),
  ...Object.keys(controllerRules).map((name) =>
    clusterBinding(controllerRoleName(name), controllerRoleName(name), [systemAccount(name)]),
  ),
];

export const defaultRoles: readonly Role[] = namespaceRoles.map(({ namespace, name, rules }) => ({
  apiVersion,
  kind: 'Role',
  metadata: defaultMeta(name, { namespace }),
  rules: [...rules],
}));

export const defaultRoleBindings: readonly RoleBinding[] = namespaceRoles.map(
  ({ namespace, name, binding = name, subjects }) => ({
    apiVersion,
    kind: 'RoleBinding',
    metadata: defaultMeta(binding, { namespace }),
    roleRef: roleRef('Role', name),
    subjects: [...subjects],
  }),
);
