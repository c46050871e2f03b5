// The volumes of the pods of this node, from their manifests to folders of the host. A pod with a volume that cannot be had
// waits; it is never started without. Holds: whatever is asked may be asked again, also of an agent that started anew.
//
//   DATA/pods/UID/volumes/kubernetes.io~TYPE/NAME     folders on disk, and what is mounted for one pod
//   DATA/pods/UID/volume-subpaths/NAME/CONTAINER/N    parts of volumes, bound for one container
//   DATA/secrets/UID/kubernetes.io~TYPE/NAME          in memory, one file system for all pods
import { realpathSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import type { Clock } from '../../base/clock.ts';
import { removeFolder } from '../../base/folder-removal.ts';
import type { Log } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import type { Mount } from '../runtime.ts';
import type { MeasuredVolume } from '../stats/volume-rooms.ts';
import { hasVersion } from './atomic-folder.ts';
import { claimOf, measuredFolder } from './claimed-volume.ts';
import { containerMounts } from './container-mounts.ts';
import { inMemory } from './file-calls.ts';
import { type Failure, MountFailure } from './mount-failure.ts';
import { mountAt } from './mount-table.ts';
import { Mounter } from './mounter.ts';
import { usedObjects } from './object-references.ts';
import { type Keepsakes, noKeepsakes, type ObjectSource } from './object-source.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { UsedObjects } from './used-objects.ts';
import {
  type NodeFacts,
  type ReadyVolume,
  readyFolder,
  type Volume,
  type VolumeOrder,
  type VolumeWorld,
} from './volume.ts';
import { VolumeProblem } from './volume-problem.ts';
import { typeOf } from './volume-types.ts';

export interface PodVolumesOptions {
  dataDir: string;
  client: Client;
  clock: Clock;
  log: Log;
  node(): NodeFacts;
  keepsakes?: Keepsakes | undefined;
  /** The volumes of a pod are to be brought up to date. */
  onChange(podUid: string): void;
}

export class PodVolumes {
  readonly #podsFolder: string;
  readonly #secretsFolder: string;
  readonly #objects: UsedObjects;
  readonly #tokens: ServiceAccountTokens;
  readonly #mounter = new Mounter();
  readonly #world: VolumeWorld;
  readonly #ready = new Map<string, Map<string, ReadyVolume>>();
  #memory: Promise<void> | undefined;

  constructor(options: PodVolumesOptions) {
    const { dataDir, client, clock, node, keepsakes = noKeepsakes } = options;
    // As the kernel names it in the table of mounts.
    const real = realpathSync(dataDir);
    this.#podsFolder = join(real, 'pods');
    this.#secretsFolder = join(real, 'secrets');
    this.#objects = new UsedObjects(options);
    this.#tokens = new ServiceAccountTokens(options);
    this.#world = {
      client,
      clock,
      node,
      keepsakes,
      objects: this.#objects,
      tokens: this.#tokens,
      mounter: this.#mounter,
    };
  }

  /** Config maps and secrets, as volumes and variables are made of them. */
  get objects(): ObjectSource {
    return this.#objects;
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#objects.close(), { once: true });
    void this.#tokens.watchClock(signal);
    await this.#ensureMemory();
  }

  /** Makes all volumes ready that containers name, or throws a MountFailure. Answers when to refresh them. */
  async prepare(pod: Pod, signal: AbortSignal): Promise<number | undefined> {
    const failures = await this.#setUp(pod, mountedVolumes(pod), signal);
    const lacking = failures.filter(({ volume }) => !this.#readyOf(pod).has(volume));
    if (lacking.length > 0) throw new MountFailure(lacking);
    return failures.length > 0 ? 0 : this.#renewAtMs(pod);
  }

  /** Brings those up to date that follow the API, or throws a MountFailure: then they stay as they are. */
  async refresh(pod: Pod, signal: AbortSignal): Promise<number | undefined> {
    const live = mountedVolumes(pod).filter((volume) => typeOf(volume).liveFolder);
    const failures = await this.#setUp(pod, live, signal);
    if (failures.length > 0) throw new MountFailure(failures);
    return this.#renewAtMs(pod);
  }

  async mounts(
    pod: Pod,
    container: Container,
    { env, signal }: { env: ReadonlyMap<string, string>; signal: AbortSignal },
  ): Promise<Mount[]> {
    const { uid = '' } = pod.metadata;
    // What was added to look into the pod may name a volume that none has named before.
    const lacking = mountedVolumes(pod).filter(({ name }) => !this.#readyOf(pod).has(name));
    const failures = lacking.length > 0 ? await this.#setUp(pod, lacking, signal) : [];
    if (failures.length > 0) throw new VolumeProblem(new MountFailure(failures).message);
    return containerMounts({
      pod,
      container,
      env,
      volumes: this.#readyOf(pod),
      subPathsFolder: join(this.#podsFolder, uid, 'volume-subpaths'),
      mounter: this.#mounter,
    });
  }

  /** Those of the pod whose file systems have a room of their own, be they made ready in this life or before. */
  async measured(pod: Pod): Promise<MeasuredVolume[]> {
    const { uid = '', namespace = '' } = pod.metadata;
    const found = mountedVolumes(pod).map(async (volume) => {
      const ready = this.#ready.get(uid)?.get(volume.name);
      const order = this.#order(pod, volume, AbortSignal.abort());
      const folder = ready ? ready.isMeasured && ready.source : await measuredFolder(order);
      const claim = claimOf(order);
      return folder ? [{ name: volume.name, folder, ...(claim && { claim: { namespace, name: claim } }) }] : [];
    });
    return (await Promise.all(found)).flat();
  }

  /** Takes away all that was mounted or written for a pod. What was lasting before stays. */
  async release(podUid: string): Promise<void> {
    this.#objects.release(podUid);
    this.#tokens.release(podUid);
    this.#ready.delete(podUid);
    const folder = join(this.#podsFolder, podUid);
    await this.#mounter.unmountBelow(folder);
    await inMemory.rm(join(this.#secretsFolder, podUid), { recursive: true, force: true });
    await Promise.all(['volumes', 'volume-subpaths'].map((name) => removeFolder(join(folder, name))));
  }

  /** The pods that have something in memory. */
  async podUids(): Promise<string[]> {
    await this.#ensureMemory();
    return readdir(this.#secretsFolder);
  }

  async #setUp(pod: Pod, volumes: Volume[], signal: AbortSignal): Promise<Failure[]> {
    this.#objects.use(pod.metadata.uid ?? '', usedObjects(pod));
    await this.#ensureMemory();
    const ready = this.#readyOf(pod);
    const setUp = async (volume: Volume): Promise<Failure | undefined> => {
      const type = typeOf(volume);
      const order = this.#order(pod, volume, signal);
      try {
        ready.set(volume.name, await type.setUp(order));
        return undefined;
      } catch (error) {
        signal.throwIfAborted();
        const folder = type.liveFolder?.(order);
        // Containers of this pod have seen what is shown there, and may go on with it.
        if (folder && (await hasVersion(folder))) ready.set(volume.name, readyFolder(folder, { isReadOnly: true }));
        return { volume: volume.name, error: error as Error };
      }
    };
    return (await Promise.all(volumes.map(setUp))).filter((failure) => failure !== undefined);
  }

  #readyOf({ metadata: { uid = '' } }: Pod): Map<string, ReadyVolume> {
    const ready = this.#ready.get(uid) ?? new Map<string, ReadyVolume>();
    this.#ready.set(uid, ready);
    return ready;
  }

  #renewAtMs(pod: Pod): number | undefined {
    const renewals = [...this.#readyOf(pod).values()].flatMap(({ renewAtMs }) => renewAtMs ?? []);
    return renewals.length > 0 ? Math.min(...renewals) : undefined;
  }

  #order(pod: Pod, volume: Volume, signal: AbortSignal): VolumeOrder {
    const { uid = '' } = pod.metadata;
    return {
      pod,
      volume,
      folder: (type) => join(this.#podsFolder, uid, 'volumes', `kubernetes.io~${type}`, volume.name),
      secretFolder: (type) => join(this.#secretsFolder, uid, `kubernetes.io~${type}`, volume.name),
      isInMemory: (path) => path.startsWith(`${this.#secretsFolder}/`),
      world: this.#world,
      signal,
    };
  }

  /** One file system in memory for all pods: a mount for each would cost every pod's start. */
  #ensureMemory(): Promise<void> {
    this.#memory ??= this.#mountMemory().catch((error: unknown) => {
      this.#memory = undefined;
      throw error;
    });
    return this.#memory;
  }

  async #mountMemory(): Promise<void> {
    const target = this.#secretsFolder;
    await mkdir(target, { recursive: true, mode: 0o700 });
    if (mountAt(await this.#mounter.table(), target)) return;
    await this.#mounter.mountMemory({ target, options: ['mode=0700', 'nosuid', 'nodev'] });
  }
}

/** The volumes that containers name; what none names is not made. */
function mountedVolumes({ spec }: Pod): Volume[] {
  const containers = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
  const named = new Set(
    containers.flatMap(({ volumeMounts = [], volumeDevices = [] }) =>
      [...volumeMounts, ...volumeDevices].map(({ name }) => name),
    ),
  );
  return (spec.volumes ?? []).filter(({ name }) => named.has(name));
}

/** Whether what its volumes show may change while it runs. */
export function hasLiveVolumes(pod: Pod): boolean {
  return mountedVolumes(pod).some((volume) => typeOf(volume).liveFolder !== undefined);
}
