// The objects that bear the label of a file's set: found, deleted, or let go.
import type { Kind } from '../../api/kinds/kind.ts';
import { kindsNamed, partOfLabel, setIdOf } from '../../api/manifest-set.ts';
import { isBeingDeleted, type KubeObject } from '../../api/meta.ts';
import { isForbidden, unlessGone } from '../../api/status.ts';
import type { Client } from '../../client/client.ts';
import { keyOfObject } from './manifest-file.ts';

export interface Member {
  kind: Kind;
  object: KubeObject;
  key: string;
}

/** Those that are not being deleted already, in the order in which they may go. */
export async function membersOf(client: Client, file: string, kinds: readonly string[]): Promise<Member[]> {
  const members: Member[] = [];
  for (const kind of kindsNamed(kinds)) {
    const { items } = await client.list(kind, { labelSelector: `${partOfLabel}=${setIdOf(file)}` });
    for (const { metadata } of items) {
      const object = { apiVersion: '', kind: kind.kind, metadata };
      if (!isBeingDeleted(object)) members.push({ kind, object, key: keyOfObject(kind.group, object) });
    }
  }
  return members;
}

export async function deleteMember(client: Client, member: Member): Promise<void> {
  const { kind, object } = member;
  const { uid } = object.metadata;
  try {
    await client.delete(kind, object.metadata, { uid, propagationPolicy: 'Background' });
  } catch (error) {
    // Nobody may: a namespace that every cluster has.
    if (isForbidden(error)) await releaseMember(client, member);
    else unlessGone(error);
  }
}

/** It stays, and is nobody's. */
export async function releaseMember(client: Client, { kind, object }: Member): Promise<void> {
  await client.patch(kind, object.metadata, { metadata: { labels: { [partOfLabel]: null } } }).catch(unlessGone);
}
