// The steps that make and unmake what the containers of a pod share: the pause container and its network.
import type { Pod } from '../../api/kinds/pod.ts';
import { PodGroupError } from '../resources/pod-groups.ts';
import { portsLedTo } from './host-ports.ts';
import { ociRuntimeOf } from './oci-runtime-of.ts';
import { pausesOf } from './pod-progress.ts';
import { sandboxSpec } from './sandbox-spec.ts';
import { type DoStep, needed, type PodStepsOptions, type StepTable, textOf, type Work } from './step.ts';

type SandboxStep = 'createPause' | 'startPause' | 'attach' | 'detach' | 'tellPauseLost';

/** What is wrong for a moment is tried again soon; a sandbox that never comes to be must not keep the node busy. */
const retryMs = { least: 50, most: 10_000 };

export function sandboxSteps(options: PodStepsOptions): StepTable<SandboxStep> {
  const { client, runtime, watch, network, groups, files, recorder, clock } = options;
  const telling =
    <K extends SandboxStep>(run: DoStep<K>): DoStep<K> =>
    async (step, work) => {
      try {
        await run(step, work);
      } catch (error) {
        tellFailure(work, error);
        const count = (work.view.memory.sandboxProblem?.count ?? 0) + 1;
        const pauseMs = Math.min(retryMs.most, retryMs.least * 2 ** count);
        work.view.memory.sandboxProblem = { count, retryAtMs: clock.monotonicMs() + pauseMs };
        throw error;
      }
    };

  function tellFailure({ pod }: Work, error: unknown): void {
    if (!pod) return;
    const [reason, what] =
      error instanceof PodGroupError
        ? ['FailedCreatePodContainer', 'unable to ensure pod container exists']
        : ['FailedCreatePodSandBox', 'Failed to create pod sandbox'];
    recorder.record(pod, { type: 'Warning', reason, message: `${what}: ${textOf(error)}` });
  }

  return {
    createPause: telling<'createPause'>(async ({ attempt }, work) => {
      const pod: Pod = needed(work.pod);
      // Docker needs it when the container starts: one is made beside the other.
      const grouped = files.claim(pod).then(() => groups.ensure(pod));
      grouped.catch(() => {});
      try {
        const [before] = pausesOf(work.view.containers);
        const ociRuntime = await ociRuntimeOf(pod, client, before);
        const placement = groups.placementOf(pod, undefined);
        const circumstances = { attempt, hostname: files.hostnameOf(pod), ociRuntime, placement };
        watch.put(await runtime.createPause(sandboxSpec(pod, circumstances)));
      } finally {
        // Also where that failed: a pod whose steps are over may be taken away, and what is made after it would stay.
        await grouped;
      }
    }),
    startPause: telling<'startPause'>(async ({ id }, { pod }) => {
      await groups.ensure(needed(pod));
      const started = await watch.started(id, () => runtime.start(id));
      if (started?.startError) throw new Error(started.startError);
    }),
    attach: telling<'attach'>(async ({ pauseId, pid }, { uid, pod, view }) => {
      const address = await network.attach(uid, pid);
      await network.guard(uid, address, needed(pod));
      const ports = portsLedTo(needed(pod));
      if (ports.length > 0) await network.openPorts(uid, address, ports);
      await files.writeHosts(needed(pod), address);
      view.memory.attached = { pauseId, address };
      view.memory.sandboxProblem = undefined;
    }),
    detach: async (_, { uid, view }) => {
      await network.detach(uid);
      view.memory.attached = undefined;
    },
    tellPauseLost: async (_, { pod }) => {
      const message = 'Pod sandbox changed, it will be killed and re-created.';
      recorder.record(needed(pod), { type: 'Normal', reason: 'SandboxChanged', message });
    },
  };
}
