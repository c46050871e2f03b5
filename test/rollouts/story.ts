// What befell some workloads, in a line for each change: what to read when the audit accuses.
import { isPodReady, type Pod, pods } from '../../src/api/kinds/pod.ts';
import { controllerOf, isBeingDeleted, type KubeObject } from '../../src/api/meta.ts';
import type { Happening } from './happenings.ts';

/** Of these owners, by uid, and of all that is theirs. */
export function storyOf(steps: readonly Happening[][], owners: ReadonlySet<string>): string[] {
  const theirs = new Set(owners);
  const names = new Map<string, string>();
  const told: string[] = [];
  for (const { kind, uid, object, from, to } of steps.flat()) {
    if (object && theirs.has(controllerOf(object)?.uid ?? '')) theirs.add(uid);
    if (!theirs.has(uid)) continue;
    if (object) names.set(uid, object.metadata.name);
    const at = from === to ? `@${from}` : `@${from}-${to}`;
    told.push(`${at} ${kind} ${names.get(uid)} ${object ? stateOf(kind, object) : 'is gone'}`);
  }
  return told;
}

function stateOf(kind: string, object: KubeObject): string {
  const marks = [
    isBeingDeleted(object) ? 'is being deleted' : '',
    object.metadata.finalizers ? `held by ${object.metadata.finalizers}` : '',
    kind === pods.kind ? podState(object as Pod) : JSON.stringify((object as { status?: object }).status),
  ];
  return marks.filter((mark) => mark).join(', ');
}

function podState(pod: Pod): string {
  const annotations = Object.keys(pod.metadata.annotations ?? {});
  return [pod.status.phase, isPodReady(pod) ? 'ready' : '', pod.spec.nodeName ?? 'nowhere', ...annotations]
    .filter((word) => word)
    .join(' ');
}
