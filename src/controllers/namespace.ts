// Empties a namespace that is being deleted: its pods first, each with its grace, then everything else; when nothing is
// left, lets go of it. What keeps it waiting stands in its conditions.
import { isDeepStrictEqual } from 'node:util';
import { storedKinds } from '../api/kinds/all.ts';
import { events } from '../api/kinds/event.ts';
import { type Kind, resourceOf } from '../api/kinds/kind.ts';
import { type Namespace, namespaces } from '../api/kinds/namespace.ts';
import { pods } from '../api/kinds/pod.ts';
import { isBeingDeleted, type KubeObject } from '../api/meta.ts';
import { isConflict, isNotFound } from '../api/status.ts';
import { WorkQueue } from '../client/work-queue.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { emptyingConditions, type Remaining } from './namespace-plan.ts';

const finalizer = 'kubernetes';
const contentKinds = storedKinds.filter(({ namespaced }) => namespaced);
const otherKinds = contentKinds.filter((kind) => resourceOf(kind) !== resourceOf(pods));

export function namespaceController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('namespace');
  const allNamespaces = informers.for(namespaces);
  const queue = new WorkQueue({ name: 'namespace', log, clock, sync: syncNamespace, workers: 4 });

  allNamespaces.onChange(({ key, object }) => {
    if (object && isEmptying(object)) queue.add(key);
  });
  // Events never linger; all else may, and its end brings the namespace's end nearer.
  for (const kind of contentKinds)
    if (resourceOf(kind) !== resourceOf(events)) informers.for(kind).onChange(contentGone);

  function contentGone({
    object,
    previous,
  }: {
    object: KubeObject | undefined;
    previous: KubeObject | undefined;
  }): void {
    if (object) return;
    const namespace = allNamespaces.get(previous?.metadata.namespace ?? '');
    if (namespace && isEmptying(namespace)) queue.add(namespace.metadata.name);
  }

  async function syncNamespace(name: string): Promise<void> {
    const namespace = allNamespaces.get(name);
    if (!namespace || !isEmptying(namespace)) return;
    let remaining = await deleteAll([pods], name);
    if (remaining.length === 0) remaining = await deleteAll(otherKinds, name);
    if (remaining.length > 0) return writeConditions(namespace, remaining);
    const finalizers = namespace.spec.finalizers?.filter((each) => each !== finalizer) ?? [];
    try {
      await client.update(namespaces, { ...namespace, spec: { ...namespace.spec, finalizers } }, 'finalize');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Deletes what is there of these kinds and answers what stays for a while, by its grace or its finalizers. */
  async function deleteAll(kinds: readonly Kind[], namespace: string): Promise<Remaining[]> {
    const left = await Promise.all(
      kinds.map(async (kind): Promise<Remaining> => {
        const { items } = await client.list(kind, { namespace });
        const standing = items.filter((object) => !isBeingDeleted(object));
        await Promise.all(
          standing.map(({ metadata }) => client.delete(kind, metadata, { uid: metadata.uid }).catch(ignoreGone)),
        );
        if (items.length === 0) return { kind, objects: [] };
        return { kind, objects: (await client.list(kind, { namespace })).items };
      }),
    );
    return left.filter(({ objects }) => objects.length > 0);
  }

  async function writeConditions(namespace: Namespace, remaining: Remaining[]): Promise<void> {
    const conditions = emptyingConditions(namespace, remaining, clock.now());
    if (isDeepStrictEqual(conditions, namespace.status.conditions)) return;
    await client.update(namespaces, { ...namespace, status: { ...namespace.status, conditions } }, 'status');
  }

  return { name: 'namespace', start: (signal) => queue.start(signal) };
}

function isEmptying(namespace: Namespace): boolean {
  return isBeingDeleted(namespace) && (namespace.spec.finalizers?.includes(finalizer) ?? false);
}

function ignoreGone(error: unknown): void {
  if (!isNotFound(error) && !isConflict(error)) throw error;
}
