// What an owner owns is the same for many objects, all pods of a ReplicaSet for instance, and larger than most of what
// they say themselves. So each such set is kept once, frozen, as long as an object has it.
import { hash } from 'node:crypto';
import type { FieldSet } from '../api/apply/field-set.ts';
import { ownersOf } from '../api/apply/owners.ts';
import { equalJson } from '../api/equal-json.ts';
import type { KubeObject } from '../api/meta.ts';

export class SharedFieldSets {
  readonly #sets = new Map<string, WeakRef<FieldSet>>();
  readonly #forgotten = new FinalizationRegistry<string>((key) => {
    if (!this.#sets.get(key)?.deref()) this.#sets.delete(key);
  });

  /** How many there are. */
  get size(): number {
    return this.#sets.size;
  }

  /** Gives an object that was just read the sets that others have too; most often its own previous state has them. */
  shareIn(object: KubeObject, previous: KubeObject | undefined): void {
    const before = previous ? ownersOf(previous) : [];
    for (const [place, owner] of ownersOf(object).entries()) {
      const known = before[place]?.fieldsV1;
      const fieldsV1 = known && equalJson(known, owner.fieldsV1) ? known : this.#shared(owner.fieldsV1);
      Object.assign(owner, { fieldsV1 });
    }
  }

  #shared(set: FieldSet): FieldSet {
    const key = hash('sha1', JSON.stringify(set), 'base64');
    const known = this.#sets.get(key)?.deref();
    if (known) return known;
    freeze(set);
    this.#sets.set(key, new WeakRef(set));
    this.#forgotten.register(set, key);
    return set;
  }
}

function freeze(set: FieldSet): void {
  for (const node of Object.values(set)) freeze(node);
  Object.freeze(set);
}
