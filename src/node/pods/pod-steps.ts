// How each step of a plan is done. A step may be done again at any time: whatever it makes, it finds when it is there.
import { configMaps } from '../../api/kinds/config-map.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import { secrets } from '../../api/kinds/secret.ts';
import type { Service } from '../../api/kinds/service.ts';
import { serviceAccounts } from '../../api/kinds/service-account.ts';
import { isNotFound } from '../../api/status.ts';
import type { Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import type { PodNetwork } from '../pod-network.ts';
import { ImageNotFound, pauseName, type Runtime } from '../runtime.ts';
import { ConfigProblem, containerEnv, type EnvSources } from './container-env.ts';
import { containerSpec, identityOf } from './container-spec.ts';
import type { ContainerWatch } from './container-watch.ts';
import type { ImagePuller, PullOutcome, PullPolicy } from './image-puller.ts';
import type { PodFiles } from './pod-files.ts';
import { podHostname } from './pod-files.ts';
import type { Step } from './pod-plan.ts';
import type { PodView } from './pod-view.ts';
import type { ProjectionSources } from './projected-volume.ts';
import { MountError, prepareVolumes, renewProjections, volumeMounts } from './volumes.ts';

export interface PodStepsOptions {
  client: Client;
  runtime: Runtime;
  network: PodNetwork;
  watch: ContainerWatch;
  puller: ImagePuller;
  files: PodFiles;
  recorder: EventRecorder;
  clock: Clock;
  hostAddress: string;
  services(): readonly Service[];
}

/** A view of a pod that the API has, or had: orphans know only steps that need no manifest. */
type Work = { uid: string; view: PodView; pod: Pod | undefined; planAgain(): void; signal: AbortSignal };
type Do<K extends Step['kind']> = (step: Extract<Step, { kind: K }>, work: Work) => Promise<void>;

const mountRetryMs = { least: 250, most: 10_000 };
const problemRetryMs = 10_000;

export class PodSteps {
  readonly #options: PodStepsOptions;
  readonly #table: { [K in Step['kind']]: Do<K> };

  constructor(options: PodStepsOptions) {
    this.#options = options;
    const { runtime, network, watch, files, clock } = options;
    this.#table = {
      prepare: async (_, work) => this.#prepare(work),
      renewTokens: async (_, work) => this.#renewTokens(work),
      createPause: async ({ attempt }, { pod }) => {
        const { hostNetwork = false, hostIPC = false } = needed(pod).spec;
        const identity = identityOf(needed(pod), pauseName, attempt);
        watch.put(
          await runtime.createPause({ ...identity, hostname: podHostname(needed(pod)), hostNetwork, hostIpc: hostIPC }),
        );
      },
      startPause: async ({ id }) => {
        const started = await watch.started(id, () => runtime.start(id));
        if (started?.startError) throw new Error(started.startError);
      },
      attach: async ({ pauseId, pid }, { uid, pod, view }) => {
        const address = await network.attach(uid, pid);
        await files.writeHosts(needed(pod), address);
        view.memory.attached = { pauseId, address };
      },
      detach: async (_, { uid, view }) => {
        await network.detach(uid);
        view.memory.attached = undefined;
      },
      ensureImage: async ({ container }, work) => this.#ensureImage(container, work),
      create: async (step, work) => this.#create(step, work),
      start: async ({ id, container }, { pod }) => {
        const started = await watch.started(id, () => runtime.start(id));
        if (started?.startError)
          this.#tell(
            pod,
            container,
            'Warning',
            'Failed',
            `Error: failed to start container "${container}": ${started.startError}`,
          );
        else this.#tell(pod, container, 'Normal', 'Started', `Started container ${container}`);
      },
      stop: async ({ id, container, signal }, { pod, view }) => {
        this.#tell(pod, container, 'Normal', 'Killing', `Stopping container ${container}`);
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
        this.#tell(pod, container, 'Warning', 'BackOff', message);
      },
      tellImageBackoff: async ({ container }, { pod, view }) => {
        const situation = view.memory.images.get(container);
        if (situation?.state === 'failed') situation.told = true;
        const { image } = containerOf(pod, container);
        this.#tell(pod, container, 'Normal', 'BackOff', `Back-off pulling image "${image}"`);
        this.#tell(pod, container, 'Warning', 'Failed', 'Error: ImagePullBackOff');
      },
      tellPauseLost: async (_, { pod }) => {
        const message = 'Pod sandbox changed, it will be killed and re-created.';
        options.recorder.record(needed(pod), { type: 'Normal', reason: 'SandboxChanged', message });
      },
      forget: async (_, work) => this.#forget(work),
    };
  }

  async perform(step: Step, work: Work): Promise<void> {
    const run = this.#table[step.kind] as Do<Step['kind']>;
    try {
      await run(step, work);
    } catch (error) {
      if (work.pod && ['createPause', 'startPause', 'attach'].includes(step.kind)) {
        const message = `Failed to create pod sandbox: ${textOf(error)}`;
        this.#options.recorder.record(work.pod, { type: 'Warning', reason: 'FailedCreatePodSandBox', message });
      }
      throw error;
    }
  }

  async #prepare({ pod, view }: Work): Promise<void> {
    const { files, clock, recorder } = this.#options;
    try {
      await files.prepare(needed(pod));
      await this.#prepareVolumes(needed(pod), view);
      view.memory.prepared = true;
      view.memory.mountProblem = undefined;
    } catch (error) {
      if (!(error instanceof MountError)) throw error;
      const { message } = error;
      // What is missing at first is often about to be made: the pauses grow with what it has waited.
      const waitedMs = clock.now() - view.memory.firstSeenMs;
      const retryMs = Math.min(mountRetryMs.most, Math.max(mountRetryMs.least, waitedMs));
      view.memory.mountProblem = { reason: 'FailedMount', message, retryAtMs: clock.now() + retryMs };
      recorder.record(needed(pod), { type: 'Warning', reason: 'FailedMount', message });
    }
  }

  async #prepareVolumes(pod: Pod, view: PodView): Promise<void> {
    const folder = this.#options.files.folderOf(pod.metadata.uid ?? '');
    const dueMs = await prepareVolumes(pod, folder, this.#projections(pod, view));
    view.memory.renewTokensAtMs = dueMs ?? Number.POSITIVE_INFINITY;
  }

  async #renewTokens({ pod, view }: Work): Promise<void> {
    const { files } = this.#options;
    const folder = files.folderOf(needed(pod).metadata.uid ?? '');
    const dueMs = await renewProjections(needed(pod), folder, this.#projections(needed(pod), view));
    view.memory.renewTokensAtMs = dueMs ?? Number.POSITIVE_INFINITY;
  }

  #projections(pod: Pod, view: PodView): ProjectionSources {
    const { client, clock } = this.#options;
    const { configMap, secret } = this.#sources(pod, view);
    const { name, uid, namespace } = pod.metadata;
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name, uid };
    const account = { namespace, name: pod.spec.serviceAccountName || 'default' };
    return {
      configMap,
      secret,
      token: async (order) => {
        const body = {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { ...order, boundObjectRef },
        };
        const answer = await client.createThrough<{ status: { token: string } }>(
          serviceAccounts,
          account,
          'token',
          body,
        );
        return answer.status.token;
      },
      nowMs: clock.now(),
    };
  }

  async #ensureImage(name: string, work: Work): Promise<void> {
    const { puller } = this.#options;
    const { image = '', imagePullPolicy } = containerOf(work.pod, name);
    const known = await puller.look(image, (imagePullPolicy ?? 'IfNotPresent') as PullPolicy);
    if (known) {
      this.#noteImage(name, image, known, work);
      return;
    }
    this.#tell(work.pod, name, 'Normal', 'Pulling', `Pulling image "${image}"`);
    work.view.memory.images.set(name, { state: 'pulling' });
    // Not awaited: a pull takes as long as it takes, and its pod must be free to be deleted meanwhile.
    void puller.pull(image, work.signal).then((outcome) => {
      this.#noteImage(name, image, outcome, work);
      work.planAgain();
    });
  }

  #noteImage(name: string, image: string, outcome: PullOutcome, { pod, view }: Work): void {
    const { images } = view.memory;
    const failedAtMs = this.#options.clock.now();
    if (outcome.outcome === 'failed') {
      const { message, retryAtMs } = outcome;
      images.set(name, { state: 'failed', message, failedAtMs, retryAtMs, told: false });
      this.#tell(pod, name, 'Warning', 'Failed', `Failed to pull image "${image}": ${message}`);
      this.#tell(pod, name, 'Warning', 'Failed', 'Error: ErrImagePull');
    } else if (outcome.outcome === 'absent') {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      images.set(name, { state: 'refused', message, retryAtMs: failedAtMs + problemRetryMs });
      this.#tell(pod, name, 'Warning', 'ErrImageNeverPull', message);
      this.#tell(pod, name, 'Warning', 'Failed', 'Error: ErrImageNeverPull');
    } else {
      images.set(name, { state: 'ready' });
      const took = outcome.outcome === 'pulled' ? `${(outcome.tookMs / 1000).toFixed(3)}s` : '';
      const message = took
        ? `Successfully pulled image "${image}" in ${took} (${took} including waiting)`
        : `Container image "${image}" already present on machine`;
      this.#tell(pod, name, 'Normal', 'Pulled', message);
    }
  }

  async #create(step: Extract<Step, { kind: 'create' }>, { pod: maybePod, view }: Work): Promise<void> {
    const { runtime, watch, files, clock } = this.#options;
    const pod = needed(maybePod);
    const container = containerOf(pod, step.container);
    const { images, problems } = view.memory;
    try {
      const env = await containerEnv(pod, container, this.#sources(pod, view));
      const folder = files.folderOf(pod.metadata.uid ?? '');
      const mounts = [...files.mounts(pod), ...(await volumeMounts(pod, container, folder))];
      const { attempt, backoffSeconds, pauseId } = step;
      const spec = containerSpec(pod, container, { attempt, backoffSeconds, pauseId, env, mounts });
      watch.put(await runtime.createContainer(spec));
      images.delete(step.container);
      problems.delete(step.container);
      this.#tell(pod, step.container, 'Normal', 'Created', `Created container: ${step.container}`);
    } catch (error) {
      images.delete(step.container);
      if (error instanceof ImageNotFound) return; // removed since it was looked for
      const reason =
        error instanceof ConfigProblem || error instanceof MountError
          ? 'CreateContainerConfigError'
          : 'CreateContainerError';
      problems.set(step.container, { reason, message: textOf(error), retryAtMs: clock.now() + problemRetryMs });
      this.#tell(pod, step.container, 'Warning', 'Failed', `Error: ${textOf(error)}`);
    }
  }

  #sources({ metadata: { namespace } }: Pod, view: PodView): EnvSources {
    const { client, hostAddress, services } = this.#options;
    const orUndefined = (error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    };
    const decoded = (data: Record<string, string> = {}) =>
      Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
    return {
      configMap: (name) =>
        client
          .get(configMaps, { namespace, name })
          .then(({ data = {} }) => data as Record<string, string>, orUndefined),
      secret: (name) =>
        client
          .get(secrets, { namespace, name })
          .then(({ data }) => decoded(data as Record<string, string>), orUndefined),
      services: services(),
      podAddress: view.pod?.spec.hostNetwork ? hostAddress : (view.memory.attached?.address ?? ''),
      hostAddress,
    };
  }

  async #forget({ uid, pod, view }: Work): Promise<void> {
    await this.#options.files.remove(uid);
    if (pod) {
      try {
        await this.#options.client.delete(pods, pod.metadata, { gracePeriodSeconds: 0, uid });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    view.memory.gone = true;
  }

  #tell(pod: Pod | undefined, container: string, type: 'Normal' | 'Warning', reason: string, message: string): void {
    if (!pod) return;
    const list = pod.spec.containers.some(({ name }) => name === container) ? 'containers' : 'initContainers';
    this.#options.recorder.record(pod, { type, reason, message, fieldPath: `spec.${list}{${container}}` });
  }
}

function needed(pod: Pod | undefined): Pod {
  if (!pod) throw new Error('this step needs the manifest of a pod that is gone');
  return pod;
}

function containerOf(pod: Pod | undefined, name: string): Container {
  const { initContainers = [], containers } = needed(pod).spec;
  const found = [...initContainers, ...containers].find((container) => container.name === name);
  if (!found) throw new Error(`the pod has no container ${name}`);
  return found;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message.trim() : String(error);
}
