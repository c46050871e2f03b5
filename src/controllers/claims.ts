// Which objects belong to an owner that selects them by labels: those it controls and still selects, and those without
// a controller that it selects (adopted). Those it controls and selects no longer are let go.
import type { Kind } from '../api/kinds/kind.ts';
import { controllerOf, controllerReference, isBeingDeleted, type KubeObject } from '../api/meta.ts';
import { type LabelSelector, matchesLabelSelector } from '../api/selector.ts';
import { isConflict, isNotFound } from '../api/status.ts';
import type { Client } from '../client/client.ts';

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
  for (const candidate of candidates) {
    const controller = controllerOf(candidate);
    const selected = matchesLabelSelector(selector, candidate.metadata.labels);
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

/** Adopts and releases as planned, and answers what the owner has then. */
export async function claim<T extends KubeObject, O extends KubeObject>(
  client: Client,
  kinds: { owner: Kind<O>; dependent: Kind<T> },
  owner: O,
  { owned, adopt, release }: Claims<T>,
): Promise<T[]> {
  for (const object of release) {
    const references = object.metadata.ownerReferences?.filter(({ uid }) => uid !== owner.metadata.uid);
    await writeOwners(client, kinds.dependent, object, references);
  }
  if (adopt.length === 0 || !(await isStillThere(client, kinds.owner, owner))) return owned;
  const adopted: T[] = [];
  for (const object of adopt) {
    const references = [...(object.metadata.ownerReferences ?? []), controllerReference(owner)];
    const written = await writeOwners(client, kinds.dependent, object, references);
    if (written) adopted.push(written);
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

async function writeOwners<T extends KubeObject>(
  client: Client,
  kind: Kind<T>,
  object: T,
  ownerReferences: T['metadata']['ownerReferences'] = [],
): Promise<T | undefined> {
  try {
    return await client.update(kind, { ...object, metadata: { ...object.metadata, ownerReferences } });
  } catch (error) {
    // It has changed or gone: its next event brings us here again.
    if (isNotFound(error) || isConflict(error)) return undefined;
    throw error;
  }
}
