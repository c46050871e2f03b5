// What probing is about, in words: which of a container's three probes, and what one run of it found.
import type { Container, Probe } from '../../api/kinds/pod-spec/types.ts';

export type ProbeKind = 'startup' | 'readiness' | 'liveness';

/** "unknown": it could not be probed at all, which says nothing of the container. */
export type ProbeOutcome = { result: 'success' } | { result: 'warning' | 'failure' | 'unknown'; text: string };

/** What one run found, and where it ran a command: when nothing of that is left, which is later if it was given up. */
export type ProbeRun = ProbeOutcome & { ended?: Promise<void> };

export const success: ProbeOutcome = { result: 'success' };
export const failure = (text: string): ProbeOutcome => ({ result: 'failure', text });

export const probeKinds: readonly ProbeKind[] = ['startup', 'readiness', 'liveness'];

export function probeOf(container: Container, kind: ProbeKind): Probe | undefined {
  return container[`${kind}Probe`];
}
