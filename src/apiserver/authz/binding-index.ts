// The role bindings of the cluster by whom they bind, kept from the cache's changes, so that a request looks at those of
// its own user and groups only.
import { clusterRoleBindings } from '../../api/kinds/cluster-role-binding.ts';
import { roleBindings } from '../../api/kinds/role-binding.ts';
import type { Binding, Subject } from '../../api/rbac/binding.ts';
import { serviceAccountUserName } from '../../api/service-account-user.ts';
import type { ObjectCache } from '../object-cache.ts';
import type { User } from '../user.ts';

export interface Bound {
  binding: Binding;
  subject: Subject;
}

type Index = Map<string, Bound[]>;

export class BindingIndex {
  readonly #users: Index = new Map();
  readonly #groups: Index = new Map();

  constructor(cache: ObjectCache) {
    for (const kind of [clusterRoleBindings, roleBindings]) {
      for (const { object } of cache.list(kind)) this.#add(object as Binding);
      cache.subscribe(kind, cache.revision, ({ type, current, previous }) => {
        if (previous) this.#remove(previous.object as Binding);
        if (type !== 'DELETED') this.#add(current.object as Binding);
      });
    }
  }

  /** Those that hold in the whole cluster first, then those of the namespace. */
  *of(user: User, namespace: string | undefined): Iterable<Bound> {
    yield* this.#in('', user);
    if (namespace) yield* this.#in(namespace, user);
  }

  *#in(namespace: string, { name, groups }: User): Iterable<Bound> {
    yield* boundIn(this.#users.get(keyOf(namespace, name)));
    for (const group of groups) yield* boundIn(this.#groups.get(keyOf(namespace, group)));
  }

  #add(binding: Binding): void {
    for (const subject of binding.subjects ?? []) {
      const place = this.#placeOf(binding, subject);
      if (!place) continue;
      const { index, key } = place;
      const bound = index.get(key);
      if (bound) bound.push({ binding, subject });
      else index.set(key, [{ binding, subject }]);
    }
  }

  #remove(binding: Binding): void {
    for (const subject of binding.subjects ?? []) {
      const place = this.#placeOf(binding, subject);
      if (!place) continue;
      const { index, key } = place;
      const left = (index.get(key) ?? []).filter((bound) => bound.binding.metadata.uid !== binding.metadata.uid);
      if (left.length > 0) index.set(key, left);
      else index.delete(key);
    }
  }

  #placeOf({ metadata }: Binding, subject: Subject): { index: Index; key: string } | undefined {
    const { namespace = '' } = metadata;
    switch (subject.kind) {
      case 'User':
        return { index: this.#users, key: keyOf(namespace, subject.name) };
      case 'Group':
        return { index: this.#groups, key: keyOf(namespace, subject.name) };
      case 'ServiceAccount': {
        const account = serviceAccountUserName(subject.namespace || namespace, subject.name);
        return { index: this.#users, key: keyOf(namespace, account) };
      }
      default:
        return undefined;
    }
  }
}

/** No namespace has a slash in its name. */
const keyOf = (namespace: string, name: string) => `${namespace}/${name}`;
const boundIn = (bound: Bound[] | undefined): readonly Bound[] => bound ?? [];
