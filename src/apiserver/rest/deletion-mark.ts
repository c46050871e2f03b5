// What a request to delete an object makes of it: when it goes, and what becomes of what it owns (its finalizers). Pure.
import type { Kind } from '../../api/kinds/kind.ts';
import { type KubeObject, mutableCopy, type ObjectMeta } from '../../api/meta.ts';
import { timestamp } from '../../base/clock.ts';
import type { DeleteOptions, PropagationPolicy } from './delete-options.ts';
import { setDefaults } from './strategy.ts';

const propagationFinalizers: Record<PropagationPolicy, string | undefined> = {
  Background: undefined,
  Orphan: 'orphan',
  Foreground: 'foregroundDeletion',
};

/** The object as one that is being deleted; the same one where it has been told all of this before. */
export function markDeleted(kind: Kind, options: DeleteOptions, current: KubeObject, nowMs: number): KubeObject {
  const time = timeOfEnd(kind, options, current, nowMs);
  // As long as its grace runs, nothing else is changed any more.
  if (!time) return current;
  const { metadata } = current;
  const finalizers = finalizersFor(kind, options, metadata);
  const isSame = finalizers.length === (metadata.finalizers ?? []).length && time.isSame;
  if (isSame && finalizers.every((each) => metadata.finalizers?.includes(each))) return current;
  const marked = mutableCopy(current);
  marked.metadata.deletionTimestamp = timestamp(time.atMs);
  marked.metadata.deletionGracePeriodSeconds = time.graceSeconds;
  if (!metadata.deletionTimestamp && metadata.generation !== undefined)
    marked.metadata.generation = metadata.generation + 1;
  if (finalizers.length > 0) marked.metadata.finalizers = finalizers;
  else delete marked.metadata.finalizers;
  setDefaults(kind, marked);
  return marked;
}

interface End {
  atMs: number;
  graceSeconds: number;
  /** It has been said before. */
  isSame: boolean;
}

/** A grace that runs can only be made shorter, counted from when it began; nothing where that is not asked for. */
function timeOfEnd(
  kind: Kind,
  { gracePeriodSeconds }: DeleteOptions,
  current: KubeObject,
  nowMs: number,
): End | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds: running = 0 } = current.metadata;
  if (!deletionTimestamp) {
    const graceSeconds = kind.gracePeriodSeconds?.(current, gracePeriodSeconds) ?? 0;
    return { atMs: nowMs + graceSeconds * 1000, graceSeconds, isSame: false };
  }
  const endsAtMs = Date.parse(deletionTimestamp);
  if (running === 0) return { atMs: endsAtMs, graceSeconds: 0, isSame: true };
  if (gracePeriodSeconds === undefined || gracePeriodSeconds >= running) return undefined;
  return { atMs: endsAtMs + (gracePeriodSeconds - running) * 1000, graceSeconds: gracePeriodSeconds, isSame: false };
}

/** Who deletes says what becomes of what it owns, also when it has been deleted before; else the object says so itself. */
function finalizersFor(kind: Kind, { propagationPolicy }: DeleteOptions, { finalizers = [] }: ObjectMeta): string[] {
  const known = finalizers.find(isOfPropagation);
  const wanted = propagationPolicy
    ? propagationFinalizers[propagationPolicy]
    : (known ?? propagationFinalizers[kind.orphansDependents ? 'Orphan' : 'Background']);
  return [...finalizers.filter((each) => !isOfPropagation(each)), ...(wanted ? [wanted] : [])];
}

function isOfPropagation(finalizer: string): boolean {
  return Object.values(propagationFinalizers).includes(finalizer);
}
