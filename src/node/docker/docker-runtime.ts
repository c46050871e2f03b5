// The Runtime on Docker Engine 20.10 to 29, the only place that speaks to it.
import type Docker from 'dockerode';
import { type Clock, systemClock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { GroupDriver } from '../resources/group-driver.ts';
import {
  type ContainerIdentity,
  type ContainerResources,
  type ContainerSpec,
  type ExecOptions,
  type ExecOutcome,
  ImageNotFound,
  type JoinedProcess,
  type JoinedStreams,
  type LogOptions,
  type ObservedContainer,
  type PauseSpec,
  pauseName,
  type Runtime,
  type RuntimeEvent,
  type StartedProcess,
} from '../runtime.ts';
import { readOnlyBelowApi } from './bind-mount.ts';
import {
  containerConfig,
  type LogLimits,
  labels,
  type Maker,
  pauseConfig,
  resourcesConfig,
  usualLogLimits,
} from './container-config.ts';
import { type Deadlines, openDocker } from './deadlines.ts';
import { codeOf, conflict, notFound, wordsOf } from './docker-errors.ts';
import { execIn } from './docker-exec.ts';
import { jsonLines } from './docker-streams.ts';
import { attach, startProcess } from './joined-process.ts';
import { logContents } from './json-log.ts';
import { readRotated } from './log-files.ts';
import { LostTasks } from './lost-tasks.ts';
import { made, observed, unseen } from './observed.ts';
import { OciRuntimes } from './oci-runtimes.ts';
import type { Owner } from './owner.ts';
import { ensurePauseImage, ownPauseImage } from './pause-image.ts';
import { processUser } from './process-user.ts';
import { UnseenExits } from './unseen-exits.ts';

/** The newest API that this was written against; an older Docker is spoken to in its own. */
const newestApi = [1, 47] as const;

interface GroupInfo {
  CgroupDriver: string;
  /** Docker before 20.10 knows the first version alone, and does not say so. */
  CgroupVersion?: string;
}

export interface DockerRuntimeOptions {
  socketPath: string;
  owner: Owner;
  log: Log;
  /** The pause container's image, where it is not to be our own. */
  pauseImage?: string | undefined;
  /** The program that runs containers, where it is not to be Docker's default. */
  ociRuntime?: string | undefined;
  clock?: Clock;
  deadlines?: Deadlines;
  /** Of containers that are made from now on. */
  logLimits?: LogLimits;
}

export class DockerRuntime implements Runtime {
  readonly #docker: Docker;
  readonly #owner: Owner;
  readonly #log: Log;
  readonly #logLimits: LogLimits;
  readonly #clock: Clock;
  #maker: Promise<Maker> | undefined;
  readonly #heardOverdue: (() => void)[] = [];
  readonly #lostTasks: LostTasks;
  readonly #unseenExits: UnseenExits;
  readonly #pauseImage: string;
  readonly #ociRuntime: string;
  readonly #ociRuntimes: OciRuntimes;

  constructor(options: DockerRuntimeOptions) {
    const { socketPath, owner, log, logLimits = usualLogLimits, clock = systemClock, deadlines } = options;
    const onOverdue = () => {
      for (const heard of this.#heardOverdue) heard();
    };
    this.#docker = openDocker({ socketPath, clock, deadlines, onOverdue });
    this.#lostTasks = new LostTasks({ clock, log });
    this.#unseenExits = new UnseenExits(this.#docker, log);
    this.#owner = owner;
    this.#pauseImage = options.pauseImage ?? ownPauseImage;
    this.#ociRuntime = options.ociRuntime ?? '';
    this.#ociRuntimes = new OciRuntimes(this.#docker);
    this.#log = log;
    this.#logLimits = logLimits;
    this.#clock = clock;
  }

  async ping(): Promise<void> {
    await this.#docker.ping();
  }

  onOverdue(heard: () => void): void {
    this.#heardOverdue.push(heard);
  }

  async version(): Promise<string> {
    const { Version, ApiVersion } = await this.#docker.version();
    (this.#docker.modem as { version?: string }).version = `v${negotiatedApi(ApiVersion)}`;
    return `docker://${Version}`;
  }

  async list(known: (id: string) => ObservedContainer | undefined): Promise<ObservedContainer[]> {
    const listed = await this.#docker.listContainers({ all: true, filters: JSON.stringify(this.#ours()) });
    const found = await Promise.all(
      listed.map(async (info) => {
        const before = known(info.Id);
        if (before?.state === info.State) return before;
        return await this.#look(info.Id).catch((error: unknown) => {
          this.#log.warn('cannot look at a container', { container: info.Id, error });
          return unseen(info);
        });
      }),
    );
    return this.#unseenExits.corrected(found.filter((container) => container !== undefined));
  }

  async inspect(id: string): Promise<ObservedContainer | undefined> {
    const found = await this.#look(id);
    return found && (await this.#unseenExits.corrected([found]))[0];
  }

  async #look(id: string): Promise<ObservedContainer | undefined> {
    try {
      const info = await this.#docker.getContainer(id).inspect();
      const isOurApp = info.State.Running && info.Config.Labels[labels.name] !== pauseName;
      const user = isOurApp ? processUser(info.State.Pid) : undefined;
      return observed(info, this.#clock, user);
    } catch (error) {
      if (codeOf(error) === notFound) return undefined;
      throw error;
    }
  }

  async events(signal: AbortSignal): Promise<AsyncIterable<RuntimeEvent>> {
    await this.version();
    this.#unseenExits.listensAnew();
    const filters = { ...this.#ours(), type: ['container'], event: ['start', 'die', 'oom', 'destroy'] };
    // Docker answers a moment before it listens: what happened meanwhile is asked for too, and told twice at worst.
    const since = Math.floor(Date.now() / 1000) - 2;
    const stream = (await this.#docker.getEvents({
      since,
      filters: JSON.stringify(filters),
      abortSignal: signal,
    })) as NodeJS.ReadableStream & AsyncIterable<Uint8Array> & { destroy(): void };
    const destroy = () => stream.destroy();
    signal.addEventListener('abort', destroy, { once: true });
    stream.once('close', () => signal.removeEventListener('abort', destroy));
    return eventsOf(stream, this.#unseenExits);
  }

  async createPause(spec: PauseSpec): Promise<ObservedContainer> {
    const identity = { ...spec, name: pauseName };
    const ociRuntime = spec.ociRuntime || this.#ociRuntime;
    if (ociRuntime) await this.#ociRuntimes.check(ociRuntime);
    const config = pauseConfig({ ...spec, ociRuntime }, await this.#made());
    try {
      return await this.#create(identity, config);
    } catch (error) {
      if (!(error instanceof ImageNotFound)) throw error;
      await ensurePauseImage(this.#docker, this.#pauseImage);
      return this.#create(identity, config);
    }
  }

  async createContainer(spec: ContainerSpec): Promise<ObservedContainer> {
    return this.#create(spec, containerConfig(spec, await this.#made()));
  }

  async start(id: string): Promise<void> {
    try {
      await this.#docker.getContainer(id).start();
    } catch (error) {
      // The container itself tells why it did not start, now and to an agent that comes later.
      if (codeOf(error) === undefined || codeOf(error) === notFound) throw error;
      if (!(await this.inspect(id))?.startError) throw error;
      // What Docker calls not started may run since before it was killed.
      await this.#lostTasks.end(new Set([id]));
    }
  }

  async resize(id: string, resources: ContainerResources): Promise<void> {
    try {
      await this.#docker.getContainer(id).update(resourcesConfig(resources));
    } catch (error) {
      throw new Error(wordsOf(error), { cause: error });
    }
  }

  async signal(id: string, signal: string): Promise<void> {
    try {
      await this.#docker.getContainer(id).kill({ signal });
    } catch (error) {
      if (codeOf(error) !== notFound && codeOf(error) !== conflict) throw error;
    }
  }

  async remove(id: string): Promise<void> {
    try {
      await this.#docker.getContainer(id).remove({ force: true, v: true });
    } catch (error) {
      // 409: its removal is under way already.
      if (codeOf(error) !== notFound && codeOf(error) !== conflict) throw error;
    }
    this.#lostTasks.wasRemoved(id);
    this.#unseenExits.wasRemoved(id);
  }

  async endLost(ids: ReadonlySet<string>): Promise<void> {
    await this.#lostTasks.end(ids);
  }

  async imageUser(image: string): Promise<string> {
    try {
      return (await this.#docker.getImage(image).inspect()).Config.User ?? '';
    } catch (error) {
      throw codeOf(error) === notFound ? new ImageNotFound(image) : error;
    }
  }

  async hasAppArmor(): Promise<boolean> {
    const { SecurityOptions }: { SecurityOptions: string[] | null } = await this.#docker.info();
    return SecurityOptions?.some((option) => option.startsWith('name=apparmor')) ?? false;
  }

  logs({ logPath }: Pick<ObservedContainer, 'logPath'>, options: LogOptions, signal: AbortSignal) {
    return logContents(readRotated(logPath, options, signal), options);
  }

  async exec(id: string, argv: readonly string[], options: ExecOptions): Promise<ExecOutcome> {
    return execIn(this.#docker.getContainer(id), argv, options, { clock: this.#clock, log: this.#log });
  }

  startProcess(id: string, command: readonly string[], streams: JoinedStreams): Promise<StartedProcess> {
    return startProcess(this.#docker, this.#clock, id, command, streams);
  }

  attach(id: string, streams: JoinedStreams & { stdinOnce: boolean }): Promise<JoinedProcess> {
    return attach(this.#docker, id, streams);
  }

  async endAbandoned(id: string): Promise<number> {
    const { endAbandonedExecs } = await import('./abandoned-execs.ts');
    return endAbandonedExecs(this.#docker, id, this.#clock);
  }

  async #hasImage(image: string): Promise<boolean> {
    try {
      await this.#docker.getImage(image).inspect();
      return true;
    } catch (error) {
      if (codeOf(error) === notFound) return false;
      throw error;
    }
  }

  async #create(identity: ContainerIdentity, config: Docker.ContainerCreateOptions): Promise<ObservedContainer> {
    let id: string;
    try {
      id = (await this.#docker.createContainer(config)).id;
    } catch (error) {
      if (codeOf(error) === notFound && config.Image && !(await this.#hasImage(config.Image)))
        throw new ImageNotFound(config.Image);
      if (codeOf(error) === conflict) return this.#adopt(identity, config.name ?? '', error);
      throw error;
    }
    return made(id, config);
  }

  /** The name is taken: by the same container, made before and not heard of, or by another's. */
  async #adopt(identity: ContainerIdentity, name: string, cause: unknown): Promise<ObservedContainer> {
    const there = await this.#docker.getContainer(name).inspect();
    const { Labels } = there.Config;
    if (Labels[labels.cluster] !== this.#owner.cluster || Labels[labels.node] !== this.#owner.node)
      throw new Error(`the name ${name} is taken by a container that is not of this node`, { cause });
    const container = observed(there, this.#clock);
    if (container.podUid !== identity.podUid || container.attempt !== identity.attempt) throw cause;
    return container;
  }

  #ours(): { label: string[] } {
    return { label: [`${labels.cluster}=${this.#owner.cluster}`, `${labels.node}=${this.#owner.node}`] };
  }

  #made(): Promise<Maker> {
    this.#maker ??= this.#docker.version().then(
      ({ ApiVersion }) => ({
        owner: this.#owner,
        pauseImage: this.#pauseImage,
        knowsReadOnlyBelow: compareApis(ApiVersion, readOnlyBelowApi) >= 0,
        logs: this.#logLimits,
      }),
      (error: unknown) => {
        this.#maker = undefined;
        throw error;
      },
    );
    return this.#maker;
  }

  async groupDriver(): Promise<GroupDriver> {
    const { CgroupDriver: name, CgroupVersion } = (await this.#docker.info()) as GroupInfo;
    return { name, version: CgroupVersion === '2' ? 2 : 1 };
  }

  /** Makes what the first pod would otherwise wait for. */
  async prepare(): Promise<void> {
    await this.#made();
    if (await this.#hasImage(this.#pauseImage)) return;
    await ensurePauseImage(this.#docker, this.#pauseImage);
    this.#log.info('the image of the pause container is here', { image: this.#pauseImage });
  }

  /** Throws UnknownOciRuntime where Docker does not have what the node's containers are to be run with. */
  async checkOciRuntime(): Promise<void> {
    if (this.#ociRuntime) await this.#ociRuntimes.check(this.#ociRuntime);
  }

  /** Takes all our containers away, and the pause image unless another cluster's agent uses it. Answers how many there were. */
  async removeAll(): Promise<number> {
    const containers = await this.list(() => undefined);
    await Promise.all(containers.map(({ id }) => this.remove(id)));
    await this.#docker
      .getImage(this.#pauseImage)
      .remove()
      .catch((error: unknown) => {
        if (codeOf(error) !== notFound && codeOf(error) !== conflict) throw error;
      });
    return containers.length;
  }
}

async function* eventsOf(stream: AsyncIterable<Uint8Array>, exits: UnseenExits): AsyncIterable<RuntimeEvent> {
  for await (const event of jsonLines(stream)) {
    const { Action, Actor } = event as { Action: RuntimeEvent['action']; Actor: { ID: string } };
    if (Action === 'die') exits.hasEnded(Actor.ID);
    if (Action === 'oom') exits.wasShortOfMemory(Actor.ID);
    if (Action === 'destroy') exits.wasRemoved(Actor.ID);
    yield { containerId: Actor.ID, action: Action };
  }
}

/** The lower of Docker's API version and the newest one we know. */
export function negotiatedApi(ofDocker: string): string {
  return compareApis(ofDocker, newestApi) < 0 ? ofDocker : newestApi.join('.');
}

function compareApis(ofDocker: string, other: readonly [number, number]): number {
  const [major = 0, minor = 0] = ofDocker.split('.').map(Number);
  return major - other[0] || minor - other[1];
}
