// Probes the running containers of this node's pods. What it finds stands in the memory of the pod, by container id; the
// pod is planned anew when a verdict changes. Whoever starts, stops or removes containers need not know of it.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-spec/types.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import type { Clock } from '../../base/clock.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import { podContainers } from '../pods/pod-containers.ts';
import { isOver, latestOf } from '../pods/pod-progress.ts';
import type { PodView } from '../pods/pod-view.ts';
import { tellOfContainer } from '../pods/step.ts';
import type { ObservedContainer, Runtime } from '../runtime.ts';
import type { Series } from '../stats/exposition.ts';
import { Gate } from './gate.ts';
import { ProbeCounts, probeName } from './probe-counts.ts';
import { dueProbes, type ProbeFindings, probedOf, toldFindings } from './probe-findings.ts';
import { type ProbeKind, type ProbeOutcome, probeKinds, probeOf } from './probe-outcome.ts';
import { counted, emptyTally, firstRunMs } from './probe-tally.ts';
import { ProbeWorker } from './probe-worker.ts';
import { type ProbeTools, runProbe } from './run-probe.ts';

const execsAtOnce = 10;

export interface ProberOptions {
  runtime: Runtime;
  clock: Clock;
  recorder: EventRecorder;
  hostAddress: string;
  onVerdict(podUid: string): void;
}

/** What is known of one pod's containers, by container id, and the probes that run. */
interface Followed {
  pod: Pod;
  counts: ProbeCounts;
  found: Map<string, ProbeFindings>;
  /** By container id and kind of probe. */
  workers: Map<string, ProbeWorker>;
}

/** A container that runs, and may be probed. */
interface Running {
  pod: Pod;
  container: Container;
  observed: ObservedContainer;
}

export class Prober {
  readonly #options: ProberOptions;
  readonly #tools: ProbeTools;
  readonly #startedAtMs: number;
  readonly #pods = new Map<string, Followed>();

  constructor(options: ProberOptions) {
    const { runtime, clock } = options;
    this.#options = options;
    this.#tools = { runtime, clock, execs: new Gate(execsAtOnce) };
    this.#startedAtMs = clock.monotonicMs();
  }

  /** Starts and stops the pod's probes as its containers and findings ask for. Whoever looks at the pod does this first. */
  follow(uid: string, view: PodView): void {
    const followed = this.#pods.get(uid) ?? begun(view);
    if (!followed) return;
    const { found, workers } = followed;
    const isEnding = !view.pod || isBeingDeleted(view.pod) || isOver(view.pod, view, this.#options.clock.monotonicMs());
    const due = new Map<string, () => ProbeWorker>();
    for (const running of runningIn(view)) {
      const { pod, container, observed } = running;
      const address = this.#addressOf(view);
      if (address === undefined) continue;
      const findings = found.get(observed.id) ?? toldOf(pod, observed.id);
      found.set(observed.id, findings);
      view.memory.probed.set(observed.id, probedOf(container, findings));
      for (const kind of dueProbes(container, findings, isEnding))
        due.set(`${observed.id}/${kind}`, () => this.#start(kind, running, { uid, address, followed }));
    }
    for (const id of found.keys()) if (!view.containers.some((container) => container.id === id)) found.delete(id);
    for (const [key, worker] of workers) {
      if (due.has(key)) continue;
      worker.stop();
      workers.delete(key);
    }
    for (const [key, start] of due) if (!workers.has(key)) workers.set(key, start());
    if (found.size > 0) this.#pods.set(uid, followed);
    else this.#pods.delete(uid);
  }

  /** How often each probe was run. */
  counts(): Series[] {
    return [...this.#pods.values()].flatMap(({ pod, counts }) => counts.series(pod));
  }

  stop(): void {
    for (const { workers } of this.#pods.values()) for (const worker of workers.values()) worker.stop();
    this.#pods.clear();
  }

  #addressOf({ pod, memory }: PodView): string | undefined {
    return pod?.spec.hostNetwork ? this.#options.hostAddress : (memory.attached?.address ?? pod?.status.podIP);
  }

  #start(
    kind: ProbeKind,
    { pod, container, observed }: Running,
    { uid, address, followed }: { uid: string; address: string; followed: Followed },
  ): ProbeWorker {
    const { clock, onVerdict } = this.#options;
    const nowMs = clock.monotonicMs();
    const { id, startedMs = nowMs } = observed;
    const probe = probeOf(container, kind) ?? {};
    const isFoundAtStart = startedMs < this.#startedAtMs;
    const timing = { ageMs: nowMs - startedMs, isFoundAtStart, random: Math.random() };
    let tally = emptyTally;
    return new ProbeWorker({
      probe,
      firstMs: firstRunMs(kind, probe, timing),
      clock,
      run: (signal) => runProbe(probe, { containerId: id, container, address }, this.#tools, signal),
      onOutcome: (outcome) => {
        followed.counts.add(container.name, kind, outcome);
        this.#tell(kind, pod, container, outcome);
        const count = counted(tally, outcome, probe);
        tally = count.tally;
        const before = followed.found.get(id);
        if (!before || !count.verdict || before[kind] === count.verdict) return;
        followed.found.set(id, { ...before, [kind]: count.verdict });
        onVerdict(uid);
      },
    });
  }

  #tell(kind: ProbeKind, pod: Pod, container: Container, outcome: ProbeOutcome): void {
    if (outcome.result === 'success') return;
    const { reason, how } = tellings[outcome.result];
    const message = `${probeName(kind)} probe ${how}: ${outcome.text}`;
    tellOfContainer(this.#options.recorder, pod, { container: container.name, type: 'Warning', reason, message });
  }
}

const tellings = {
  failure: { reason: 'Unhealthy', how: 'failed' },
  warning: { reason: 'ProbeWarning', how: 'warning' },
  unknown: { reason: 'Unhealthy', how: 'errored and resulted in unknown state' },
} as const;

const hasProbe = (container: Container) => probeKinds.some((kind) => probeOf(container, kind));

/** Undefined for a pod that is gone, or has nothing to be probed. */
function begun({ pod }: PodView): Followed | undefined {
  if (!pod || !podContainers(pod).some(({ container }) => hasProbe(container))) return undefined;
  return { pod, counts: new ProbeCounts(), found: new Map(), workers: new Map() };
}

/** Until its postStart hook is through a container does not count as running. */
function runningIn({ pod, containers, memory }: PodView): Running[] {
  if (!pod) return [];
  return podContainers(pod).flatMap(({ container }) => {
    const observed = hasProbe(container) ? latestOf(containers, container.name) : undefined;
    if (observed?.state !== 'running') return [];
    const isInHook = container.lifecycle?.postStart && memory.postStart.get(observed.id)?.state !== 'done';
    return isInHook ? [] : [{ pod, container, observed }];
  });
}

/** Of a container that an agent before this one has probed. */
function toldOf({ status }: Pod, id: string): ProbeFindings {
  const { containerStatuses = [], initContainerStatuses = [] } = status;
  const told = [...containerStatuses, ...initContainerStatuses].find(({ containerID }) => containerID?.endsWith(id));
  return told ? toldFindings(told) : {};
}
