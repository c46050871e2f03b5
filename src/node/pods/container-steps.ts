// The steps that make, start, end and remove the containers of a pod.
import { posix } from 'node:path';
import type { Pod } from '../../api/kinds/pod.ts';
import { ImageNotFound, type Mount, type ObservedContainer, pauseName } from '../runtime.ts';
import { VolumeProblem } from '../volumes/volume-problem.ts';
import { ConfigProblem, containerEnv } from './container-env.ts';
import { ensureMessageFile, removeContainerFiles } from './container-files.ts';
import { containerSecurity } from './container-security.ts';
import { containerSpec } from './container-spec.ts';
import { objectSources } from './object-sources.ts';
import { targetOf } from './pod-containers.ts';
import { latestOf } from './pod-progress.ts';
import { imageSituation } from './pod-view.ts';
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

type ContainerStep = 'create' | 'start' | 'remove' | 'tellBackoff';

const problemRetryMs = 10_000;
const defaultMessagePath = '/dev/termination-log';

export function containerSteps(options: PodStepsOptions): StepTable<ContainerStep> {
  const { runtime, watch, files, volumes, clock, recorder } = options;

  const create: DoStep<'create'> = async (
    { container: name, attempt, backoffSeconds, pauseId },
    { uid, pod: maybe, view, signal },
  ) => {
    const pod = needed(maybe);
    const container = containerOf(pod, name);
    const { images, problems } = view.memory;
    const found = imageSituation(view.memory, container);
    if (found?.state !== 'ready') return; // what was found meanwhile is planned anew
    try {
      const env = await containerEnv(pod, container, objectSources(options, pod, view));
      const folder = files.folderOf(pod.metadata.uid ?? '');
      const messages = {
        source: await ensureMessageFile(folder, { name, attempt }),
        target: container.terminationMessagePath || defaultMessagePath,
        readOnly: false,
      };
      const wanted = await volumes.mounts(pod, container, { env, signal });
      const mounts = [...notTaken(files.mounts(pod), wanted), ...wanted, ...notTaken([messages], wanted)];
      const { image } = found;
      const { ociRuntime = '' } = watch.get(pauseId) ?? {};
      const facts = await observeSecurity(pod, container, { runtime, image: image.source, ...options.security });
      const security = containerSecurity(pod, container, facts);
      const targetId = targetIdFor(pod, name, view.containers);
      const placement = options.groups.placementOf(pod, container);
      const made = { attempt, backoffSeconds, pauseId, ociRuntime, image, env, mounts };
      const circumstances = { ...made, security, targetId, placement };
      const spec = containerSpec(pod, container, circumstances);
      // Of a pod that was changed the group is told what it is now.
      if (view.memory.agreed) await options.groups.fit(pod, () => watch.of(uid));
      watch.put(await runtime.createContainer(spec));
      images.delete(name);
      problems.delete(name);
      tell(pod, name, 'Normal', 'Created', `Created container: ${name}`);
    } catch (error) {
      images.delete(name);
      if (error instanceof ImageNotFound) return; // removed since it was looked for
      const isOfConfig = error instanceof ConfigProblem || error instanceof VolumeProblem;
      const reason = isOfConfig ? 'CreateContainerConfigError' : 'CreateContainerError';
      problems.set(name, { reason, message: textOf(error), retryAtMs: clock.monotonicMs() + problemRetryMs });
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
    remove: async ({ id }, { uid, view }) => {
      const removed = watch.get(id);
      // One that Docker takes for never started may run, or have left a shim: nobody else would end it, nor an agent that comes
      // later, as it would not know of it any more.
      if (removed?.state === 'created') await runtime.endLost(new Set([id]));
      await watch.removed(id, () => runtime.remove(id));
      if (removed && removed.name !== pauseName) await removeContainerFiles(files.folderOf(uid), removed);
      view.memory.stopping.delete(id);
      view.memory.postStart.delete(id);
      view.memory.probed.delete(id);
      view.memory.resizeProblems.delete(id);
      view.memory.messages.delete(id);
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

/** What a manifest mounts in a place of ours is what it gets. */
function notTaken(ours: Mount[], wanted: readonly Mount[]): Mount[] {
  const taken = new Set(wanted.map(({ target }) => posix.resolve('/', target)));
  return ours.filter(({ target }) => !taken.has(target));
}

/** The container whose processes an ephemeral one is to see: it has to be there, and to run. */
function targetIdFor(pod: Pod, name: string, containers: readonly ObservedContainer[]): string | undefined {
  const target = targetOf(pod, name);
  if (target === undefined) return undefined;
  const found = latestOf(containers, target);
  if (!found) throw new ConfigProblem(`unable to find target container ${target}`);
  if (found.state !== 'running') throw new Error(`cannot join the processes of container ${target}: it does not run`);
  return found.id;
}
