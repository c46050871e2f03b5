// What the probes of one running container have found so far, and what follows: whether it has started, whether it is
// ready, which probe condemns it, and which of its probes go on. Pure; what is remembered is by container id.
import type { ContainerStatus } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-spec/types.ts';
import type { Probed } from '../pods/pod-view.ts';
import { type ProbeKind, probeKinds, probeOf } from './probe-outcome.ts';

export type Verdict = 'success' | 'failure';
/** Without a verdict a probe has not come to its threshold yet: not started, not ready, and not dead. */
export type ProbeFindings = { [Kind in ProbeKind]?: Verdict };

export function isStarted(container: Container, found: ProbeFindings): boolean {
  return !container.startupProbe || found.startup === 'success';
}

export function isReady(container: Container, found: ProbeFindings): boolean {
  return isStarted(container, found) && (!container.readinessProbe || found.readiness === 'success');
}

/** The probe for which the container has to end. */
export function condemningProbe(
  container: Container,
  found: ProbeFindings,
): Exclude<ProbeKind, 'readiness'> | undefined {
  if (container.livenessProbe && found.liveness === 'failure') return 'liveness';
  return container.startupProbe && found.startup === 'failure' ? 'startup' : undefined;
}

/** What its pod is planned by. */
export function probedOf(container: Container, found: ProbeFindings): Probed {
  const probe = condemningProbe(container, found);
  const graceSeconds = probe && probeOf(container, probe)?.terminationGracePeriodSeconds;
  return {
    started: isStarted(container, found),
    ready: isReady(container, found),
    ...(probe && { failure: { probe, ...(graceSeconds !== undefined && { graceSeconds }) } }),
  };
}

/** What an agent that has just started may take over: what the API was told of this very container. */
export function toldFindings({ started, ready }: Pick<ContainerStatus, 'started' | 'ready'>): ProbeFindings {
  return { ...(started && { startup: 'success' }), ...(ready && { readiness: 'success' }) };
}

/** The probes that run now. Until a container has started only that is probed; who is being ended is not killed for it. */
export function dueProbes(container: Container, found: ProbeFindings, isPodEnding: boolean): ProbeKind[] {
  if (condemningProbe(container, found))
    return container.readinessProbe && isStarted(container, found) ? ['readiness'] : [];
  const due = (kind: ProbeKind): boolean => {
    if (isPodEnding && kind !== 'readiness') return false;
    return (kind === 'startup') !== isStarted(container, found);
  };
  return probeKinds.filter((kind) => probeOf(container, kind) && due(kind));
}
