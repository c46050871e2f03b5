// Deletes what belonged to an owner that is gone, and lets an owner go that waits for its dependents (foreground) or
// wants them to stay (orphan). Generic over the table of kinds. Holds: an owner counts as gone only when the API itself
// says so; our copies of different kinds are not of the same moment.
import { storedKinds } from '../../api/kinds/all.ts';
import { events } from '../../api/kinds/event.ts';
import { type Kind, resourceOf } from '../../api/kinds/kind.ts';
import { isBeingDeleted, type KubeObject, type OwnerReference } from '../../api/meta.ts';
import { isNotFound, unlessGone } from '../../api/status.ts';
import type { Change, Informer } from '../../client/informer.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import {
  blockingDependents,
  foregroundFinalizer,
  isDeletingDependents,
  isOrphaning,
  type JudgedOwner,
  orphanFinalizer,
  planDependent,
  withoutBlocking,
  withoutFinalizer,
  withoutOwners,
} from './garbage-plan.ts';

interface Watched {
  kind: Kind;
  informer: Informer<KubeObject>;
  byUid: (uid: string) => KubeObject[];
  byOwner: (uid: string) => KubeObject[];
}

interface Located {
  watched: Watched;
  object: KubeObject;
}

export function garbageCollector(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('garbage-collector');
  const recorder = context.recorder('garbage-collector-controller');
  const queue = context.workQueue({ name: 'garbage-collector', log, clock, sync: syncObject, workers: 16 });
  const watchedKinds = new Map<string, Watched>();
  for (const kind of storedKinds) if (kind !== events) watchedKinds.set(resourceOf(kind), watch(kind));
  const byGroupKind = new Map([...watchedKinds.values()].map((each) => [`${each.kind.group}/${each.kind.kind}`, each]));
  for (const each of watchedKinds.values()) each.informer.onChange((change) => objectChanged(each, change));

  function watch(kind: Kind): Watched {
    const informer = informers.for(kind);
    const byUid = informer.indexBy(({ metadata }) => [metadata.uid ?? '']);
    const byOwner = informer.indexBy(({ metadata }) => metadata.ownerReferences?.map(({ uid }) => uid) ?? []);
    return { kind, informer, byUid, byOwner };
  }

  function objectChanged(watched: Watched, { object, previous }: Change<KubeObject>): void {
    if (previous && previous.metadata.uid !== object?.metadata.uid) {
      for (const dependent of dependentsOf(previous)) enqueue(dependent);
    }
    for (const owner of [...ownersInCache(object), ...ownersInCache(previous)]) {
      if (isDeletingDependents(owner.object)) enqueue(owner);
    }
    if (object && needsLook(object)) enqueue({ watched, object });
  }

  function needsLook(object: KubeObject): boolean {
    if (isDeletingDependents(object) || isOrphaning(object)) return true;
    const references = object.metadata.ownerReferences ?? [];
    return references.some((reference) => {
      const owner = inCache(reference, object);
      return !owner || isDeletingDependents(owner.object);
    });
  }

  function enqueue({ watched, object: { metadata } }: Located): void {
    queue.add([resourceOf(watched.kind), metadata.namespace ?? '', metadata.name].join('|'));
  }

  /** The owner that a dependent names, where it can be that: of its own namespace or of none, and of this name. */
  function inCache(reference: OwnerReference, { metadata: { namespace } }: KubeObject): Located | undefined {
    const watched = kindOf(reference);
    const object = watched?.byUid(reference.uid)[0];
    if (!watched || !object || object.metadata.name !== reference.name) return undefined;
    return canOwn(object, namespace) ? { watched, object } : undefined;
  }

  /** Tells of owners that are there, but out of the dependent's reach. */
  function tellForeignOwners(object: KubeObject): void {
    const { namespace = '' } = object.metadata;
    for (const reference of object.metadata.ownerReferences ?? []) {
      const owner = kindOf(reference)?.byUid(reference.uid)[0];
      if (!owner || canOwn(owner, namespace)) continue;
      const { apiVersion, kind, name, uid } = reference;
      const text = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;
      const message = `ownerRef ${text} does not exist in namespace "${namespace}"`;
      recorder.record(object, { type: 'Warning', reason: 'OwnerRefInvalidNamespace', message });
    }
  }

  function kindOf({ apiVersion, kind }: OwnerReference): Watched | undefined {
    const slash = apiVersion.indexOf('/');
    return byGroupKind.get(`${slash < 0 ? '' : apiVersion.slice(0, slash)}/${kind}`);
  }

  function ownersInCache(object: KubeObject | undefined): Located[] {
    if (!object) return [];
    return (object.metadata.ownerReferences ?? []).flatMap((reference) => inCache(reference, object) ?? []);
  }

  function dependentsOf(owner: KubeObject): Located[] {
    const { uid = '' } = owner.metadata;
    const all = [...watchedKinds.values()].flatMap((watched) =>
      watched.byOwner(uid).map((object) => ({ watched, object })),
    );
    return all.filter(({ object }) => canOwn(owner, object.metadata.namespace));
  }

  async function syncObject(key: string): Promise<void> {
    const [resource = '', namespace, name = ''] = key.split('|');
    const watched = watchedKinds.get(resource);
    const object = watched?.informer.get(namespace ? `${namespace}/${name}` : name);
    if (!watched || !object) return;
    if (isOrphaning(object)) return orphanDependents({ watched, object });
    if (isDeletingDependents(object)) return deleteDependents({ watched, object });
    const owners: JudgedOwner[] = [];
    for (const reference of object.metadata.ownerReferences ?? []) owners.push(await judge(reference, object));
    tellForeignOwners(object);
    const dependents = dependentsOf(object);
    const step = planDependent(object, owners, dependents.length > 0);
    if (step.do === 'forget-owners') await write(watched.kind, withoutOwners(object, step.uids));
    if (step.do !== 'delete') return;
    const isCircle = step.policy === 'Foreground' && dependents.some((each) => isDeletingDependents(each.object));
    if (isCircle) await write(watched.kind, withoutBlocking(object));
    const options = { uid: object.metadata.uid, propagationPolicy: step.policy };
    await client.delete(watched.kind, object.metadata, options).catch(unlessGone);
  }

  async function judge(reference: OwnerReference, object: KubeObject): Promise<JudgedOwner> {
    const watched = kindOf(reference);
    if (!watched) return { reference, state: 'unknown' };
    const known = inCache(reference, object);
    if (known) return { reference, state: isDeletingDependents(known.object) ? 'waiting' : 'there' };
    // Nothing in a namespace can own what is in none.
    if (watched.kind.namespaced && !object.metadata.namespace) return { reference, state: 'unknown' };
    const namespace = watched.kind.namespaced ? object.metadata.namespace : undefined;
    try {
      const owner = await client.get(watched.kind, { namespace, name: reference.name });
      if (owner.metadata.uid !== reference.uid) return { reference, state: 'gone' };
      return { reference, state: isDeletingDependents(owner) ? 'waiting' : 'there' };
    } catch (error) {
      if (isNotFound(error)) return { reference, state: 'gone' };
      throw error;
    }
  }

  async function orphanDependents({ watched, object }: Located): Promise<void> {
    const uids = [object.metadata.uid ?? ''];
    for (const dependent of dependentsOf(object)) {
      await write(dependent.watched.kind, withoutOwners(dependent.object, uids));
    }
    await write(watched.kind, withoutFinalizer(object, orphanFinalizer));
  }

  async function deleteDependents({ watched, object }: Located): Promise<void> {
    const dependents = dependentsOf(object);
    const objects = dependents.map((dependent) => dependent.object);
    if (blockingDependents(object, objects).length === 0) {
      return write(watched.kind, withoutFinalizer(object, foregroundFinalizer));
    }
    for (const dependent of dependents) if (!isBeingDeleted(dependent.object)) enqueue(dependent);
  }

  async function write(kind: Kind, object: KubeObject): Promise<void> {
    try {
      await client.update(kind, object);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return { name: 'garbage-collector', start: (signal) => queue.start(signal) };
}

/** Owners are in no namespace, or in that of what they own. */
function canOwn(owner: KubeObject, namespace: string | undefined): boolean {
  return !owner.metadata.namespace || owner.metadata.namespace === namespace;
}
