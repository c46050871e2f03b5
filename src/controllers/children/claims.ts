// Which objects belong to an owner that selects them by labels: those it controls and still selects, and those without
// a controller that it selects (adopted). Those it controls and selects no longer are let go.
import type { Kind } from '../../api/kinds/kind.ts';
import { controllerOf, controllerReference, isBeingDeleted, type KubeObject, type ObjectMeta } from '../../api/meta.ts';
import { type LabelSelector, labelMatcher } from '../../api/selector.ts';
import { isConflict, isNotFound } from '../../api/status.ts';
import type { Client } from '../../client/client.ts';

export interface Claims<T> {
  owned: T[];
  adopt: T[];
  release: T[];
}

export function planClaims<T extends KubeObject>(
  owner: KubeObject,
  selector: LabelSelector | undefined,
  candidates: readonly T[],
): Claims<T> {
  const claims: Claims<T> = { owned: [], adopt: [], release: [] };
  const isSelected = labelMatcher(selector);
  for (const candidate of candidates) {
    const controller = controllerOf(candidate);
    const selected = isSelected(candidate.metadata.labels);
    if (controller) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (selected) claims.owned.push(candidate);
      else if (!isBeingDeleted(owner)) claims.release.push(candidate);
    } else if (selected && !isBeingDeleted(owner) && !isBeingDeleted(candidate)) {
      claims.adopt.push(candidate);
    }
  }
  return claims;
}

export interface ClaimedKinds<T extends KubeObject, O extends KubeObject> {
  owner: Kind<O>;
  dependent: Kind<T>;
  /** What everything that belongs to an owner carries, until the owner has no use for it any more. */
  finalizer?: string;
}

/** Adopts and releases as planned, and answers what the owner has then. */
export async function claim<T extends KubeObject, O extends KubeObject>(
  client: Client,
  kinds: ClaimedKinds<T, O>,
  owner: O,
  { owned, adopt, release }: Claims<T>,
): Promise<T[]> {
  const { dependent, finalizer } = kinds;
  for (const object of release) {
    const ownerReferences = object.metadata.ownerReferences?.filter(({ uid }) => uid !== owner.metadata.uid) ?? [];
    const finalizers = object.metadata.finalizers?.filter((each) => each !== finalizer);
    try {
      await write(client, dependent, object, { ownerReferences, ...(finalizers && { finalizers }) });
    } catch (error) {
      // It has changed or gone: its next event brings us here again.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
  if (adopt.length === 0 || !(await isStillThere(client, kinds.owner, owner))) return owned;
  const adopted: T[] = [];
  for (const object of adopt) {
    const ownerReferences = [...(object.metadata.ownerReferences ?? []), controllerReference(owner)];
    const finalizers = finalizer && [...new Set([...(object.metadata.finalizers ?? []), finalizer])];
    try {
      adopted.push(await write(client, dependent, object, { ownerReferences, ...(finalizers && { finalizers }) }));
    } catch (error) {
      // One that has only changed is there: were it left out, another would be made in its place. So all is tried again.
      if (!isNotFound(error)) throw error;
    }
  }
  return [...owned, ...adopted];
}

/** The cache may not know yet that the owner is being deleted: what is adopted then would be lost with it. */
async function isStillThere<O extends KubeObject>(client: Client, kind: Kind<O>, owner: O): Promise<boolean> {
  try {
    const current = await client.get(kind, owner.metadata);
    return current.metadata.uid === owner.metadata.uid && !isBeingDeleted(current);
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function write<T extends KubeObject>(
  client: Client,
  kind: Kind<T>,
  object: T,
  changed: Pick<ObjectMeta, 'ownerReferences' | 'finalizers'>,
): Promise<T> {
  return client.update(kind, { ...object, metadata: { ...object.metadata, ...changed } });
}
