// What the containers of a pod share: its files and volumes, the pause container that owns its namespaces, its network.
import type { Pod } from '../../api/kinds/pod.ts';
import type { ObservedContainer } from '../runtime.ts';
import type { Draft } from './plan.ts';
import { pausesOf } from './pod-progress.ts';
import type { PodMemory } from './pod-view.ts';
import { hasTokens } from './projected-volume.ts';

/** Whether the files are in place; where they are not, they are put there. */
export function isPrepared(draft: Draft): boolean {
  const { prepared, mountProblem } = draft.view.memory;
  if (prepared) return true;
  if ((!mountProblem || draft.isDue(mountProblem.retryAtMs)) && !draft.has('prepare')) draft.add({ kind: 'prepare' });
  return false;
}

/** An agent that starts anew looks at the tokens that stand there before it makes others. */
export function planTokens(draft: Draft, pod: Pod): void {
  // Whatever prepares the pod sees to its tokens, too.
  if (!hasTokens(pod) || draft.has('prepare')) return;
  if (draft.isDue(draft.view.memory.renewTokensAtMs)) draft.add({ kind: 'renewTokens' });
}

export function planPause(draft: Draft, pod: Pod, pause: ObservedContainer | undefined): void {
  if (!pause) {
    const [newest] = pausesOf(draft.view.containers);
    draft.add({ kind: 'createPause', attempt: newest ? newest.attempt + 1 : 0 });
  } else if (pause.state === 'created') {
    draft.add({ kind: 'startPause', id: pause.id });
  } else if (!isWired(pod, pause, draft.view.memory)) {
    draft.add({ kind: 'attach', pauseId: pause.id, pid: pause.pid });
  }
}

export function isWired(pod: Pod, pause: ObservedContainer, { attached }: PodMemory): boolean {
  return pod.spec.hostNetwork === true || attached?.pauseId === pause.id;
}
