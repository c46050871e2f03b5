// Nobody gives away by roles and bindings more than he has, unless he may `escalate` the role, or `bind` it.
import { isDeepStrictEqual } from 'node:util';
import { type ClusterRole, clusterRoles } from '../../api/kinds/cluster-role.ts';
import { clusterRoleBindings } from '../../api/kinds/cluster-role-binding.ts';
import { type Role, roles } from '../../api/kinds/role.ts';
import { roleBindings } from '../../api/kinds/role-binding.ts';
import type { KubeObject } from '../../api/meta.ts';
import type { Binding } from '../../api/rbac/binding.ts';
import { type PolicyRule, rbacGroup } from '../../api/rbac/policy-rule.ts';
import { compact, ruleText, uncovered } from '../../api/rbac/rule-cover.ts';
import { NotFound } from '../../api/status.ts';
import type { Authorizer } from '../authz/authorizer.ts';
import { mastersGroup } from '../user.ts';
import { type Admission, type AdmissionStep, refusal } from './admission.ts';

const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

export function privilegeEscalation(authorizer: Authorizer): AdmissionStep {
  return {
    name: 'PrivilegeEscalation',
    admit: (admission) => {
      const { kind, operation, request } = admission;
      if (operation === 'delete' || request.user.groups.includes(mastersGroup)) return;
      if (operation === 'update' && isOnlyLetGo(admission.object, admission.previous)) return;
      const wanted = kind as unknown;
      if (wanted === roles || wanted === clusterRoles) checkRole(admission, authorizer);
      if (wanted === roleBindings || wanted === clusterRoleBindings) checkBinding(admission, authorizer);
    },
  };
}

function checkRole(admission: Admission, authorizer: Authorizer): void {
  const { request, kind } = admission;
  const role = admission.object as Role | ClusterRole;
  const { namespace, name } = role.metadata;
  const asked = { verb: 'escalate', group: rbacGroup, version: kind.version, resource: kind.plural, namespace, name };
  if (authorizer.decide(request.user, asked).allowed) return;
  checkHeld(admission, role.rules ?? [], authorizer);
  if (!gathers(role) && !gathers(admission.previous)) return;
  // What a role gathers may be anything.
  if (uncovered(authorizer.rulesFor(request.user, undefined).rules, everything).length > 0) {
    throw refusal(admission, 'must have cluster-admin privileges to use the aggregationRule');
  }
}

function checkBinding(admission: Admission, authorizer: Authorizer): void {
  const { roleRef, metadata } = admission.object as unknown as Binding;
  // What names no role is refused as invalid.
  if (!roleRef?.name) return;
  const resource = roleRef.kind === 'ClusterRole' ? clusterRoles.plural : roles.plural;
  const { namespace } = metadata;
  const asked = { verb: 'bind', group: rbacGroup, version: '*', resource, namespace, name: roleRef.name };
  if (authorizer.decide(admission.request.user, asked).allowed) return;
  const rules = authorizer.rulesOf({ roleRef, metadata });
  if (!rules) throw new NotFound({ group: rbacGroup, resource, name: roleRef.name });
  checkHeld(admission, rules, authorizer);
}

function checkHeld(admission: Admission, granted: readonly PolicyRule[], authorizer: Authorizer): void {
  const { user, namespace } = admission.request;
  const { rules: held, fault } = authorizer.rulesFor(user, namespace);
  const missing = compact(uncovered(held, granted)).map(ruleText).sort();
  if (missing.length === 0) return;
  const groups = user.groups.map((group) => JSON.stringify(group)).join(' ');
  const who = `user ${JSON.stringify(user.name)} (groups=[${groups}])`;
  const unknown = fault === undefined ? '' : `; resolution errors: [${fault}]`;
  const why = `${who} is attempting to grant RBAC permissions not currently held:\n${missing.join('\n')}${unknown}`;
  throw refusal(admission, why);
}

const gathers = (role: KubeObject | undefined) => role !== undefined && 'aggregationRule' in role;

/** Only what lets an object be deleted has changed. */
function isOnlyLetGo(object: KubeObject, previous: KubeObject): boolean {
  const rest = ({ metadata, ...parts }: KubeObject) => {
    const { finalizers, ownerReferences, managedFields, resourceVersion, generation, ...kept } = metadata;
    return { ...parts, metadata: kept };
  };
  return isDeepStrictEqual(rest(object), rest(previous));
}
