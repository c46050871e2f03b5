// Create, update and patch: complete, admit, validate, store. A write that meets another one begins again from the newer
// object, unless the client named the revision that it saw.
import { setImmediate } from 'node:timers/promises';
import type { Owner } from '../../api/apply/owners.ts';
import { type Door, type Kind, storedKind } from '../../api/kinds/kind.ts';
import { type KubeObject, mutableCopy } from '../../api/meta.ts';
import { AlreadyExists, BadRequest, Conflict, Invalid, NotFound } from '../../api/status.ts';
import { invalid } from '../../api/validation.ts';
import { type Clock, timestamp } from '../../base/clock.ts';
import type { Admission } from '../admission/admission.ts';
import type { AdmissionChain } from '../admission/admission-chain.ts';
import { CachedObject } from '../object-cache.ts';
import { ClaimTaken, Exists, type ObjectStorage, Stale } from '../object-storage.ts';
import { appliedTo, configIn } from './applies.ts';
import { objectIn, patchedAs } from './decoding.ts';
import { revisionOf } from './list-options.ts';
import { doorOf, isUnchanged, ownersOfChanged, ownersOfNew, setOwners, writerOf } from './ownership.ts';
import { isDryRun, type RestRequest, subjectOf } from './request.ts';
import {
  completeChanged,
  completeNew,
  countGeneration,
  type UpdateRules,
  updateRulesOf,
  validateChanged,
  validateNew,
} from './strategy.ts';

/** Of an address or port that is chosen anew each time. */
const claimsAtMost = 10;

/** How a subresource changes an object where it is not as any other change: by another door, by rules of its own. */
export interface OwnWay {
  door?: Door;
  rules?: UpdateRules;
}

export interface Written {
  cached: CachedObject;
  /** Created, where it might have been there before. */
  isNew: boolean;
}

export class Writes {
  readonly #storage: ObjectStorage;
  readonly #admission: AdmissionChain;
  readonly #clock: Clock;

  constructor(storage: ObjectStorage, admission: AdmissionChain, clock: Clock) {
    this.#storage = storage;
    this.#admission = admission;
    this.#clock = clock;
  }

  create(request: RestRequest): Promise<CachedObject> {
    const writer = writerOf(request, 'Update');
    const body = objectIn(request);
    return this.#again(request, async () => {
      const now = this.#now();
      try {
        return await this.#insert(request, mutableCopy(body), (draft) => ownersOfNew(request, writer, draft, now));
      } catch (error) {
        // A name that was made up here is made up anew.
        if (error instanceof Exists && body.metadata.name) {
          throw new AlreadyExists(subjectOf(request, body.metadata.name));
        }
        throw error;
      }
    });
  }

  /** Replaces the object, or creates one of certain kinds, if that is allowed. */
  async update(request: RestRequest, authorizeCreate: () => void): Promise<Written> {
    const body = objectIn(request);
    const { createsOnUpdate } = storedKind(request.kind);
    if (createsOnUpdate && !request.subresource && !this.#current(request)) {
      authorizeCreate();
      return { cached: await this.create(request), isNew: true };
    }
    return { cached: await this.change(request, () => mutableCopy(body)), isNew: false };
  }

  patch(request: RestRequest): Promise<CachedObject> {
    return this.change(request, (current) => patchedAs(request, current));
  }

  /** Lays the configuration in the body over the object, or creates one out of it, if that is allowed. */
  apply(request: RestRequest, authorizeCreate: () => void): Promise<Written> {
    const config = configIn(request);
    return this.#again(request, async () => {
      const previous = this.#current(request);
      const { draft, owners } = appliedTo(request, config, previous?.object, this.#now());
      if (previous) return { cached: await this.#replace(request, previous, draft, () => owners), isNew: false };
      authorizeCreate();
      return { cached: await this.#insert(request, draft, () => owners), isNew: true };
    });
  }

  /** Writes what the function makes of the current object, as it is stored. Without a difference nothing is written. */
  change(request: RestRequest, edit: (current: KubeObject) => KubeObject, own: OwnWay = {}): Promise<CachedObject> {
    const writer = writerOf(request, 'Update');
    return this.#again(request, async () => {
      const previous = this.#current(request);
      if (!previous) throw new NotFound(subjectOf(request));
      const draft = edit(previous.object);
      const sent = draft.metadata.managedFields;
      const now = this.#now();
      const door = own.door ?? doorOf(request);
      const owners = () => ownersOfChanged(request, { writer, before: previous.object, after: draft, door, sent, now });
      return await this.#replace(request, previous, draft, owners, own);
    });
  }

  /** Throws Exists where the object is there. Who owns it is asked when it is complete. */
  async #insert(
    request: RestRequest,
    draft: KubeObject,
    ownersOf: (complete: KubeObject) => readonly Owner[],
  ): Promise<CachedObject> {
    const kind = storedKind(request.kind);
    completeNew(kind, draft, this.#now());
    setOwners(draft, ownersOf(draft));
    const admission: Admission = { operation: 'create', request, kind, object: draft, previous: undefined };
    await this.#admission.admit(admission);
    kind.prepareCreate?.(draft, (text) => request.warn(text));
    validateNew(request.kind, draft);
    this.#admission.check(admission);
    warn(request, kind, draft, undefined);
    if (isDryRun(request)) {
      this.#admission.book(admission);
      return new CachedObject(draft, 0);
    }
    return await this.#admission.write(admission, (bookings) => this.#storage.create(kind, draft, bookings));
  }

  async #replace(
    request: RestRequest,
    previous: CachedObject,
    draft: KubeObject,
    ownersOf: () => readonly Owner[],
    { door = doorOf(request), rules }: OwnWay = {},
  ): Promise<CachedObject> {
    const kind = storedKind(request.kind);
    checkPreconditions(request, kind, draft, previous.object);
    completeChanged(kind, draft, previous.object, door);
    setOwners(draft, ownersOf());
    const admission: Admission = { operation: 'update', request, kind, object: draft, previous: previous.object };
    await this.#admission.admit(admission);
    countGeneration(kind, draft, previous.object, door);
    validateChanged(kind, draft, previous.object, rules ?? updateRulesOf(request.kind, door));
    this.#admission.check(admission);
    warn(request, kind, draft, previous.object);
    draft.metadata.resourceVersion = String(previous.revision);
    if (isUnchanged(draft, previous.object)) return previous;
    if (isDryRun(request)) {
      this.#admission.book(admission);
      return new CachedObject(draft, previous.revision);
    }
    if (isReleased(request, draft)) return this.#finish(request, draft, previous);
    return this.#admission.write(admission, (bookings) => this.#storage.update(kind, draft, previous, bookings));
  }

  #now(): string {
    return timestamp(this.#clock.now());
  }

  #current({ kind, namespace, name = '' }: RestRequest): CachedObject | undefined {
    return this.#storage.cache.get(kind, namespace, name);
  }

  /** The last that kept an object being deleted is gone: so is the object, which is seen once more as it was written. */
  async #finish(request: RestRequest, draft: KubeObject, previous: CachedObject): Promise<CachedObject> {
    await this.#storage.remove(storedKind(request.kind), previous);
    return new CachedObject(draft, previous.revision);
  }

  async #again<T>(request: RestRequest, attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        // What was met can be read by now, and whoever wrote it got on: of many writers one always does.
        if (error instanceof Stale) {
          await setImmediate(); // the loop never stands in the way of what it waits for
          continue;
        }
        if (!(error instanceof ClaimTaken)) throw error;
        if (tries >= claimsAtMost) throw new Conflict(subjectOf(request), `${error.message} is taken`);
      }
    }
  }
}

/** An object that is being deleted and that nothing keeps any more. */
export function isReleased(request: RestRequest, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers = [] } = object.metadata;
  return (
    deletionTimestamp !== undefined &&
    finalizers.length === 0 &&
    !deletionGracePeriodSeconds &&
    !storedKind(request.kind).isHeld?.(object)
  );
}

/** What the writer should know of an object that was found valid; again only where its content has changed. */
function warn(request: RestRequest, kind: Kind, object: KubeObject, previous: KubeObject | undefined): void {
  if (request.subresource) return;
  if (kind.isInert) request.warn(`nothing in this cluster acts upon ${kind.plural} yet: the object is kept and served`);
  const { generation } = object.metadata;
  if (previous && generation !== undefined && generation === previous.metadata.generation) return;
  for (const text of kind.warningsFor?.(object, previous) ?? []) request.warn(text);
}

function checkPreconditions(request: RestRequest, kind: Kind, draft: KubeObject, current: KubeObject): void {
  const { resourceVersion, uid } = draft.metadata;
  // 0 stands for whatever revision there is.
  if (revisionOf(resourceVersion ?? '') && resourceVersion !== current.metadata.resourceVersion) {
    throw new Conflict(subjectOf(request));
  }
  if (request.verb === 'update' && !revisionOf(resourceVersion ?? '') && kind.needsRevision) {
    const cause = invalid('metadata.resourceVersion', 0, 'must be specified for an update');
    throw new Invalid({ group: kind.group, kind: kind.kind, name: current.metadata.name }, [cause]);
  }
  // A patch that changes it is not meant for another object: validation refuses it.
  if (request.verb === 'update' && uid && uid !== current.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`;
    throw new Conflict(subjectOf(request), why);
  }
  if (draft.metadata.name !== current.metadata.name || draft.metadata.namespace !== current.metadata.namespace) {
    throw new BadRequest('the name and namespace of an object cannot be changed');
  }
}
