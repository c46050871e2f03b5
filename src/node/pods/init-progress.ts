// How far the init containers of a pod have come in its present namespaces. The last one that was made there counts: all
// before it have had their turn, also those that Docker has forgotten. A sidecar lets the next one begin once it has
// started, and is kept running from then on.
import type { Pod } from '../../api/kinds/pod.ts';
import { type PodContainer, podContainers } from './pod-containers.ts';
import { isStarted, latestOf, livingPause, succeeded } from './pod-progress.ts';
import type { PodView } from './pod-view.ts';

export interface InitProgress {
  /** The pod's own containers may run. */
  isThrough: boolean;
  /** The init container whose turn it is, and the sidecars before it. */
  due: PodContainer[];
}

export function initProgress(pod: Pod, { containers, memory }: Omit<PodView, 'pod'>): InitProgress {
  const pauseId = livingPause(containers)?.id;
  const listed = podContainers(pod);
  const inits = listed.filter(({ role }) => role === 'init' || role === 'sidecar');
  const isHere = ({ container: { name } }: PodContainer) =>
    pauseId !== undefined && containers.some((made) => made.name === name && made.pauseId === pauseId);
  const isPassed = (init: PodContainer) => {
    const latest = latestOf(containers, init.container.name);
    return init.role === 'sidecar' ? isStarted(init, latest, memory) : latest !== undefined && succeeded(latest);
  };
  const turn = () => {
    if (listed.some((listed) => listed.role === 'app' && isHere(listed))) return inits.length;
    const reached = inits.findLastIndex(isHere);
    const last = inits[reached];
    return last && isPassed(last) ? reached + 1 : Math.max(0, reached);
  };
  const next = turn();
  const due = inits.filter(({ role }, index) => index === next || (index < next && role === 'sidecar'));
  return { isThrough: next === inits.length, due };
}
