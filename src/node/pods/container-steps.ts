// The steps that make, start, end and remove the containers of a pod.
import { ImageNotFound } from '../runtime.ts';
import { ConfigProblem, containerEnv } from './container-env.ts';
import { containerSecurity } from './container-security.ts';
import { containerSpec } from './container-spec.ts';
import { objectSources } from './object-sources.ts';
import { observeSecurity } from './security-facts.ts';
import {
  containerOf,
  type DoStep,
  needed,
  type PodStepsOptions,
  type StepTable,
  tellOfContainer,
  textOf,
  type Work,
} from './step.ts';
import { MountError, volumeMounts } from './volumes.ts';

type ContainerStep = 'create' | 'start' | 'stop' | 'kill' | 'remove' | 'tellBackoff';

const problemRetryMs = 10_000;

export function containerSteps(options: PodStepsOptions): StepTable<ContainerStep> {
  const { runtime, watch, files, clock, recorder } = options;

  const create: DoStep<'create'> = async (
    { container: name, attempt, backoffSeconds, pauseId },
    { pod: maybe, view },
  ) => {
    const pod = needed(maybe);
    const container = containerOf(pod, name);
    const { images, problems } = view.memory;
    const found = images.get(name);
    if (found?.state !== 'ready') return; // what was found meanwhile is planned anew
    try {
      const env = await containerEnv(pod, container, objectSources(options, pod, view));
      const folder = files.folderOf(pod.metadata.uid ?? '');
      const mounts = [...files.mounts(pod), ...(await volumeMounts(pod, container, folder))];
      const { image } = found;
      const facts = await observeSecurity(pod, container, { runtime, image: image.source, ...options.security });
      const security = containerSecurity(pod, container, facts);
      const spec = containerSpec(pod, container, { attempt, backoffSeconds, pauseId, image, env, mounts, security });
      watch.put(await runtime.createContainer(spec));
      images.delete(name);
      problems.delete(name);
      tell(pod, name, 'Normal', 'Created', `Created container: ${name}`);
    } catch (error) {
      images.delete(name);
      if (error instanceof ImageNotFound) return; // removed since it was looked for
      const isOfConfig = error instanceof ConfigProblem || error instanceof MountError;
      const reason = isOfConfig ? 'CreateContainerConfigError' : 'CreateContainerError';
      problems.set(name, { reason, message: textOf(error), retryAtMs: clock.now() + problemRetryMs });
      tell(pod, name, 'Warning', 'Failed', `Error: ${textOf(error)}`);
    }
  };

  const start: DoStep<'start'> = async ({ id, container }, { pod }) => {
    const { startError } = (await watch.started(id, () => runtime.start(id))) ?? {};
    if (startError)
      tell(pod, container, 'Warning', 'Failed', `Error: failed to start container "${container}": ${startError}`);
    else tell(pod, container, 'Normal', 'Started', `Started container ${container}`);
  };

  function tell(
    pod: Work['pod'],
    container: string,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void {
    tellOfContainer(recorder, pod, { container, type, reason, message });
  }

  return {
    create,
    start,
    stop: async ({ id, container, signal }, { pod, view }) => {
      tell(pod, container, 'Normal', 'Killing', `Stopping container ${container}`);
      view.memory.stopping.set(id, { sinceMs: clock.now(), killedMs: undefined });
      await runtime.signal(id, signal);
    },
    kill: async ({ id }, { view }) => {
      const sinceMs = view.memory.stopping.get(id)?.sinceMs ?? clock.now();
      view.memory.stopping.set(id, { sinceMs, killedMs: clock.now() });
      await runtime.signal(id, 'SIGKILL');
    },
    remove: async ({ id }, { view }) => {
      await runtime.remove(id);
      watch.drop(id);
      view.memory.stopping.delete(id);
      view.memory.toldBackoff.delete(id);
    },
    tellBackoff: async ({ container, id }, { pod, view }) => {
      view.memory.toldBackoff.add(id);
      const { name, namespace, uid } = needed(pod).metadata;
      const message = `Back-off restarting failed container ${container} in pod ${name}_${namespace}(${uid})`;
      tell(pod, container, 'Warning', 'BackOff', message);
    },
  };
}
