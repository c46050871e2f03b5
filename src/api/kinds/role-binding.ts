// RoleBinding: who may do within one namespace what a Role or a ClusterRole permits.
import type { IRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding';
import type { Served } from '../meta.ts';
import { pathSegmentFaults } from '../name-rules.ts';
import { checkBinding, checkRoleRefKept, defaultBinding, roleColumn, subjectColumns } from '../rbac/binding.ts';
import { rbacGroup } from '../rbac/policy-rule.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type RoleBinding = Served<IRoleBinding>;

export const roleBindings = defineKind<RoleBinding>({
  group: rbacGroup,
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  singular: 'rolebinding',
  namespaced: true,
  hasStatus: false,
  nameRule: pathSegmentFaults,
  columns: [nameColumn, roleColumn, ageColumn, ...subjectColumns],
  setDefaults: defaultBinding,
  validate: (binding) => checkBinding(binding, { roleKinds: ['Role', 'ClusterRole'], namespaced: true }),
  validateUpdate: checkRoleRefKept,
});
