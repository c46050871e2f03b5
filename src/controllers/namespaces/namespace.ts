// Empties a namespace that is being deleted: its pods first, each with its grace, then everything else; when nothing is
// left, lets go of it. What keeps it waiting stands in its conditions.
import { isDeepStrictEqual } from 'node:util';
import { storedKinds } from '../../api/kinds/all.ts';
import { events } from '../../api/kinds/event.ts';
import { type Kind, resourceOf } from '../../api/kinds/kind.ts';
import { type Namespace, namespaces } from '../../api/kinds/namespace.ts';
import { pods } from '../../api/kinds/pod.ts';
import { isBeingDeleted, type KubeObject } from '../../api/meta.ts';
import { isConflict, isNotFound } from '../../api/status.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { restAfter } from '../rest.ts';
import { emptyingConditions, type Remaining } from './namespace-plan.ts';

const finalizer = 'kubernetes';
const contentKinds = storedKinds.filter(({ namespaced }) => namespaced);
const otherKinds = contentKinds.filter((kind) => resourceOf(kind) !== resourceOf(pods));

export function namespaceController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('namespace');
  const allNamespaces = informers.for(namespaces);
  /** How many objects were left in each. */
  const sizes = new Map<string, number>();
  const restMs = (name: string) => restAfter(sizes.get(name) ?? 0);
  const queue = context.workQueue({ name: 'namespace', log, clock, sync: syncNamespace, workers: 4, restMs });

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
    sizes.delete(name);
    const namespace = allNamespaces.get(name);
    if (!namespace || !isEmptying(namespace)) return;
    let left = await deleteAll([pods], name);
    if (isEmpty(left)) left = await deleteAll(otherKinds, name);
    if (!isEmpty(left)) {
      sizes.set(name, left.remaining.flatMap(({ objects }) => objects).length);
      await writeConditions(namespace, left);
      if (left.failures.length > 0) throw new Error(`deleting failed: ${left.failures.join(', ')}`);
      return;
    }
    const finalizers = namespace.spec.finalizers?.filter((each) => each !== finalizer) ?? [];
    try {
      await client.update(namespaces, { ...namespace, spec: { ...namespace.spec, finalizers } }, 'finalize');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Deletes what is there of these kinds and answers what stays for a while, by its grace or its finalizers. */
  async function deleteAll(kinds: readonly Kind[], namespace: string): Promise<Left> {
    const left: Left = { remaining: [], failures: [] };
    await Promise.all(
      kinds.map(async (kind) => {
        const { items } = await client.list(kind, { namespace });
        const standing = items.filter((object) => !isBeingDeleted(object));
        const deletions = standing.map(({ metadata }) =>
          client.delete(kind, metadata, { uid: metadata.uid }).catch((error: unknown) => {
            if (!isNotFound(error) && !isConflict(error)) left.failures.push(textOf(error));
          }),
        );
        await Promise.all(deletions);
        const objects = items.length === 0 ? [] : (await client.list(kind, { namespace })).items;
        if (objects.length > 0) left.remaining.push({ kind, objects });
      }),
    );
    return left;
  }

  async function writeConditions(namespace: Namespace, { remaining, failures }: Left): Promise<void> {
    const conditions = emptyingConditions(namespace, remaining, clock.now(), failures);
    if (isDeepStrictEqual(conditions, namespace.status.conditions)) return;
    await client.update(namespaces, { ...namespace, status: { ...namespace.status, conditions } }, 'status');
  }

  return { name: 'namespace', start: (signal) => queue.start(signal) };
}

function isEmptying(namespace: Namespace): boolean {
  return isBeingDeleted(namespace) && (namespace.spec.finalizers?.includes(finalizer) ?? false);
}

/** What is still there, and what could not be deleted. */
interface Left {
  remaining: Remaining[];
  failures: string[];
}

const isEmpty = ({ remaining, failures }: Left) => remaining.length === 0 && failures.length === 0;

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
