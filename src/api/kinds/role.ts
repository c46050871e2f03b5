// Role: what is permitted within one namespace.
import type { IRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Role';
import type { Served } from '../meta.ts';
import { pathSegmentFaults } from '../name-rules.ts';
import { rbacGroup } from '../rbac/policy-rule.ts';
import { checkRules } from '../rbac/rule-validation.ts';
import { createdAtColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type Role = Served<IRole>;

export const roles = defineKind<Role>({
  group: rbacGroup,
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  singular: 'role',
  namespaced: true,
  hasStatus: false,
  nameRule: pathSegmentFaults,
  columns: [nameColumn, createdAtColumn],
  validate: ({ rules }) => checkRules(rules, { namespaced: true }),
});
