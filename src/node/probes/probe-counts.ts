// How often each probe of a pod was run, by what it found: what /metrics/probes tells. Ends with the pod.
import type { Pod } from '../../api/kinds/pod.ts';
import { Exposition, type Series } from '../stats/exposition.ts';
import type { ProbeKind, ProbeOutcome } from './probe-outcome.ts';

const resultNames: Record<ProbeOutcome['result'], string> = {
  success: 'successful',
  warning: 'successful',
  failure: 'failed',
  unknown: 'unknown',
};

export class ProbeCounts {
  readonly #counts = new Map<string, { container: string; kind: ProbeKind; result: string; count: number }>();

  add(container: string, kind: ProbeKind, outcome: ProbeOutcome): void {
    const result = resultNames[outcome.result];
    const key = `${container}/${kind}/${result}`;
    const counted = this.#counts.get(key);
    if (counted) counted.count += 1;
    else this.#counts.set(key, { container, kind, result, count: 1 });
  }

  series({ metadata: { name, namespace = '', uid = '' } }: Pod): Series[] {
    return [...this.#counts.values()].map(({ container, kind, result, count }) => ({
      labels: { container, namespace, pod: name, pod_uid: uid, probe_type: probeName(kind), result },
      value: count,
    }));
  }
}

/** As events and metrics call it. */
export function probeName(kind: ProbeKind): string {
  return { startup: 'Startup', readiness: 'Readiness', liveness: 'Liveness' }[kind];
}

export function probeMetrics(series: readonly Series[], nowMs: number): string {
  const out = new Exposition(nowMs);
  const help = 'Cumulative number of a liveness, readiness or startup probe for a container by result.';
  out.family('prober_probe_total', 'counter', help, series, { timed: false });
  return out.text();
}
