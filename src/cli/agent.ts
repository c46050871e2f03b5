// wherry agent: the node agent.
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { AgentOptions, ResourceSettings } from '../agent/agent-options.ts';
import type { Amounts } from '../api/pod-resources.ts';
import type { Log } from '../base/log.ts';
import { type RuleKindWish, ruleKindWishes } from '../network/services/rule-kind.ts';
import type { ShutdownSettings } from '../node/host-shutdown.ts';
import { parseReserve, reserveOf } from '../node/resources/node-reserve.ts';
import { patternFault } from '../node/sysctl-rules.ts';
import { type TunnelMode, tunnelModes } from '../node/tunnel.ts';
import { type EvictionFlags, evictionFlags, evictionSettings } from './eviction-flags.ts';
import { type ImageFlags, imageFlags, imageSettings } from './image-flags.ts';
import {
  byteCount,
  cgroupRootFlag,
  commonFlags,
  countNumber,
  dockerSocketFlag,
  durationMs,
  flag,
  ipv4Address,
  listParser,
  portNumber,
  UsageError,
  withFlags,
} from './options.ts';
import { logFor, runUntilSignal } from './run.ts';

export const placeFlags = [
  flag('--node-name <name>', "the node's name (default: the host's name)"),
  flag(
    '--node-ip <address>',
    'address by which other nodes reach this one (default: the one the server sees)',
  ).argParser(ipv4Address),
];

export const masterFlag = flag('--server <url>', 'the API of the master, as https://ADDRESS:6443 (required)');
export const joinFlags = [
  masterFlag,
  flag('--token <token>', 'join token, as `wherry token create` prints it; needed once'),
];

export const agentFlags = [
  ...placeFlags,
  dockerSocketFlag,
  flag('--agent-port <port>', "port of the agent's own API", 10250).argParser(portNumber),
  flag('--tunnel <when>', 'let the master reach this node through a connection that the agent opens', 'auto').choices(
    tunnelModes,
  ),
  flag('--service-rules <kind>', 'where the rules of services stand', 'auto').choices(ruleKindWishes),
  flag(
    '--container-runtime <name>',
    "what runs containers, by Docker's name for it, as crun (default: Docker's default)",
  ),
  flag('--pod-infra-container-image <image>', 'image of the pause container (default: one that the agent makes)'),
  cgroupRootFlag,
  flag('--system-reserved <amounts>', 'what of this host is for its system, as cpu=200m,memory=512Mi').argParser(
    reservedAmounts,
  ),
  flag('--kube-reserved <amounts>', 'what of this host is for Wherry and Docker').argParser(reservedAmounts),
  flag('--max-pods <count>', 'how many pods this node takes', 110).argParser(countNumber),
  flag('--pod-max-pids <count>', 'processes that a pod may have (default: as many as the host)').argParser(countNumber),
  flag(
    '--container-log-max-size <quantity>',
    'how large the log of a container gets before a new one is begun',
    10 * 2 ** 20,
    '10Mi',
  ).argParser(byteCount),
  flag('--container-log-max-files <count>', 'how many logs a container may have', 5).argParser(logFileCount),
  ...imageFlags,
  ...evictionFlags,
  flag('--watchdog-covers-docker', "a Docker that hangs lets the service manager's watchdog end the agent, too"),
  flag(
    '--shutdown-grace-period <duration>',
    'what pods have to end when the host goes down; 0s leaves them alone',
    0,
    '0s',
  ).argParser(durationMs),
  flag(
    '--shutdown-grace-period-critical-pods <duration>',
    'the part of it that is for critical pods',
    0,
    '0s',
  ).argParser(durationMs),
  flag(
    '--volumes-dir <directory>',
    'where volumes that are made on this node are kept (default: volumes in the data directory)',
  ),
  flag('--pod-manifest-path <path>', "folder of this node's own pods, which run without a master (or one file)"),
  flag('--allowed-unsafe-sysctls <names>', 'kernel settings that pods may have beside the safe ones, as net.core.*')
    .argParser(listParser())
    .default([]),
  flag('--seccomp-default', 'containers that name no seccomp profile get RuntimeDefault instead of Unconfined'),
];

/** With one alone nothing could be put aside. */
function logFileCount(text: string): number {
  const count = countNumber(text);
  if (count < 2) throw new InvalidArgumentError('expected a number from 2 on.');
  return count;
}

export interface AgentFlags extends ImageFlags, EvictionFlags {
  dataDir: string;
  nodeName?: string;
  nodeIp?: string;
  dockerSocket: string;
  agentPort: number;
  tunnel: TunnelMode;
  serviceRules: RuleKindWish;
  containerRuntime?: string;
  podInfraContainerImage?: string;
  cgroupRoot: string;
  systemReserved?: Amounts;
  kubeReserved?: Amounts;
  podMaxPids?: number;
  maxPods: number;
  containerLogMaxSize: number;
  containerLogMaxFiles: number;
  shutdownGracePeriod: number;
  shutdownGracePeriodCriticalPods: number;
  volumesDir?: string;
  podManifestPath?: string;
  allowedUnsafeSysctls: string[];
  seccompDefault?: boolean;
  watchdogCoversDocker?: boolean;
  verbose?: boolean;
}

export async function agentOptions(
  flags: AgentFlags,
  { server, token, log, fail }: Pick<AgentOptions, 'server' | 'token' | 'log' | 'fail'>,
): Promise<AgentOptions> {
  return {
    server,
    token,
    fail,
    nodeName: await nodeNameOf(flags, log),
    nodeIp: flags.nodeIp,
    dataDir: agentDirectory(flags),
    dockerSocket: flags.dockerSocket,
    agentPort: flags.agentPort,
    tunnel: flags.tunnel,
    serviceRules: flags.serviceRules,
    images: imageSettings(flags),
    pauseImage: flags.podInfraContainerImage,
    ociRuntime: flags.containerRuntime,
    resources: resourceSettings(flags),
    logLimits: { maxBytes: flags.containerLogMaxSize, maxFiles: flags.containerLogMaxFiles },
    evictions: evictionSettings(flags),
    shutdown: shutdownSettings(flags),
    volumesDir: resolve(flags.volumesDir ?? join(flags.dataDir, 'volumes')),
    podManifestPath: flags.podManifestPath,
    allowedUnsafeSysctls: namespacedSysctls(flags.allowedUnsafeSysctls),
    seccompDefault: flags.seccompDefault ?? false,
    isDockerVital: flags.watchdogCoversDocker ?? false,
    log: log.named('agent'),
  };
}

/** As it is told, or as this host has joined, or as it is called: a host that is given another name stays the node that it is. */
export async function nodeNameOf(flags: { nodeName?: string; dataDir: string }, log: Log): Promise<string> {
  const hostName = hostname().toLowerCase();
  if (flags.nodeName !== undefined) return flags.nodeName;
  const { keptNodeName } = await import('../node/identity.ts');
  const kept = await keptNodeName(agentDirectory(flags));
  if (kept !== undefined && kept !== hostName)
    log.warn('the name of this host has changed: it stays the node that it is', { node: kept, host: hostName });
  return kept ?? hostName;
}

export const agentDirectory = ({ dataDir }: { dataDir: string }): string => join(dataDir, 'agent');

function reservedAmounts(text: string): Amounts {
  try {
    return parseReserve(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

function resourceSettings({
  cgroupRoot,
  systemReserved = {},
  kubeReserved = {},
  podMaxPids,
  maxPods,
}: AgentFlags): ResourceSettings {
  return { cgroupRoot, reserve: reserveOf(systemReserved, kubeReserved), podMaxPids, maxPods };
}

function shutdownSettings({ shutdownGracePeriod, shutdownGracePeriodCriticalPods }: AgentFlags): ShutdownSettings {
  if (shutdownGracePeriodCriticalPods > shutdownGracePeriod)
    throw new UsageError('--shutdown-grace-period-critical-pods must not be longer than --shutdown-grace-period');
  return { graceMs: shutdownGracePeriod, criticalGraceMs: shutdownGracePeriodCriticalPods };
}

function namespacedSysctls(patterns: string[]): string[] {
  const fault = patternFault(patterns);
  if (fault) throw new UsageError(`--allowed-unsafe-sysctls: ${fault}`);
  return patterns;
}

export function addAgentCommand(program: Command): void {
  withFlags(program.command('agent'), [...commonFlags, ...joinFlags, ...agentFlags])
    .summary('run the node agent: pods of this host on Docker Engine')
    .description(
      `Run the node agent: it joins this host to a master and runs pods on Docker Engine. Needs root.
The token is needed once; the agent then has a certificate of its own. Pods outlive the agent: it finds them again when it
comes back. \`wherry check agent\` tells whether this host is ready for it.`,
    )
    .action(async (flags: AgentFlags & { server?: string; token?: string }) => {
      if (!flags.server) throw new UsageError('the agent needs its master: say --server https://ADDRESS:6443');
      const { agentComponents } = await import('../agent.ts');
      const log = logFor(flags);
      const { server, token } = flags;
      const make = async (fail: AgentOptions['fail']) =>
        agentComponents(await agentOptions(flags, { server, token, log, fail }));
      await runUntilSignal(make, log);
    });
}
