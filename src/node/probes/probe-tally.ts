// Counts what a probe finds until its thresholds make a verdict of it, and says when it runs first. Pure.
import type { Probe } from '../../api/kinds/pod-spec/types.ts';
import type { Verdict } from './probe-findings.ts';
import type { ProbeKind, ProbeOutcome } from './probe-outcome.ts';

/** How often in a row the same was found. */
export interface Tally {
  last: Verdict | undefined;
  run: number;
}

export const emptyTally: Tally = { last: undefined, run: 0 };

/** A run that found out nothing neither counts nor breaks a row. */
export function counted(
  { last, run }: Tally,
  { result }: ProbeOutcome,
  { successThreshold = 1, failureThreshold = 3 }: Probe,
): { tally: Tally; verdict: Verdict | undefined } {
  if (result === 'unknown') return { tally: { last, run }, verdict: undefined };
  const found = result === 'failure' ? 'failure' : 'success';
  const tally = { last: found, run: found === last ? run + 1 : 1 } as const;
  const isEnough = tally.run >= (found === 'success' ? successThreshold : failureThreshold);
  return { tally, verdict: isEnough ? found : undefined };
}

export const periodMs = ({ periodSeconds = 10 }: Probe) => Math.max(1, periodSeconds) * 1000;

/**
 * How long from now until the first run. Who waits for readiness is asked at once; liveness comes at some time of the
 * second half of its first period. What an agent finds when it starts is probed over one period, not all together.
 */
export function firstRunMs(
  kind: ProbeKind,
  probe: Probe,
  { ageMs, isFoundAtStart, random }: { ageMs: number; isFoundAtStart: boolean; random: number },
): number {
  const period = periodMs(probe);
  // A clock that was set back must not make the delay longer.
  const delayMs = (probe.initialDelaySeconds ?? 0) * 1000 - Math.max(0, ageMs);
  if (isFoundAtStart) return Math.max(delayMs, random * period);
  const soonestMs = kind === 'liveness' ? (0.5 + random / 2) * period : 0;
  return Math.max(delayMs, soonestMs);
}
