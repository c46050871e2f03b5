// What the containers of a pod share: its files and volumes, the pause container that owns its namespaces, its network.
import type { Pod } from '../../api/kinds/pod.ts';
import type { ObservedContainer } from '../runtime.ts';
import { shownFields } from '../volumes/downward-api.ts';
import { hasLiveVolumes } from '../volumes/pod-volumes.ts';
import type { Draft } from './plan.ts';
import { pausesOf } from './pod-progress.ts';
import type { PodMemory } from './pod-view.ts';

/** Whether the files are in place; where they are not, they are put there. */
export function isPrepared(draft: Draft): boolean {
  const { prepared, mountProblem } = draft.view.memory;
  if (prepared) return true;
  if ((!mountProblem || draft.isDue(mountProblem.retryAtMs)) && !draft.has('prepare')) draft.add({ kind: 'prepare' });
  return false;
}

/** An agent that starts anew looks at what stands there, and follows it from then on. */
export function planRefresh(draft: Draft, pod: Pod): void {
  const { refreshVolumesAtMs, mountProblem, shownFields: shown } = draft.view.memory;
  // Whatever prepares the pod brings its volumes up to date.
  if (!hasLiveVolumes(pod) || mountProblem || draft.has('prepare')) return;
  if (shown !== shownFields(pod) || draft.isDue(refreshVolumesAtMs)) draft.add({ kind: 'refreshVolumes' });
}

export function planPause(draft: Draft, pod: Pod, pause: ObservedContainer | undefined): void {
  if (!pause) {
    const { sandboxProblem } = draft.view.memory;
    if (sandboxProblem && !draft.isDue(sandboxProblem.retryAtMs)) return;
    const [newest] = pausesOf(draft.view.containers);
    draft.add({ kind: 'createPause', attempt: newest ? newest.attempt + 1 : 0 });
  } else if (pause.state === 'created') {
    if (draft.view.memory.prepared) draft.add({ kind: 'startPause', id: pause.id });
  } else if (!isWired(pod, pause, draft.view.memory)) {
    draft.add({ kind: 'attach', pauseId: pause.id, pid: pause.pid });
  }
}

export function isWired(pod: Pod, pause: ObservedContainer, { attached }: PodMemory): boolean {
  return pod.spec.hostNetwork === true || attached?.pauseId === pause.id;
}
