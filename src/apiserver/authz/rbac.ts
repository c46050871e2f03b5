// What roles and bindings permit: the rules of every role that is bound to the user, until one of them allows.
import { type ClusterRole, clusterRoles } from '../../api/kinds/cluster-role.ts';
import { type Role, roles } from '../../api/kinds/role.ts';
import type { Attributes } from '../../api/rbac/attributes.ts';
import type { Binding } from '../../api/rbac/binding.ts';
import { type PolicyRule, ruleAllows } from '../../api/rbac/policy-rule.ts';
import type { ObjectCache } from '../object-cache.ts';
import type { User } from '../user.ts';
import { BindingIndex, type Bound } from './binding-index.ts';

export interface Decision {
  allowed: boolean;
  /** Why it is allowed, or what kept it from being looked at in full. */
  reason: string;
}

export class Rbac {
  readonly #cache: ObjectCache;
  readonly #bindings: BindingIndex;

  constructor(cache: ObjectCache) {
    this.#cache = cache;
    this.#bindings = new BindingIndex(cache);
  }

  decide(user: User, asked: Attributes): Decision {
    const faults: string[] = [];
    const namespace = 'path' in asked ? undefined : asked.namespace;
    for (const bound of this.#bindings.of(user, namespace)) {
      const rules = this.rulesOf(bound.binding);
      if (!rules) faults.push(missingRole(bound.binding));
      else if (rules.some((rule) => ruleAllows(rule, asked))) return { allowed: true, reason: reasonOf(bound) };
    }
    return { allowed: false, reason: faults.length > 0 ? `RBAC: ${listed(faults)}` : '' };
  }

  /** All rules for the user in a namespace (or of the whole cluster only), and what could not be found. */
  rulesFor(user: User, namespace: string | undefined): { rules: PolicyRule[]; fault: string | undefined } {
    const rules: PolicyRule[] = [];
    const faults: string[] = [];
    for (const { binding } of this.#bindings.of(user, namespace)) {
      const found = this.rulesOf(binding);
      if (found) rules.push(...found);
      else faults.push(missingRole(binding));
    }
    return { rules, fault: faults.length > 0 ? listed(faults) : undefined };
  }

  /** What a binding grants; undefined where its role is unknown. */
  rulesOf({ roleRef, metadata }: Pick<Binding, 'roleRef' | 'metadata'>): readonly PolicyRule[] | undefined {
    const cached =
      roleRef.kind === 'ClusterRole'
        ? this.#cache.get(clusterRoles, undefined, roleRef.name)
        : this.#cache.get(roles, metadata.namespace, roleRef.name);
    return cached && ((cached.object as Role | ClusterRole).rules ?? []);
  }
}

function reasonOf({ binding, subject }: Bound): string {
  const { kind, metadata, roleRef } = binding;
  const name = metadata.namespace ? `${metadata.name}/${metadata.namespace}` : metadata.name;
  const who =
    subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace || metadata.namespace}` : subject.name;
  return `RBAC: allowed by ${kind} "${name}" of ${roleRef.kind} "${roleRef.name}" to ${subject.kind} "${who}"`;
}

function missingRole({ roleRef }: Binding): string {
  return `${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io "${roleRef.name}" not found`;
}

function listed(faults: readonly string[]): string {
  const different = [...new Set(faults)];
  return different.length === 1 ? (different[0] ?? '') : `[${different.join(', ')}]`;
}
