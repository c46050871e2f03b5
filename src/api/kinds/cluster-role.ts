// ClusterRole: what is permitted in the whole cluster, or in the namespace where it is bound; its rules may be gathered
// from other ones by their labels.
import type { IClusterRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole';
import { checkLabelSelector } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { pathSegmentFaults } from '../name-rules.ts';
import { rbacGroup } from '../rbac/policy-rule.ts';
import { checkRules } from '../rbac/rule-validation.ts';
import { required } from '../validation.ts';
import { createdAtColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type ClusterRole = Served<IClusterRole>;

export const clusterRoles = defineKind<ClusterRole>({
  group: rbacGroup,
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  singular: 'clusterrole',
  namespaced: false,
  hasStatus: false,
  nameRule: pathSegmentFaults,
  columns: [nameColumn, createdAtColumn],
  *validate({ rules, aggregationRule }) {
    yield* checkRules(rules, { namespaced: false });
    if (!aggregationRule) return;
    const at = 'aggregationRule.clusterRoleSelectors';
    const selectors = aggregationRule.clusterRoleSelectors ?? [];
    if (selectors.length === 0) {
      yield required(at, 'at least one clusterRoleSelector required if aggregationRule is non-nil');
    }
    for (const [index, selector] of selectors.entries()) yield* checkLabelSelector(`${at}[${index}]`, selector);
  },
});
