// The words of this room: what a volume is made from, what a type of volume does, and what it makes.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import type { Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import type { Mounter } from './mounter.ts';
import type { Keepsakes, ObjectSource } from './object-source.ts';
import type { TokenSource } from './service-account-tokens.ts';

export type Volume = NonNullable<Pod['spec']['volumes']>[number];
export type VolumeMount = NonNullable<Container['volumeMounts']>[number];

/** What types of volumes stand on. */
export interface VolumeWorld {
  client: Client;
  objects: ObjectSource;
  tokens: TokenSource;
  keepsakes: Keepsakes;
  mounter: Mounter;
  clock: Clock;
  node(): NodeFacts;
}

export interface NodeFacts {
  name: string;
  labels: Record<string, string>;
  allocatable: Record<string, string>;
  /** Where volumes that are made on this node are kept. */
  volumesDir?: string;
}

/** One volume of one pod that is to be made ready. */
export interface VolumeOrder {
  pod: Pod;
  volume: Volume;
  /** A folder for this volume alone, by the name that Kubernetes gives to its type; it is not made yet. */
  folder(type: string): string;
  /** The same in memory: what is secret is never written to a disk. */
  secretFolder(type: string): string;
  isInMemory(folder: string): boolean;
  world: VolumeWorld;
  signal: AbortSignal;
}

/** A volume that containers can be given. */
export interface ReadyVolume {
  /** The file or folder of this host that containers see. */
  source: string;
  /** No container may write, whatever its mount says. */
  isReadOnly: boolean;
  /** A server that is away may let everything hang that touches it. */
  isOnNetwork: boolean;
  /** A file system whose room is told to who asks. */
  isMeasured: boolean;
  /** When it must be looked at again, as the tokens in it end: by the clock's even time. */
  renewAtMs?: number | undefined;
}

export interface VolumeType {
  /** Brings the volume up to date, whatever of it is there already, or throws, a VolumeProblem as a rule. */
  setUp(order: VolumeOrder): Promise<ReadyVolume>;
  /**
   * Of a type that follows the API, the folder of its versions: it is set up again when objects, labels or annotations
   * change or tokens end, and goes on with the version that it has where none can be made.
   */
  liveFolder?(order: VolumeOrder): string;
}

export function readyFolder(source: string, more: Partial<ReadyVolume> = {}): ReadyVolume {
  return { source, isReadOnly: false, isOnNetwork: false, isMeasured: false, ...more };
}
