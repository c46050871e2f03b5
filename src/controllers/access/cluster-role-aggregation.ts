// The rules of a ClusterRole that gathers others: those of all that its selectors match, in the order of their names.
import { isDeepStrictEqual } from 'node:util';
import { type ClusterRole, clusterRoles } from '../../api/kinds/cluster-role.ts';
import type { PolicyRule } from '../../api/rbac/policy-rule.ts';
import { matchesLabelSelector } from '../../api/selector.ts';
import { isNotFound } from '../../api/status.ts';
import type { Controller, ControllerContext } from '../controller.ts';

export function clusterRoleAggregationController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('cluster-role-aggregation');
  const allRoles = informers.for(clusterRoles);
  const queue = context.workQueue({ name: 'cluster-role-aggregation', log, clock, sync: syncRole, workers: 2 });

  allRoles.onChange(() => {
    // Any role may be a part of any that gathers; these are few.
    for (const role of allRoles.list()) if (role.aggregationRule) queue.add(role.metadata.name);
  });

  async function syncRole(name: string): Promise<void> {
    const role = allRoles.get(name);
    if (!role?.aggregationRule) return;
    const rules = gatheredRules(role, allRoles.list());
    if (isDeepStrictEqual(rules, role.rules ?? [])) return;
    try {
      await client.patch(clusterRoles, role.metadata, { rules });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return { name: 'cluster-role-aggregation', start: (signal) => queue.start(signal) };
}

export function gatheredRules(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const selectors = role.aggregationRule?.clusterRoleSelectors ?? [];
  const gathered: PolicyRule[] = [];
  for (const selector of selectors) {
    const parts = all
      .filter(({ metadata }) => metadata.name !== role.metadata.name && matchesLabelSelector(selector, metadata.labels))
      .sort((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1));
    for (const rule of parts.flatMap(({ rules = [] }) => rules)) {
      if (!gathered.some((known) => isDeepStrictEqual(known, rule))) gathered.push(rule);
    }
  }
  return gathered;
}
