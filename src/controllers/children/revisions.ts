// The templates that a stateful or daemon set has had, kept as ControllerRevisions: names by hash, numbers, adoption, limit.
// Holds: the revision of the present template has the highest number; a template that comes back takes the next one.
import { type ControllerRevision, controllerRevisions } from '../../api/kinds/controller-revision.ts';
import type { Kind } from '../../api/kinds/kind.ts';
import type { PodTemplateSpec } from '../../api/kinds/pod-template.ts';
import { controllerOf, controllerReference, type KubeObject, keyOf } from '../../api/meta.ts';
import { canonical, podTemplateHash } from '../../api/pod-template-hash.ts';
import { type LabelSelector, matchesLabelSelector } from '../../api/selector.ts';
import { isAlreadyExists, unlessGone } from '../../api/status.ts';
import type { Draft } from '../../client/client.ts';
import type { ControllerContext } from '../controller.ts';
import { claim, planClaims } from './claims.ts';

/** Says of a pod which template it was made of: by the revision's name or by its hash. */
export const podRevisionLabel = 'controller-revision-hash';

/** What has revisions. */
export interface Revised extends KubeObject {
  spec: { template: PodTemplateSpec; selector: LabelSelector; revisionHistoryLimit?: number };
  status: { collisionCount?: number };
}

export interface RevisionHistory {
  present: ControllerRevision;
  /** All, also the present one, by their numbers. */
  all: ControllerRevision[];
  /** How often a name was taken by another template. */
  collisionCount: number;
}

/** Which revision the present template has, if any, and which number is its own. */
export function planRevision(template: PodTemplateSpec, revisions: readonly ControllerRevision[]) {
  const sorted = revisions.toSorted(byNumber);
  const text = canonical(template);
  const present = sorted.findLast((revision) => canonical(templateOf(revision)) === text);
  const last = sorted.at(-1);
  return { present, number: present && present === last ? present.revision : (last?.revision ?? 0) + 1 };
}

function byNumber(one: ControllerRevision, other: ControllerRevision): number {
  const ranks = ({ metadata }: ControllerRevision) => `${metadata.creationTimestamp} ${metadata.name}`;
  return one.revision - other.revision || (ranks(one) < ranks(other) ? -1 : 1);
}

/** The template that a revision keeps. */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { $patch: _, ...template } = (data as { spec: { template: PodTemplateSpec & { $patch?: string } } }).spec
    .template;
  return template;
}

/** The revision as a patch that brings its template back: so kubectl undoes with it. In the order in which it compares. */
export function draftRevision(owner: Revised, hashLabel: string, number: number, collisionCount: number) {
  const { metadata, spec } = owner;
  const hash = podTemplateHash(spec.template, collisionCount);
  const data = JSON.parse(canonical({ spec: { template: { ...spec.template, $patch: 'replace' } } })) as object;
  return {
    metadata: {
      name: `${metadata.name.slice(0, 223)}-${hash}`,
      ...(metadata.namespace && { namespace: metadata.namespace }),
      labels: { ...spec.template.metadata?.labels, [hashLabel]: hash },
      ...(metadata.annotations && { annotations: metadata.annotations }),
      ownerReferences: [controllerReference(owner)],
    },
    data,
    revision: number,
  } satisfies Draft<ControllerRevision>;
}

/** What is of no use to any pod any more, beyond the limit: the oldest. A negative limit keeps all. */
export function outlivedRevisions(
  { spec }: Revised,
  all: readonly ControllerRevision[],
  isLive: (revision: ControllerRevision) => boolean,
): ControllerRevision[] {
  const { revisionHistoryLimit: limit = 10 } = spec;
  const past = all.filter((revision) => !isLive(revision)).toSorted(byNumber);
  return limit < 0 ? [] : past.slice(0, Math.max(0, past.length - limit));
}

export interface RevisionKeeperOptions<O extends Revised> {
  kind: Kind<O>;
  /** The label under which a revision tells its hash. */
  hashLabel: string;
  /** The revisions of the object with this key have changed. */
  onChange(key: string): void;
}

export interface RevisionKeeper<O extends Revised> {
  /** Sees to it that there is a revision of the present template with the highest number. */
  ensure(owner: O): Promise<RevisionHistory>;
  forget(revisions: readonly ControllerRevision[]): Promise<void>;
}

export function revisionKeeper<O extends Revised>(
  { client, informers }: ControllerContext,
  { kind, hashLabel, onChange }: RevisionKeeperOptions<O>,
): RevisionKeeper<O> {
  const allRevisions = informers.for(controllerRevisions);
  const owners = informers.for(kind);
  const ownersByUid = owners.indexBy(({ metadata }) => [metadata.uid ?? '']);
  const ownersIn = owners.indexBy(({ metadata }) => [metadata.namespace ?? '']);
  /** By the uid of their controller, or by namespace where they have none. */
  const revisionsOf = allRevisions.indexBy((each) => [
    controllerOf(each)?.uid ?? `orphans of ${each.metadata.namespace}`,
  ]);

  allRevisions.onChange(({ object, previous }) => {
    if (!object) {
      const [owner] = ownersByUid((previous && controllerOf(previous)?.uid) ?? '');
      if (owner) onChange(keyOf(owner));
    } else if (!controllerOf(object)) {
      for (const owner of ownersIn(object.metadata.namespace ?? '')) {
        if (matchesLabelSelector(owner.spec.selector, object.metadata.labels)) onChange(keyOf(owner));
      }
    }
  });

  async function ensure(owner: O): Promise<RevisionHistory> {
    const { uid = '', namespace } = owner.metadata;
    const candidates = [...revisionsOf(uid), ...revisionsOf(`orphans of ${namespace}`)];
    const claims = planClaims(owner, owner.spec.selector, candidates);
    const known = await claim(client, { owner: kind, dependent: controllerRevisions }, owner, claims);
    const { present: found, number } = planRevision(owner.spec.template, known);
    const { collisionCount = 0 } = owner.status;
    if (!found) return create(owner, known, number, collisionCount);
    const isInPlace = found.revision === number;
    const present = isInPlace ? found : await client.update(controllerRevisions, { ...found, revision: number });
    const all = [...known.filter((each) => each !== found), present].toSorted(byNumber);
    return { present, all, collisionCount };
  }

  async function create(owner: O, known: readonly ControllerRevision[], number: number, collisions: number) {
    for (let collisionCount = collisions; ; collisionCount++) {
      const draft = draftRevision(owner, hashLabel, number, collisionCount);
      const present = await createOrGet(draft);
      const isOurs = controllerOf(present)?.uid === owner.metadata.uid;
      if (isOurs && canonical(present.data) === canonical(draft.data)) {
        return { present, all: [...known, present].toSorted(byNumber), collisionCount };
      }
    }
  }

  /** What has the name already may be ours, only not in the cache yet. */
  async function createOrGet(draft: ReturnType<typeof draftRevision>): Promise<ControllerRevision> {
    try {
      return await client.create(controllerRevisions, draft);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      return client.get(controllerRevisions, draft.metadata);
    }
  }

  async function forget(revisions: readonly ControllerRevision[]): Promise<void> {
    for (const { metadata } of revisions) {
      await client.delete(controllerRevisions, metadata, { uid: metadata.uid }).catch(unlessGone);
    }
  }

  return { ensure, forget };
}
