// What the node agent needs of a container engine. Containers are known by what is written on them (labels), never by
// name or memory: an agent that starts anew finds all of its own, and none of another's.
import type { Writable } from 'node:stream';

/** Stands where a container's name would: the container that owns a pod's namespaces. */
export const pauseName = 'POD';

export interface ContainerIdentity {
  podUid: string;
  podNamespace: string;
  podName: string;
  /** The container's name in its pod, or `pauseName`. */
  name: string;
  /** Counts the containers made under this name in this pod: what Kubernetes calls the restart count. */
  attempt: number;
}

export interface ObservedContainer extends ContainerIdentity {
  id: string;
  /** The pause container whose namespaces it joined; empty for a pause container itself. */
  pauseId: string;
  /** How long its successor has to wait when this one ends soon. */
  backoffSeconds: number;
  /** A container that could not be started is "exited" with `startError`; one that cannot be looked at is "unknown". */
  state: 'created' | 'running' | 'exited' | 'unknown';
  /** The program that runs it; empty is the engine's default, as long as nothing more is known. */
  ociRuntime: string;
  pid: number;
  createdAt: number;
  startedAt: number | undefined;
  finishedAt: number | undefined;
  /** The same by time that no clock changes, as it was when it was seen first: durations are by these. */
  startedMs: number | undefined;
  endedMs: number | undefined;
  exitCode: number;
  oomKilled: boolean;
  startError: string;
  stopSignal: string;
  /** The image as the manifest names it; empty where that is not written on the container. */
  namedImage: string;
  imageId: string;
  resources: ContainerResources;
  /** The file that has what it wrote; empty where it is kept otherwise. */
  logPath: string;
  /** The folder of what it changed in its file system; empty where that is not told. */
  layerFolder: string;
  /** NAME@DIGEST where its image came from a registry, else empty. */
  imageDigest: string;
  /** As whom its first process runs, where that can be seen. */
  user: { uid: number; gid: number; supplementalGroups: number[] } | undefined;
}

export interface Mount {
  source: string;
  target: string;
  readOnly: boolean;
  /** Also what is mounted below it. Left out: that is as it is. */
  readOnlyBelow?: 'needed' | 'if possible';
  /** Which way mounts that are made below it later are seen on the other side. Left out: neither. */
  propagation?: 'from the host' | 'both ways';
}

export interface ContainerResources {
  cpuShares: number;
  /** Microseconds of CPU in each 100 ms; undefined is no limit. */
  cpuQuotaMicros: number | undefined;
  memoryBytes: number | undefined;
}

/** Who a container is and what it may. */
export interface ContainerSecurity {
  /** "uid" or "uid:gid"; undefined leaves it to the image. */
  user: string | undefined;
  groups: number[];
  privileged: boolean;
  readOnlyRoot: boolean;
  addCapabilities: string[];
  dropCapabilities: string[];
  noNewPrivileges: boolean;
  /** "unconfined" or a profile as JSON; undefined is the engine's own profile. */
  seccomp: string | undefined;
  /** "unconfined" or a profile's name; undefined is the engine's own profile. */
  appArmor: string | undefined;
  /** As "type:container_t". */
  seLinux: string[];
  /** Nothing of /proc is hidden or made read-only. */
  unmaskedProc: boolean;
}

/** Where a container stands among all processes of the host. */
export interface Placement {
  /** The control group in which its own is made, in the runtime's words; undefined leaves it to the runtime. */
  cgroupParent: string | undefined;
  /** Who has more is ended before others when memory runs out. */
  oomScore: number;
}

export interface PauseSpec extends ContainerIdentity, Placement {
  hostname: string;
  hostNetwork: boolean;
  hostIpc: boolean;
  /** Kernel settings of the pod's own namespaces. */
  sysctls: Record<string, string>;
  seLinux: string[];
  /** The program that runs the pod's containers, by the engine's name for it; empty is the node's default. */
  ociRuntime: string;
}

export interface ContainerSpec extends ContainerIdentity, Placement {
  pauseId: string;
  /** That of its pause container. */
  ociRuntime: string;
  backoffSeconds: number;
  image: string;
  /** As the manifest names it. */
  namedImage: string;
  imageDigest: string;
  /** Undefined leaves the image's own. */
  entrypoint: string[] | undefined;
  args: string[] | undefined;
  env: string[];
  workingDir: string | undefined;
  mounts: Mount[];
  resources: ContainerResources;
  security: ContainerSecurity;
  stdin: boolean;
  stdinOnce: boolean;
  tty: boolean;
  hostIpc: boolean;
  processes: 'own' | 'of the pod' | 'of the host' | { of: string };
  /** Undefined leaves the image's own. */
  stopSignal: string | undefined;
}

export interface RuntimeEvent {
  containerId: string;
  /** `oom`: it was short of memory, and the kernel killed in it. */
  action: 'start' | 'die' | 'oom' | 'destroy';
}

export interface LogOptions {
  /** Reads on until this resolves, and what is there then; undefined ends at the end. */
  until: Promise<void> | undefined;
  timestamps: boolean;
  stream: 'all' | 'stdout' | 'stderr';
  /** Undefined is all. */
  tailLines: number | undefined;
  /** Only what was written since then. */
  sinceMs: number | undefined;
}

export interface ExecOptions {
  /** Gives the command up: it is killed, and the signal's reason thrown; ExecRefused where it did not run at that time. */
  signal: AbortSignal;
  /** So much of what it writes is kept, from the beginning. */
  outputBytes: number;
  /** Called once when nothing of the command is left, which is later than the answer where it was given up, or is no longer waited for. */
  onEnd?(): void;
}

export interface ExecOutcome {
  exitCode: number;
  /** Both streams in the order in which they were written. */
  output: string;
}

/** Which of a process's streams are joined. */
export interface JoinedStreams {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /** All output comes as standard output. */
  tty: boolean;
}

export interface OutputPiece {
  from: 'stdout' | 'stderr';
  bytes: Uint8Array;
}

export interface TerminalSize {
  columns: number;
  rows: number;
}

/** A container's process whose streams are joined. */
export interface JoinedProcess {
  /** Where `inputEnds`, ending it ends the process's standard input; elsewhere that would end its output as well. */
  readonly input: Writable;
  readonly inputEnds: boolean;
  /** In the order in which it came, no faster than it is read. Ends with the process. */
  readonly output: AsyncIterable<OutputPiece>;
  resize(size: TerminalSize): Promise<void>;
  /** Lets it go: no stream is joined any more. */
  leave(): void;
}

/** A process that was started in a container beside its own. */
export interface StartedProcess extends JoinedProcess {
  /** Resolves when it has ended; asked for after the end of its output. */
  exitCode(signal: AbortSignal): Promise<number>;
  /** Ends it and all that it has started. Does nothing where it has ended. */
  end(): Promise<void>;
}

export interface Runtime {
  /** Throws where the engine is away, or hangs. */
  ping(): Promise<void>;
  /** Calls the function whenever a call takes so long that one must doubt that the engine answers at all. */
  onOverdue(heard: () => void): void;
  /** The engine's name and version as Kubernetes writes it, as "docker://28.1.0". */
  version(signal: AbortSignal): Promise<string>;
  /** All containers of this node of this cluster. What is `known` and unchanged is answered again as it is. */
  list(known: (id: string) => ObservedContainer | undefined): Promise<ObservedContainer[]>;
  /** Undefined where there is none. */
  inspect(id: string): Promise<ObservedContainer | undefined>;
  /** What happens to containers of ours from now on; resolves when listening, throws when the stream breaks. */
  events(signal: AbortSignal): Promise<AsyncIterable<RuntimeEvent>>;
  /** The same container again where it has been made already. Throws ImageNotFound. */
  createPause(spec: PauseSpec): Promise<ObservedContainer>;
  createContainer(spec: ContainerSpec): Promise<ObservedContainer>;
  /** Does nothing where it runs; what keeps it from starting is read from the container afterwards. */
  start(id: string): Promise<void>;
  /** Changes what a container may use while it runs. */
  resize(id: string, resources: ContainerResources): Promise<void>;
  /** Does nothing where it does not run. */
  signal(id: string, signal: string): Promise<void>;
  /** Kills it first where it runs. Does nothing where there is none. */
  remove(id: string): Promise<void>;
  /** Ends what still runs of containers that the engine has forgotten, or says do not run. */
  endLost(ids: ReadonlySet<string>): Promise<void>;
  /** Whom an image that is present wants to be run as; empty is root. Throws ImageNotFound. */
  imageUser(image: string): Promise<string>;
  hasAppArmor(): Promise<boolean>;
  /** Output of both streams in the order in which it was written. */
  logs(
    container: Pick<ObservedContainer, 'logPath'>,
    options: LogOptions,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
  /** Starts a process in a container. Throws ExecRefused where it cannot be run there. */
  startProcess(id: string, command: readonly string[], streams: JoinedStreams): Promise<StartedProcess>;
  /** Ends what clients of an agent that was killed had started in the container; answers how many commands. */
  endAbandoned(id: string): Promise<number>;
  /** Joins the container's own process. With `stdinOnce` its standard input ends when the first client's does. */
  attach(id: string, streams: JoinedStreams & { stdinOnce: boolean }): Promise<JoinedProcess>;
  /** Runs a command in a running container to its end. Throws ExecRefused where it cannot be run there. */
  exec(id: string, argv: readonly string[], options: ExecOptions): Promise<ExecOutcome>;
}

export class ImageNotFound extends Error {
  constructor(image: string) {
    super(`image "${image}" is not present`);
  }
}

/** A command that could not be run in a container: it does not run, or has no such program. */
export class ExecRefused extends Error {}
/** The engine took a call and did not answer it in time. What was asked for may be done all the same. */
export class RuntimeOverdue extends Error {}
