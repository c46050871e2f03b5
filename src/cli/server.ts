// wherry server: the master.
import { join } from 'node:path';
import type { Command } from 'commander';
import { parseAddressRange } from '../api/address-range.ts';
import { type NetworkBackend, networkBackends } from '../api/cluster-settings.ts';
import type { ServerOptions } from '../server.ts';
import {
  addressRangesParser,
  backupDirFlag,
  commonFlags,
  countNumber,
  durationMs,
  flag,
  ipv4Address,
  ipv4Range,
  likelyAddress,
  listParser,
  manifestsDirFlag,
  portNumber,
  withFlags,
  writeKubeconfigFlag,
} from './options.ts';
import { logFor, runUntilSignal } from './run.ts';

const sixHoursMs = 6 * 3600 * 1000;

export const serverFlags = [
  flag('--bind-address <address>', 'address on which the API listens', '0.0.0.0'),
  flag('--https-port <port>', 'port of the API', 6443).argParser(portNumber),
  flag(
    '--advertise-address <address>',
    'address at which agents and clients reach this server (default: found out)',
  ).argParser(ipv4Address),
  flag('--cluster-cidr <cidr>', 'range from which every node gets a network for its pods', '10.42.0.0/16').argParser(
    ipv4Range,
  ),
  flag('--service-cidr <cidr>', 'range of service addresses', '10.43.0.0/16').argParser(ipv4Range),
  flag('--cluster-domain <domain>', 'domain of service names', 'cluster.local'),
  flag('--network-backend <kind>', 'how packets come from node to node', 'auto').choices(networkBackends),
  flag('--tls-san <names>', 'more names and addresses for the certificate of the API')
    .argParser(listParser())
    .default([]),
  writeKubeconfigFlag,
  flag(
    '--node-grace-period <duration>',
    'how long a node may be silent before it counts as lost',
    50_000,
    '50s',
  ).argParser(durationMs),
  flag(
    '--load-balancer-addresses <ranges>',
    "addresses for services of type LoadBalancer, as 192.0.2.0/28 or 192.0.2.10-192.0.2.20 (default: the nodes' own)",
  )
    .argParser(addressRangesParser())
    .default([]),
  flag('--without <names>', 'controllers that shall not run here, or the scheduler, as something else does their work')
    .argParser(listParser())
    .default([]),
  flag(
    '--backup-interval <duration>',
    'how often the server takes a backup by itself; 0 for never',
    sixHoursMs,
    '6h',
  ).argParser(durationMs),
  flag('--backup-keep <number>', 'how many of its backups the server keeps', 8).argParser(countNumber),
  backupDirFlag,
  manifestsDirFlag,
  flag('--manifests-prune', 'delete the objects of a manifest when its file is deleted'),
];

export interface ServerFlags {
  dataDir: string;
  bindAddress: string;
  httpsPort: number;
  advertiseAddress?: string;
  clusterCidr: string;
  serviceCidr: string;
  clusterDomain: string;
  networkBackend: NetworkBackend;
  tlsSan: string[];
  writeKubeconfig: string;
  nodeGracePeriod: number;
  loadBalancerAddresses: string[];
  without: string[];
  backupInterval: number;
  backupKeep: number;
  backupDir?: string;
  manifestsDir?: string;
  manifestsPrune?: boolean;
  verbose?: boolean;
}

export function serverOptions(flags: ServerFlags, onFatal: (error: Error) => void): ServerOptions {
  return {
    ...flags,
    dataDir: join(flags.dataDir, 'server'),
    advertiseAddress: flags.advertiseAddress ?? likelyAddress(),
    tlsSans: flags.tlsSan,
    nodeGraceMs: flags.nodeGracePeriod,
    loadBalancerAddresses: flags.loadBalancerAddresses.flatMap((range) => parseAddressRange(range) ?? []),
    manifests: {
      folder: flags.manifestsDir ?? join(flags.dataDir, 'manifests'),
      prunes: flags.manifestsPrune ?? false,
    },
    withoutLoops: flags.without,
    backups: {
      directory: flags.backupDir ?? join(flags.dataDir, 'backups'),
      everyMs: flags.backupInterval,
      keep: flags.backupKeep,
    },
    onFatal,
    log: logFor(flags).named('server'),
  };
}

export function addServerCommand(program: Command): void {
  withFlags(program.command('server'), [...commonFlags, ...serverFlags])
    .summary('run the master: API, state, scheduler and controllers')
    .description(
      `Run the master: API server, state, scheduler and controllers. Hosts join it with \`wherry agent\`.
Everything is kept in the data directory; the first start makes the authority and all keys. SIGTERM stops it cleanly, and it
may be killed at any time.`,
    )
    .action(async (flags: ServerFlags) => {
      const { serverComponents } = await import('../server.ts');
      await runUntilSignal((fail) => serverComponents(serverOptions(flags, fail)), logFor(flags).named('server'));
    });
}
