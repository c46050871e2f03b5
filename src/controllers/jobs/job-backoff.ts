// How long a job waits before it makes the next pod after failures: ten seconds, then twice as long each time until one
// succeeds, ten minutes at most. Pure.
import type { Pod } from '../../api/kinds/pod.ts';
import { endedAtMs } from './job-pods.ts';

const firstMs = 10_000;
const ceilingMs = 10 * 60_000;

export interface FailureRecord {
  /** Since the last success. */
  failures: number;
  lastMs: number;
}

export const noFailures: FailureRecord = { failures: 0, lastMs: 0 };

/** The record when these pods have ended, too. */
export function recordOutcomes(
  record: FailureRecord,
  succeeded: readonly Pod[],
  failed: readonly Pod[],
): FailureRecord {
  const lastSuccessMs = Math.max(...succeeded.map(endedAtMs), Number.NEGATIVE_INFINITY);
  const laterMs = failed.map(endedAtMs).filter((endedMs) => endedMs >= lastSuccessMs);
  const before = succeeded.length > 0 ? noFailures : record;
  return { failures: before.failures + laterMs.length, lastMs: Math.max(before.lastMs, ...laterMs) };
}

/** Milliseconds until the next pod may be made; 0 now. */
export function backoffMs({ failures, lastMs }: FailureRecord, nowMs: number): number {
  if (failures === 0) return 0;
  const delayMs = Math.min(ceilingMs, firstMs * 2 ** (failures - 1));
  // A clock that was set back makes nobody wait for longer than from now on.
  return Math.max(0, Math.min(delayMs, lastMs + delayMs - nowMs));
}
