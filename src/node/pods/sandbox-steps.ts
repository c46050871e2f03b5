// The steps that make and unmake what the containers of a pod share: the pause container and its network.
import type { Pod } from '../../api/kinds/pod.ts';
import { ociRuntimeOf } from './oci-runtime-of.ts';
import { pausesOf } from './pod-progress.ts';
import { sandboxSpec } from './sandbox-spec.ts';
import { type DoStep, needed, type PodStepsOptions, type StepTable, textOf, type Work } from './step.ts';

type SandboxStep = 'createPause' | 'startPause' | 'attach' | 'detach' | 'tellPauseLost';

export function sandboxSteps({
  client,
  runtime,
  watch,
  network,
  files,
  recorder,
}: PodStepsOptions): StepTable<SandboxStep> {
  const telling =
    <K extends SandboxStep>(run: DoStep<K>): DoStep<K> =>
    async (step, work) => {
      try {
        await run(step, work);
      } catch (error) {
        tellFailure(work, error);
        throw error;
      }
    };

  function tellFailure({ pod }: Work, error: unknown): void {
    const message = `Failed to create pod sandbox: ${textOf(error)}`;
    if (pod) recorder.record(pod, { type: 'Warning', reason: 'FailedCreatePodSandBox', message });
  }

  return {
    createPause: telling<'createPause'>(async ({ attempt }, work) => {
      const pod: Pod = needed(work.pod);
      const [before] = pausesOf(work.view.containers);
      const ociRuntime = await ociRuntimeOf(pod, client, before);
      const circumstances = { attempt, hostname: files.hostnameOf(pod), ociRuntime };
      watch.put(await runtime.createPause(sandboxSpec(pod, circumstances)));
    }),
    startPause: telling<'startPause'>(async ({ id }) => {
      const started = await watch.started(id, () => runtime.start(id));
      if (started?.startError) throw new Error(started.startError);
    }),
    attach: telling<'attach'>(async ({ pauseId, pid }, { uid, pod, view }) => {
      const address = await network.attach(uid, pid);
      await files.writeHosts(needed(pod), address);
      view.memory.attached = { pauseId, address };
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
