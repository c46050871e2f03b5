// Judges every step of the world by the rules of its workloads, knowing nothing of how controllers work. A controller acts
// upon what it has seen, which its status tells: of an object all specs since the observed one are in force, and those before it
// as long as what was ordered by them is still to be done.
import type { Kind } from '../../src/api/kinds/kind.ts';
import { isBeingDeleted, type KubeObject, keyOf } from '../../src/api/meta.ts';
import type { Happening } from './happenings.ts';
import { World } from './world.ts';

export interface Moment<T extends KubeObject> {
  /** As it stands after the step. */
  owner: T;
  /** All versions of it upon which its controller may have acted. */
  inForce: readonly T[];
  before: World;
  after: World;
  step: readonly Happening[];
  /** The people's doing, not a controller's. */
  isByHand(uid: string): boolean;
}

export interface Rules<T extends KubeObject> {
  kind: Kind<T>;
  /** Whether others have seen all that they were told on its behalf: until then its former versions are still acted upon. */
  isHeard?(owner: T, world: World): boolean;
  /** What is wrong with the step, in words. */
  judge(moment: Moment<T>): string[];
}

type Versioned = KubeObject & { status?: { observedGeneration?: number } };

/** Answers what was broken, by revision, and by whom. */
export function audit(
  steps: readonly Happening[][],
  allRules: readonly unknown[],
  byHand: ReadonlySet<string>,
): { faults: string[]; accused: Set<string>; judged: number } {
  const faults: string[] = [];
  const accused = new Set<string>();
  const versions = new Map<string, Map<number, Versioned>>();
  let before = new World();
  let judged = 0;
  for (const step of steps) {
    const after = before.after(step);
    for (const { uid, object } of step) if (object) noteVersion(versions, uid, object);
    for (const rules of allRules as Rules<KubeObject>[]) {
      for (const owner of after.all(rules.kind)) {
        // What is being deleted is the garbage collector's.
        if (isBeingDeleted(owner)) continue;
        const inForce = [...(versions.get(owner.metadata.uid ?? '')?.values() ?? [])];
        if (isAllKnown(versions, owner)) {
          const moment = { owner, inForce, before, after, step, isByHand: (uid: string) => byHand.has(uid) };
          judged += 1;
          for (const fault of rules.judge(moment)) {
            faults.push(`${revisionsOf(step)} ${rules.kind.kind} ${keyOf(owner)}: ${fault}`);
            accused.add(owner.metadata.uid ?? '');
          }
        }
        if (rules.isHeard?.(owner, after) ?? true) forgetObserved(versions, owner);
      }
    }
    for (const { uid, object } of step) if (!object) versions.delete(uid);
    before = after;
  }
  return { faults, accused, judged };
}

function noteVersion(versions: Map<string, Map<number, Versioned>>, uid: string, object: Versioned): void {
  const known = versions.get(uid) ?? new Map<number, Versioned>();
  versions.set(uid, known.set(object.metadata.generation ?? 0, object));
}

/** Whether a watch told of each version that may be acted upon: some came and went while it was broken. */
function isAllKnown(versions: Map<string, Map<number, Versioned>>, { metadata, status }: Versioned): boolean {
  const known = versions.get(metadata.uid ?? '');
  const latest = metadata.generation ?? 0;
  for (let each = Math.max(1, status?.observedGeneration ?? 0); each <= latest; each++)
    if (!known?.has(each)) return false;
  return true;
}

function forgetObserved(versions: Map<string, Map<number, Versioned>>, owner: Versioned): void {
  const observed = owner.status?.observedGeneration ?? 0;
  const known = versions.get(owner.metadata.uid ?? '');
  for (const generation of known?.keys() ?? []) if (generation < observed) known?.delete(generation);
}

function revisionsOf(step: readonly Happening[]): string {
  const from = Math.min(...step.map((happening) => happening.from));
  const to = Math.max(...step.map((happening) => happening.to));
  return from === to ? `@${from}` : `@${from}-${to}`;
}
