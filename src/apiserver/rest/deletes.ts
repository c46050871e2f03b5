// Delete, one object or many: at once where nothing keeps it, else marked, for those who keep it to let go.
import { storedKind } from '../../api/kinds/kind.ts';
import type { KubeObject } from '../../api/meta.ts';
import { Conflict, Forbidden, NotFound, type Status } from '../../api/status.ts';
import type { Clock } from '../../base/clock.ts';
import type { Admission } from '../admission/admission.ts';
import type { AdmissionChain } from '../admission/admission-chain.ts';
import { CachedObject } from '../object-cache.ts';
import { type ObjectStorage, Stale } from '../object-storage.ts';
import { type DeleteOptions, deleteOptionsOf } from './delete-options.ts';
import { markDeleted } from './deletion-mark.ts';
import { type RestRequest, subjectOf } from './request.ts';
import { selectionOf } from './selection.ts';
import { isReleased } from './writes.ts';

export interface Deleted {
  /** The object where it still is, or its last state. */
  cached: CachedObject;
  gone: boolean;
}

export class Deletes {
  readonly #storage: ObjectStorage;
  readonly #admission: AdmissionChain;
  readonly #clock: Clock;

  constructor(storage: ObjectStorage, admission: AdmissionChain, clock: Clock) {
    this.#storage = storage;
    this.#admission = admission;
    this.#clock = clock;
  }

  async deleteOne(request: RestRequest): Promise<Deleted> {
    const { namespace, name = '' } = request;
    const kind = storedKind(request.kind);
    const options = deleteOptionsOf(request);
    if (!options.propagationPolicy && kind.orphansDependents?.warning) request.warn(kind.orphansDependents.warning);
    for (;;) {
      const current = this.#storage.cache.get(kind, namespace, name);
      if (!current) throw new NotFound(subjectOf(request));
      const keptBecause = kind.keptBecause?.(current.object);
      if (keptBecause) throw new Forbidden(subjectOf(request), keptBecause);
      await this.#admit(request, current.object);
      checkPreconditions(request, options, current.object);
      try {
        return await this.#deleteCurrent(request, options, current);
      } catch (error) {
        if (!(error instanceof Stale)) throw error;
      }
    }
  }

  async #admit(request: RestRequest, previous: KubeObject): Promise<void> {
    const kind = storedKind(request.kind);
    const admission: Admission = { operation: 'delete', request, kind, object: undefined, previous };
    await this.#admission.admit(admission);
    this.#admission.check(admission);
  }

  async deleteMany(request: RestRequest): Promise<CachedObject[]> {
    const selected = selectionOf(request);
    const chosen = this.#storage.cache.list(request.kind, request.namespace).filter(selected);
    await Promise.all(
      chosen.map(({ object: { metadata } }) =>
        this.deleteOne({ ...request, name: metadata.name, namespace: metadata.namespace }).catch((error: unknown) => {
          if (!(error instanceof NotFound)) throw error;
        }),
      ),
    );
    return chosen;
  }

  async #deleteCurrent(request: RestRequest, options: DeleteOptions, current: CachedObject): Promise<Deleted> {
    const kind = storedKind(request.kind);
    const marked = markDeleted(kind, options, current.object, this.#clock.now());
    if (isReleased(request, marked)) {
      const revision = options.isDryRun ? current.revision : await this.#storage.remove(kind, current);
      // What ends gracefully is seen as it ended, other kinds as they were.
      return { cached: kind.gracePeriodSeconds ? CachedObject.at(marked, revision) : current, gone: true };
    }
    if (marked === current.object) return { cached: current, gone: false };
    const cached = options.isDryRun
      ? new CachedObject(marked, current.revision)
      : await this.#storage.update(kind, marked, current);
    return { cached, gone: false };
  }
}

/** What is told names the kind where others name the resource, as Kubernetes does. */
function checkPreconditions({ kind }: RestRequest, { preconditions }: DeleteOptions, { metadata }: KubeObject): void {
  const refuse = (what: string, asked: string, found = '') => {
    const why = `the ${what} in the precondition (${asked}) does not match the ${what} in record (${found}). The object might have been deleted and then recreated`;
    return new Conflict({ group: kind.group, resource: kind.kind, name: metadata.name }, why);
  };
  const { uid, resourceVersion } = preconditions;
  if (uid && uid !== metadata.uid) throw refuse('UID', uid, metadata.uid);
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    throw refuse('ResourceVersion', resourceVersion, metadata.resourceVersion);
  }
}

/** What a client is told of an object that is gone. */
export function deletionStatus(request: RestRequest, object: KubeObject): Status {
  const { kind } = request;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: object.metadata.name,
      ...(kind.group && { group: kind.group }),
      kind: kind.plural,
      ...(object.metadata.uid && { uid: object.metadata.uid }),
    },
  };
}
