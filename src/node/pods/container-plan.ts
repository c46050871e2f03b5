// One container that should run: its image, then made, then started, then its postStart hook; ended where its probes, its
// hook or a new image demand it, and made again when its back-off is over.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import type { ObservedContainer } from '../runtime.ts';
import type { Draft } from './plan.ts';
import type { PodContainer } from './pod-containers.ts';
import { isLost, isOutdated, isRestarted, latestOf, nextAttempt } from './pod-progress.ts';
import { imageSituation, type Problem } from './pod-view.ts';
import { needsRestart, unlike } from './resize.ts';
import { nextBackoffSeconds, restartAtMs } from './restart-backoff.ts';
import { isPrepared, isWired } from './sandbox-plan.ts';
import { planStop, type StopOrder } from './stop-plan.ts';

/** ErrImagePull is shown this long before it becomes ImagePullBackOff. */
export const pullErrorShownMs = 2_000;

export interface Surroundings {
  pod: Pod;
  pause: ObservedContainer | undefined;
  /** How long the pod gives its containers to end. */
  graceMs: number;
  /** False while the postStart hook of one before it runs. */
  mayStart: boolean;
}

/** Answers whether those after it have to wait: it is on its way, and its postStart hook is not through. */
export function planContainer(draft: Draft, listed: PodContainer, surroundings: Surroundings): boolean {
  const { container } = listed;
  const latest = latestOf(draft.view.containers, container.name);
  const isHere = latest !== undefined && latest.pauseId === surroundings.pause?.id;
  const isOnItsWay =
    isHere && latest.state === 'running'
      ? planRunning(draft, listed, latest, surroundings)
      : isHere && latest.state === 'created' && !isOutdated(listed, latest)
        ? planStart(draft, latest, surroundings)
        : planCreation(draft, listed, latest, surroundings);
  return isOnItsWay && container.lifecycle?.postStart !== undefined;
}

function planRunning(
  draft: Draft,
  listed: PodContainer,
  running: ObservedContainer,
  { pod, graceMs }: Surroundings,
): boolean {
  const { memory } = draft.view;
  const order = stopOrder(draft, listed, running, { pod, graceMs });
  if (order) planStop(draft, running, order);
  else if (unlike(listed.container, running).length > 0 && isFreeOf(draft, memory.resizeProblems.get(running.id)))
    draft.add({ kind: 'resize', container: running.name, id: running.id });
  if (order || !listed.container.lifecycle?.postStart) return false;
  const hook = memory.postStart.get(running.id);
  if (!hook) draft.add({ kind: 'postStart', container: running.name, id: running.id });
  return hook?.state !== 'done';
}

/** Why a container that runs is to end although its pod goes on. */
function stopOrder(
  { view: { memory } }: Draft,
  listed: PodContainer,
  { id, name, ...running }: ObservedContainer,
  { pod, graceMs }: Pick<Surroundings, 'pod' | 'graceMs'>,
): StopOrder | undefined {
  const stopping = memory.stopping.get(id);
  if (stopping) return stopping;
  if (isOutdated(listed, { id, name, ...running }))
    return { graceMs, message: `Container ${name} definition changed, will be restarted`, isReplaced: true };
  if (needsRestart(listed.container, unlike(listed.container, { id, name, ...running })))
    return { graceMs, message: `Container ${name} resize requires restart`, isReplaced: true };
  if (memory.postStart.get(id)?.state === 'failed') return { graceMs, message: 'FailedPostStartHook' };
  const failure = memory.probed.get(id)?.failure;
  if (!failure) return undefined;
  const what = `${name} failed ${failure.probe} probe`;
  const isReplaced = pod.spec.restartPolicy !== 'Never';
  return {
    graceMs: failure.graceSeconds === undefined ? graceMs : failure.graceSeconds * 1000,
    message:
      listed.role === 'sidecar'
        ? `Init container ${what}`
        : `Container ${what}${isReplaced ? ', will be restarted' : ''}`,
    // It has failed, whatever its exit code will be.
    isReplaced,
  };
}

function planStart(draft: Draft, made: ObservedContainer, { pod, pause, mayStart }: Surroundings): boolean {
  if (mayStart && pause?.state === 'running' && isWired(pod, pause, draft.view.memory))
    draft.add({ kind: 'start', container: made.name, id: made.id });
  return true;
}

function planCreation(
  draft: Draft,
  listed: PodContainer,
  latest: ObservedContainer | undefined,
  { pod, pause }: Surroundings,
): boolean {
  const { containers, memory } = draft.view;
  const { container, role } = listed;
  const { name } = container;
  if (latest?.state === 'created') return true; // of namespaces that are gone, or out of another image: removed first
  // An init container whose turn it is runs again in new namespaces, whatever became of it in the old ones.
  if (latest && role !== 'init' && !isRestarted(pod, role, latest, memory)) return false;
  if (!latest && isLost(pod, containers, name)) return false;
  const before = latest && !isOutdated(listed, latest) ? latest : undefined;
  if (before && isHeldBack(draft, before)) return false;
  const image = hasImage(draft, container);
  if (image !== 'ready') return image === 'coming';
  if (!isFreeOf(draft, memory.problems.get(name))) return false;
  if (!isPrepared(draft) || !pause || (isToldAddress(container) && !isWired(pod, pause, memory))) return true;
  draft.add({
    kind: 'create',
    container: name,
    attempt: nextAttempt(pod, containers, name),
    backoffSeconds: nextBackoffSeconds(before),
    pauseId: pause.id,
  });
  return true;
}

/** Its environment holds the pod's address, which therefore has to be known before the container is made. */
function isToldAddress({ env = [] }: Container): boolean {
  return env.some(({ valueFrom }) => valueFrom?.fieldRef?.fieldPath.startsWith('status.podIP'));
}

function isHeldBack(draft: Draft, ended: ObservedContainer): boolean {
  if (draft.isDue(restartAtMs(ended))) return false;
  if (!draft.view.memory.toldBackoff.has(ended.id))
    draft.add({ kind: 'tellBackoff', container: ended.name, id: ended.id });
  return true;
}

function hasImage(draft: Draft, container: Container): 'ready' | 'coming' | 'failed' {
  const image = imageSituation(draft.view.memory, container);
  if (image?.state === 'ready') return 'ready';
  if (image?.state === 'pulling') return 'coming';
  if (!image || draft.isDue(image.retryAtMs)) {
    draft.add({ kind: 'ensureImage', container: container.name });
    return 'coming';
  }
  if (image.state === 'failed' && !image.told && draft.isDue(image.failedAtMs + pullErrorShownMs))
    draft.add({ kind: 'tellImageBackoff', container: container.name });
  return 'failed';
}

function isFreeOf(draft: Draft, problem: Problem | undefined): boolean {
  return !problem || draft.isDue(problem.retryAtMs);
}
