// How long a pod may take to be well again: its time of recovery, and before it what Kubernetes itself would make it wait.
import type { ContainerStatus, Pod } from '../../src/api/kinds/pod.ts';

/** The longest pause between two pulls. */
const pullBackoffMs = 300_000;
const longestBackoffSeconds = 300;

export function readyByMs({ status }: Pod, lastFaultMs: number, recoveryMs: number): number {
  const { initContainerStatuses: inits = [], containerStatuses = [] } = status;
  const dueMs = [...inits, ...containerStatuses].map((container) => toldDueMs(container, lastFaultMs));
  return Math.max(lastFaultMs, ...dueMs, ...inits.map(untoldDueMs)) + recoveryMs;
}

function toldDueMs({ state, lastState }: ContainerStatus, lastFaultMs: number): number {
  const { reason, message = '' } = state?.waiting ?? {};
  if (reason === 'ImagePullBackOff') return lastFaultMs + pullBackoffMs;
  if (reason !== 'CrashLoopBackOff') return 0;
  const [, minutes = '0', seconds = '0'] = /back-off (?:(\d+)m)?(\d+)s/.exec(message) ?? [];
  const endedMs = Date.parse(lastState?.terminated?.finishedAt ?? '') || lastFaultMs;
  return endedMs + (Number(minutes) * 60 + Number(seconds)) * 1000;
}

/**
 * In new namespaces init containers run again, and a kubelet holds them back as all others, also where they had succeeded.
 * It says nothing of that: such a container is told as completed, so that its back-off can only be reckoned by its restarts.
 */
function untoldDueMs({ state, restartCount }: ContainerStatus): number {
  if (!state?.terminated || restartCount === 0) return 0;
  const backoffSeconds = Math.min(longestBackoffSeconds, 10 * 2 ** (restartCount - 1));
  return Date.parse(state.terminated.finishedAt ?? '') + backoffSeconds * 1000 || 0;
}
