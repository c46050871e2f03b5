// What an agent is told when it is started.
import type { Amounts } from '../api/pod-resources.ts';
import type { Log } from '../base/log.ts';
import type { RuleKindWish } from '../network/services/rule-kind.ts';
import type { LogLimits } from '../node/docker/container-config.ts';
import type { ShutdownSettings } from '../node/host-shutdown.ts';
import type { ImageSettings } from '../node/images/images.ts';
import type { EvictionSettings } from '../node/pressure/evictions.ts';
import type { TunnelMode } from '../node/tunnel.ts';

export interface ResourceSettings {
  /** The control group below which all of pods are. */
  cgroupRoot: string;
  /** What of this host is not for pods. */
  reserve: Amounts;
  /** Processes that a pod may have. */
  podMaxPids: number | undefined;
  maxPods: number;
}

export interface AgentOptions {
  /** The API, as https://ADDRESS:PORT. */
  server: string;
  /** Needed to join; later starts do without. */
  token?: string | undefined;
  nodeName: string;
  /** The address by which other nodes reach this one; the local end of the connection to the server unless told. */
  nodeIp?: string | undefined;
  dataDir: string;
  dockerSocket: string;
  agentPort: number;
  /** Where volumes that are made on this node are kept. */
  volumesDir: string;
  /** Whether the master reaches this node through a connection that the agent opens. */
  tunnel: TunnelMode;
  /** Where the rules of services stand. */
  serviceRules: RuleKindWish;
  images: ImageSettings;
  /** The pause container's image, where it is not to be our own. */
  pauseImage?: string | undefined;
  /** The program that runs containers, by Docker's name for it, where it is not to be Docker's default. */
  ociRuntime?: string | undefined;
  resources: ResourceSettings;
  logLimits: LogLimits;
  evictions: EvictionSettings;
  shutdown: ShutdownSettings;
  /** The folder of this node's own pods, or one file; undefined where it has none. */
  podManifestPath?: string | undefined;
  /** Kernel settings that pods may have beside the safe ones, as "net.core.*". */
  allowedUnsafeSysctls: readonly string[];
  /** Containers that name no seccomp profile get Docker's own one, not none. */
  seccompDefault: boolean;
  /** A Docker that hangs counts as the agent's own standstill: the service manager's watchdog ends it. */
  isDockerVital: boolean;
  /** Ends the agent, for whoever looks after it to start it anew. */
  fail: (error: Error) => void;
  log: Log;
}
