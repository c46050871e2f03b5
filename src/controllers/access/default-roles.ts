// The roles and bindings that every cluster has, made at each start of a server where they miss or grant too little.
import { clusterRoles } from '../../api/kinds/cluster-role.ts';
import { clusterRoleBindings } from '../../api/kinds/cluster-role-binding.ts';
import type { Kind } from '../../api/kinds/kind.ts';
import { roles } from '../../api/kinds/role.ts';
import { roleBindings } from '../../api/kinds/role-binding.ts';
import { type KubeObject, keyOf } from '../../api/meta.ts';
import {
  defaultClusterRoleBindings,
  defaultClusterRoles,
  defaultRoleBindings,
  defaultRoles,
} from '../../api/rbac/defaults/objects.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/status.ts';
import type { Client } from '../../client/client.ts';
import { planBinding, planRole, type Step } from './default-roles-plan.ts';

export async function ensureDefaultRoles(client: Client): Promise<void> {
  await Promise.all([
    ensureAll(client, clusterRoles, defaultClusterRoles, planRole),
    ensureAll(client, clusterRoleBindings, defaultClusterRoleBindings, planBinding),
    ensureAll(client, roles, defaultRoles, planRole),
    ensureAll(client, roleBindings, defaultRoleBindings, planBinding),
  ]);
}

async function ensureAll<T extends KubeObject>(
  client: Client,
  kind: Kind<T>,
  wanted: readonly T[],
  plan: (wanted: T, existing: T | undefined) => Step<T> | undefined,
): Promise<void> {
  const { items } = await client.list(kind);
  const existing = new Map(items.map((object) => [keyOf(object), object]));
  await Promise.all(
    wanted.map(async (object) => {
      const step = plan(object, existing.get(keyOf(object)));
      try {
        if (step?.do === 'update') await client.update(kind, step.object);
        if (step?.do === 'recreate') await client.delete(kind, object.metadata);
        if (step?.do === 'recreate' || step?.do === 'create') await client.create(kind, step.object);
      } catch (error) {
        // Another server of the cluster starts, too, and was faster.
        if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error;
      }
    }),
  );
}
