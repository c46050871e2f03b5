// ClusterRoleBinding: who may do in the whole cluster what a ClusterRole permits.
import type { IClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding';
import type { Served } from '../meta.ts';
import { pathSegmentFaults } from '../name-rules.ts';
import { checkBinding, checkRoleRefKept, defaultBinding, roleColumn, subjectColumns } from '../rbac/binding.ts';
import { rbacGroup } from '../rbac/policy-rule.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type ClusterRoleBinding = Served<IClusterRoleBinding>;

export const clusterRoleBindings = defineKind<ClusterRoleBinding>({
  group: rbacGroup,
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  singular: 'clusterrolebinding',
  namespaced: false,
  hasStatus: false,
  nameRule: pathSegmentFaults,
  columns: [nameColumn, roleColumn, ageColumn, ...subjectColumns],
  setDefaults: defaultBinding,
  validate: (binding) => checkBinding(binding, { roleKinds: ['ClusterRole'], namespaced: false }),
  validateUpdate: checkRoleRefKept,
});
