// What to do next for a pod. The steps of one plan do not depend on each other and are done together; then the world is
// looked at again and planned anew, until nothing is left to do but to wait for an event or a time.
//
//   prepare ───────┐
//   pause created ─┴─► pause running ──► network attached ──► app containers running
//                    │                                                     ▲
//                    └──► images present ──► init containers, one by one ──┘      (app containers are made, not
//                                                                                 started, while the pod is wired)
//   being deleted: leave ──(out of all services)──► stopped ──► all removed, network detached ──► files and API object gone
import { isPodFinished, type Pod } from '../../api/kinds/pod.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { type ObservedContainer, pauseName } from '../runtime.ts';
import { planContainer } from './container-plan.ts';
import { initProgress } from './init-progress.ts';
import { Draft, type Plan } from './plan.ts';
import { podContainer, podContainers } from './pod-containers.ts';
import { attemptsOf, isOutdated, isOver, livingPause, pausesOf, runningContainers } from './pod-progress.ts';
import type { PodView } from './pod-view.ts';
import { isPrepared, isWired, planPause, planRefresh } from './sandbox-plan.ts';
import { planStops } from './stop-plan.ts';
import { deadlineOf, verdictOn } from './verdict.ts';

/** What a pod gets that was removed from the API before it ended. */
const orphanGraceMs = 2_000;

export function planPod(view: PodView, nowMs: number): Plan {
  const { pod } = view;
  const draft = new Draft(view, nowMs);
  if (!pod) planRemoval(draft, orphanGraceMs);
  else if (isBeingDeleted(pod))
    planRemoval(draft, Math.min(graceMsOf(pod), view.memory.verdict?.graceMs ?? Number.POSITIVE_INFINITY));
  else if (isOver(pod, view, nowMs)) planEnd(draft, pod);
  else planRun(draft, pod);
  return draft;
}

function graceMsOf({ metadata, spec }: Pod): number {
  return Math.max(1, metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30) * 1000;
}

function planRun(draft: Draft, pod: Pod): void {
  const { containers, memory } = draft.view;
  const graceMs = graceMsOf(pod);
  const pause = livingPause(containers);
  const deadlineMs = deadlineOf(pod, memory);
  if (deadlineMs !== undefined) draft.isDue(deadlineMs);
  const strangers = runningContainers(containers).filter(({ pauseId }) => pauseId !== pause?.id);
  if (strangers.length > 0) {
    // The pod's namespaces are gone; what still runs in them has to end before the pod is made anew.
    if (strangers.some(({ id }) => !memory.stopping.has(id))) draft.add({ kind: 'tellPauseLost' });
    planStops(draft, strangers, { graceMs });
    return;
  }
  // The pause container is made while the volumes are; it is not started, nor made later, without them.
  if (pause?.state !== 'running' && !isPrepared(draft) && memory.mountProblem) return;
  planLeftovers(draft, pod, pause);
  planPause(draft, pod, pause);
  planContainers(draft, pod, pause);
  planRefresh(draft, pod);
}

/** One init container, or the pod's own; with them the sidecars that have had their turn, and what was added to look in. */
function planContainers(draft: Draft, pod: Pod, pause: ObservedContainer | undefined): void {
  const { isThrough, due } = initProgress(pod, draft.view);
  const listed = podContainers(pod);
  const graceMs = graceMsOf(pod);
  let mayStart = true;
  for (const container of [...due, ...(isThrough ? listed.filter(({ role }) => role === 'app') : [])]) {
    const isWaitedFor = planContainer(draft, container, { pod, pause, graceMs, mayStart });
    mayStart &&= !isWaitedFor;
  }
  if (pause?.state !== 'running' || !isWired(pod, pause, draft.view.memory)) return;
  for (const container of listed.filter(({ role }) => role === 'ephemeral'))
    planContainer(draft, container, { pod, pause, graceMs, mayStart: true });
}

/** Ends a pod of which nothing will be started again: its containers stay for their logs. */
function planEnd(draft: Draft, pod: Pod): void {
  const { containers, memory } = draft.view;
  const running = runningContainers(containers);
  const verdict = isPodFinished(pod) ? undefined : verdictOn(pod, memory, draft.nowMs);
  if (verdict && !memory.verdict && !memory.toldDeadline) draft.add({ kind: 'tellDeadline' });
  const pauses = pausesOf(containers);
  if (running.length > 0) planStops(draft, running, { graceMs: verdict?.graceMs ?? graceMsOf(pod) });
  else if (pauses.length > 0) removeAll(draft, pauses);
  else if (!memory.released) draft.add({ kind: 'release' });
}

function planRemoval(draft: Draft, graceMs: number): void {
  const { containers, memory } = draft.view;
  const running = runningContainers(containers);
  if (running.length > 0) {
    if (draft.isDue(memory.leavesUntilMs ?? 0)) planStops(draft, running, { graceMs });
  } else if (containers.length > 0) removeAll(draft, containers);
  else if (!memory.gone) draft.add({ kind: 'detach' }, { kind: 'forget' });
}

function removeAll(draft: Draft, containers: readonly ObservedContainer[]): void {
  draft.add({ kind: 'detach' }, ...containers.map(({ id }) => ({ kind: 'remove' as const, id })));
}

/** Of each container the newest is kept and the one before it, for its logs; of pause containers only the living one. */
function planLeftovers(draft: Draft, pod: Pod, pause: ObservedContainer | undefined): void {
  const { containers } = draft.view;
  const old = pausesOf(containers).filter(({ id }) => id !== pause?.id);
  for (const { container } of podContainers(pod)) old.push(...attemptsOf(containers, container.name).slice(2));
  // Never started, and made for namespaces that are gone, or out of an image that the pod does not name any more.
  for (const made of containers) {
    if (made.state !== 'created' || made.name === pauseName) continue;
    const listed = podContainer(pod, made.name);
    if (made.pauseId !== pause?.id || (listed && isOutdated(listed, made))) old.push(made);
  }
  for (const id of new Set(old.map((container) => container.id))) draft.add({ kind: 'remove', id });
}
