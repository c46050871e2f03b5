// How long a pod may take to be well again: half a minute, and before it what Kubernetes itself would make it wait.
import type { Pod } from '../../src/api/kinds/pod.ts';

const recoveryMs = 30_000;
/** The longest pause between two pulls. */
const pullBackoffMs = 300_000;

export function readyByMs({ status }: Pod, lastFaultMs: number): number {
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const dueMs = statuses.map(({ state, lastState }) => {
    const { reason, message = '' } = state?.waiting ?? {};
    if (reason === 'ImagePullBackOff') return lastFaultMs + pullBackoffMs;
    if (reason !== 'CrashLoopBackOff') return 0;
    const [, minutes = '0', seconds = '0'] = /back-off (?:(\d+)m)?(\d+)s/.exec(message) ?? [];
    const endedMs = Date.parse(lastState?.terminated?.finishedAt ?? '') || lastFaultMs;
    return endedMs + (Number(minutes) * 60 + Number(seconds)) * 1000;
  });
  return Math.max(lastFaultMs, ...dueMs) + recoveryMs;
}
