// The steps that bring a container to its end, in the order in which the stop plan asks for them.
import { runHook } from './lifecycle-hook.ts';
import type { Stopping } from './pod-view.ts';
import {
  containerOf,
  type DoStep,
  needed,
  type PodStepsOptions,
  type StepTable,
  tellOfContainer,
  type Work,
} from './step.ts';

export function stopSteps(
  options: PodStepsOptions,
): StepTable<'stop' | 'shortenGrace' | 'terminate' | 'kill' | 'tellDeadline'> {
  const { runtime, clock, recorder } = options;

  const stop: DoStep<'stop'> = async ({ id, container, graceMs, message, isReplaced, runsHook }, work) => {
    tellOfContainer(recorder, work.pod, { container, type: 'Normal', reason: 'Killing', message });
    const stopping: Stopping = {
      sinceMs: clock.monotonicMs(),
      graceMs,
      isReplaced,
      inHook: runsHook,
      signalledMs: undefined,
      killedMs: undefined,
    };
    work.view.memory.stopping.set(id, stopping);
    if (runsHook) runPreStop({ id, container }, stopping, work);
  };

  /** Not waited for: when it is through, or the grace is over, the container is signalled. */
  function runPreStop(of: { id: string; container: string }, stopping: Stopping, work: Work): void {
    const { view, signal, planAgain } = work;
    const pod = needed(work.pod);
    const container = containerOf(pod, of.container);
    const hook = container.lifecycle?.preStop ?? {};
    void runHook(
      hook,
      { pod, container, id: of.id, address: view.memory.attached?.address },
      { runtime, clock, signal },
    )
      .catch(() => {
        const event = { type: 'Warning', reason: 'FailedPreStopHook', message: 'PreStopHook failed' } as const;
        if (!signal.aborted) tellOfContainer(recorder, pod, { container: of.container, ...event });
      })
      .finally(() => {
        stopping.inHook = false;
        planAgain();
      });
  }

  function note(id: string, { view }: Work, changes: Partial<Stopping>): void {
    const stopping = view.memory.stopping.get(id);
    if (stopping) Object.assign(stopping, changes);
  }

  return {
    stop,
    // The new grace counts from now on.
    shortenGrace: async ({ id, graceMs }, work) => note(id, work, { graceMs, sinceMs: clock.monotonicMs() }),
    terminate: async ({ id, signal }, work) => {
      note(id, work, { signalledMs: clock.monotonicMs() });
      await runtime.signal(id, signal).catch((error: unknown) => {
        // Tried again as long as there is time: who does not hear that it is to end is killed in the midst of its work.
        const { sinceMs = 0, graceMs = 0 } = work.view.memory.stopping.get(id) ?? {};
        if (clock.monotonicMs() < sinceMs + graceMs) note(id, work, { signalledMs: undefined });
        throw error;
      });
    },
    kill: async ({ id }, work) => {
      note(id, work, { killedMs: clock.monotonicMs() });
      await runtime.signal(id, 'SIGKILL');
    },
    tellDeadline: async (_, { pod, view }) => {
      view.memory.toldDeadline = true;
      const message = 'Pod was active on the node longer than the specified deadline';
      recorder.record(needed(pod), { type: 'Normal', reason: 'DeadlineExceeded', message });
    },
  };
}
