// Where the contents of config maps and secrets come from, by name, and where they are remembered for bad times.
import type { ConfigMap } from '../../api/kinds/config-map.ts';
import type { Kind } from '../../api/kinds/kind.ts';
import type { Secret } from '../../api/kinds/secret.ts';
import type { Ref } from '../../client/client.ts';

export type Content = ConfigMap | Secret;

/** A config map or a secret by name. */
export interface ContentRef {
  kind: Kind<ConfigMap> | Kind<Secret>;
  ref: Ref;
}

export interface ObjectSource {
  /** Undefined where there is no such object; throws where that cannot be found out. */
  get(wanted: ContentRef): Promise<Content | undefined>;
}

/**
 * What pods were given, kept for an agent that starts while the API is away. It may have forgotten anything, and what it
 * keeps is secret.
 */
export interface Keepsakes {
  find(owner: string, name: string): Promise<string | undefined>;
  keep(owner: string, name: string, text: string): void;
  /** Forgets all of an owner: an object's reference, or a pod's uid. */
  drop(owner: string): void;
}

/** Remembers nothing. */
export const noKeepsakes: Keepsakes = { find: async () => undefined, keep: () => {}, drop: () => {} };
