// Who may do what: masters everything, a node what its own pods need, and everybody what roles bind to him.
import type { Attributes } from '../../api/rbac/attributes.ts';
import type { Binding } from '../../api/rbac/binding.ts';
import type { PolicyRule } from '../../api/rbac/policy-rule.ts';
import { Forbidden } from '../../api/status.ts';
import type { ObjectCache } from '../object-cache.ts';
import type { RestRequest } from '../rest/request.ts';
import { mastersGroup, nodeNameOf, type User } from '../user.ts';
import { NodeAuthorizer } from './node-authorizer.ts';
import { type Decision, Rbac } from './rbac.ts';

/** Throws Forbidden. */
export type Authorize = (request: RestRequest) => void;

export class Authorizer {
  readonly #rbac: Rbac;
  readonly #nodes: NodeAuthorizer;

  constructor(cache: ObjectCache) {
    this.#rbac = new Rbac(cache);
    this.#nodes = new NodeAuthorizer(cache);
  }

  decide(user: User, asked: Attributes): Decision {
    if (user.groups.includes(mastersGroup)) return { allowed: true, reason: '' };
    const nodeName = nodeNameOf(user);
    const ofNode = nodeName === undefined ? undefined : this.#nodes.decide(nodeName, asked);
    if (ofNode?.allowed) return ofNode;
    const byRoles = this.#rbac.decide(user, asked);
    if (byRoles.allowed || !ofNode?.reason) return byRoles;
    return { allowed: false, reason: [ofNode.reason, byRoles.reason].filter(Boolean).join('\n') };
  }

  /** Throws Forbidden. */
  authorize(user: User, asked: Attributes): void {
    if (user.groups.includes(mastersGroup)) return;
    const { allowed, reason } = this.decide(user, asked);
    if (allowed) return;
    const subject = 'path' in asked ? { group: '', resource: '' } : asked;
    throw new Forbidden(subject, `${refusal(user, asked)}${reason && `: ${reason}`}`);
  }

  /** What a binding grants; undefined where its role is unknown. */
  rulesOf(binding: Pick<Binding, 'roleRef' | 'metadata'>): readonly PolicyRule[] | undefined {
    return this.#rbac.rulesOf(binding);
  }

  /** What roles permit to the user in a namespace; incomplete for nodes, who may do more than roles say. */
  rulesFor(user: User, namespace: string | undefined): { rules: PolicyRule[]; fault: string | undefined } {
    const { rules, fault } = this.#rbac.rulesFor(user, namespace);
    if (nodeNameOf(user) === undefined) return { rules, fault };
    const ofNode = 'node authorizer does not support user rule resolution';
    return { rules, fault: fault === undefined ? ofNode : `[${ofNode}, ${fault}]` };
  }
}

export function attributesOf({ verb, kind, namespace, name, subresource, query }: RestRequest): Attributes {
  return {
    verb,
    group: kind.group,
    version: kind.version,
    resource: kind.plural,
    subresource,
    // A namespace is in itself, so that a role in it may permit to read it.
    namespace: namespace ?? (kind.group === '' && kind.plural === 'namespaces' ? name : undefined),
    // Who lists or watches one object by its name asks for no more than that; who creates selects nothing.
    name: name ?? (verb === 'list' || verb === 'watch' ? nameSelected(query.fieldSelector) : undefined),
    fieldSelector: query.fieldSelector,
    labelSelector: query.labelSelector,
  };
}

function nameSelected(fieldSelector = ''): string | undefined {
  return /(?:^|,)metadata\.name==?([^,=!/%]+)(?:,|$)/.exec(fieldSelector)?.[1];
}

function refusal({ name }: User, asked: Attributes): string {
  const who = `User ${JSON.stringify(name)} cannot ${asked.verb}`;
  if ('path' in asked) return `${who} path ${JSON.stringify(asked.path)}`;
  const resource = asked.subresource ? `${asked.resource}/${asked.subresource}` : asked.resource;
  const where = asked.namespace ? `in the namespace ${JSON.stringify(asked.namespace)}` : 'at the cluster scope';
  return `${who} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(asked.group)} ${where}`;
}
