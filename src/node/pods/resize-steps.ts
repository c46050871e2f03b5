// The step that gives a container what was agreed while it runs. What cannot be given is told, and tried again later: the
// container goes on with what it has, and nothing else of its pod waits for it.
import type { Pod } from '../../api/kinds/pod.ts';
import { containerResources } from '../resources/container-resources.ts';
import type { ObservedContainer } from '../runtime.ts';
import { groupOf, readUsage } from '../stats/control-group.ts';
import { containerOf, type DoStep, needed, type PodStepsOptions, type StepTable, textOf } from './step.ts';

const retryMs = 30_000;

export function resizeSteps({
  runtime,
  watch,
  groups,
  recorder,
  clock,
}: Pick<PodStepsOptions, 'runtime' | 'watch' | 'groups' | 'recorder' | 'clock'>): StepTable<'resize'> {
  const resize: DoStep<'resize'> = async ({ id, container: name }, { uid, pod: maybe, view }) => {
    const pod = needed(maybe);
    const { resizeProblems } = view.memory;
    const fit = () => groups.fit(pod, () => watch.of(uid));
    try {
      const wanted = containerResources(containerOf(pod, name));
      await checkMemory(watch.get(id), wanted.memoryBytes);
      await fit();
      await runtime.resize(id, wanted);
      const resized = await runtime.inspect(id);
      if (resized) watch.put(resized);
      await fit();
      resizeProblems.delete(id);
    } catch (error) {
      const message = textOf(error);
      if (!resizeProblems.has(id)) tellError(pod, message);
      resizeProblems.set(id, { reason: 'Error', message, retryAtMs: clock.monotonicMs() + retryMs });
    }
  };

  function tellError(pod: Pod, error: string): void {
    const containers = pod.spec.containers.map(({ name, resources }) => ({ name, resources }));
    const told = JSON.stringify({ containers, generation: pod.metadata.generation, error });
    recorder.record(pod, { type: 'Warning', reason: 'ResizeError', message: `Pod resize error: ${told}` });
  }

  return { resize };
}

/** The kernel ends a container that has more already. Of files only those count with which it works. */
async function checkMemory(found: ObservedContainer | undefined, wantedBytes: number | undefined): Promise<void> {
  const { memoryBytes = Number.POSITIVE_INFINITY } = found?.resources ?? {};
  if (!found || wantedBytes === undefined || wantedBytes >= memoryBytes) return;
  const group = await groupOf(found.pid);
  const { workingSetBytes = 0 } = (group && (await readUsage(group))) ?? {};
  if (workingSetBytes <= wantedBytes) return;
  const amounts = `memory limit (${wantedBytes}) below current usage (${workingSetBytes})`;
  throw new Error(`cannot decrease memory limits: attempting to set container "${found.name}" ${amounts}`);
}
