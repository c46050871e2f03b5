// What there is at one moment, as the watches told it. Never changes: each step makes the next one.
import type { Kind } from '../../src/api/kinds/kind.ts';
import { controllerOf, type KubeObject } from '../../src/api/meta.ts';
import type { Happening } from './happenings.ts';

type Objects = ReadonlyMap<string, KubeObject>;

export class World {
  readonly #kinds: ReadonlyMap<string, Objects>;
  readonly #owned = new Map<string, Map<string, KubeObject[]>>();

  constructor(kinds: ReadonlyMap<string, Objects> = new Map()) {
    this.#kinds = kinds;
  }

  after(step: readonly Happening[]): World {
    const kinds = new Map(this.#kinds);
    for (const [kind, happenings] of Map.groupBy(step, (happening) => happening.kind)) {
      const objects = new Map(kinds.get(kind));
      for (const { uid, object } of happenings) {
        if (object) objects.set(uid, object);
        else objects.delete(uid);
      }
      kinds.set(kind, objects);
    }
    return new World(kinds);
  }

  get<T extends KubeObject>(kind: Kind<T>, uid: string | undefined): T | undefined {
    return this.#kinds.get(kind.kind)?.get(uid ?? '') as T | undefined;
  }

  all<T extends KubeObject>(kind: Kind<T>): T[] {
    return [...(this.#kinds.get(kind.kind)?.values() ?? [])] as T[];
  }

  ownedBy<T extends KubeObject>(kind: Kind<T>, { metadata }: KubeObject): T[] {
    let owned = this.#owned.get(kind.kind);
    if (!owned) {
      owned = Map.groupBy(this.all(kind) as KubeObject[], (object) => controllerOf(object)?.uid ?? '');
      this.#owned.set(kind.kind, owned);
    }
    return (owned.get(metadata.uid ?? '') ?? []) as T[];
  }
}
