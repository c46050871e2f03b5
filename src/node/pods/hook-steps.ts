// The step that runs a postStart hook. It is not waited for: a hook takes as long as it takes, and its pod must be free to
// be looked after meanwhile. That it is through stands in a file, for an agent that comes later.
import { isHooked, noteHooked } from './container-files.ts';
import { runHook } from './lifecycle-hook.ts';
import { containerOf, type DoStep, needed, type PodStepsOptions, type StepTable, tellOfContainer } from './step.ts';

export function hookSteps({ runtime, clock, files, recorder }: PodStepsOptions): StepTable<'postStart'> {
  const postStart: DoStep<'postStart'> = async ({ id, container: name }, { uid, view, signal, planAgain, ...work }) => {
    const pod = needed(work.pod);
    const container = containerOf(pod, name);
    const { memory, containers } = view;
    const hook = container.lifecycle?.postStart;
    const which = { name, attempt: containers.find((made) => made.id === id)?.attempt ?? 0 };
    const folder = files.folderOf(uid);
    if (!hook || (await isHooked(folder, which))) {
      memory.postStart.set(id, { state: 'done', message: '' });
      return;
    }
    memory.postStart.set(id, { state: 'running', message: '' });
    void runHook(hook, { pod, container, id, address: memory.attached?.address }, { runtime, clock, signal })
      .then(() => noteHooked(folder, which))
      .then(
        () => {
          memory.postStart.set(id, { state: 'done', message: '' });
        },
        (error: Error) => {
          memory.postStart.set(id, { state: 'failed', message: error.message });
          // What the hook said may hold a secret.
          const event = { type: 'Warning', reason: 'FailedPostStartHook', message: 'PostStartHook failed' } as const;
          if (!signal.aborted) tellOfContainer(recorder, pod, { container: name, ...event });
        },
      )
      .finally(planAgain);
  };

  return { postStart };
}
