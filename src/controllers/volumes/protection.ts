// What is deleted and kept by one finalizer alone until it is no longer in use.
import type { Kind } from '../../api/kinds/kind.ts';
import { isBeingDeleted, type KubeObject } from '../../api/meta.ts';
import { isNotFound } from '../../api/status.ts';
import type { Client } from '../../client/client.ts';
import { withoutFinalizer } from '../garbage/garbage-plan.ts';

export function protects(object: KubeObject, finalizer: string): boolean {
  return isBeingDeleted(object) && (object.metadata.finalizers?.includes(finalizer) ?? false);
}

export async function letGo<T extends KubeObject>(
  client: Client,
  kind: Kind<T>,
  object: T,
  finalizer: string,
): Promise<void> {
  try {
    await client.update(kind, withoutFinalizer(object, finalizer));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
