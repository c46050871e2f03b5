// wherry status: how the cluster is, on one screen, by what the master's host knows.
import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { configMaps } from '../api/kinds/config-map.ts';
import { nodes } from '../api/kinds/node.ts';
import { pods } from '../api/kinds/pod.ts';
import { setLabel, setNamespace, setOf } from '../api/manifest-set.ts';
import { programVersion } from '../api/version.ts';
import { systemClock } from '../base/clock.ts';
import type { Kubeconfig } from '../pki/kubeconfig.ts';
import { asAdmin, readAdminKubeconfig } from './admin.ts';
import { certificateRows } from './certs.ts';
import { type AdminFlags, adminFlags, backupDirFlag, dataDirFlag, kubeconfigOf, withFlags } from './options.ts';
import type { ClusterView } from './status-report.ts';

interface StatusFlags extends AdminFlags {
  dataDir: string;
  backupDir?: string;
}

const masterWithinMs = 5_000;

export function addStatusCommand(program: Command): void {
  withFlags(program.command('status'), [...adminFlags, dataDirFlag, backupDirFlag])
    .summary('say how the cluster is, what is wrong, and what to do')
    .description(
      `Say on one screen how the cluster is: server, backups, certificates, pods, nodes; what is wrong, and what to do about it. Runs on the
server's host. The exit code is 1 when something is wrong.`,
    )
    .action(async (flags: StatusFlags) => {
      const { problemsOf, statusReport } = await import('./status-report.ts');
      const view = await observeCluster(await readAdminKubeconfig(kubeconfigOf(flags)), flags);
      console.log(statusReport(view));
      if (problemsOf(view).length > 0) process.exitCode = 1;
    });
}

async function observeCluster(admin: Kubeconfig, { dataDir, backupDir }: StatusFlags): Promise<ClusterView> {
  const { observeMaster } = await import('../node/master-probe.ts');
  const { server } = admin;
  const order = { server, clock: systemClock, timeoutMs: masterWithinMs };
  const { version } = await observeMaster(order, new AbortController().signal);
  const ofManifests = { namespace: setNamespace, labelSelector: setLabel };
  const [allNodes, allPods, parents] = await asAdmin(admin, (client) =>
    Promise.all([client.list(nodes), client.list(pods), client.list(configMaps, ofManifests)]),
  );
  const { bavail, bsize } = await statfs(dataDir);
  return {
    server,
    version,
    program: programVersion,
    nodes: allNodes.items,
    pods: allPods.items,
    certificates: await certificateRows(dataDir),
    backup: await newestBackup(backupDir ?? join(dataDir, 'backups')),
    manifests: parents.items.flatMap((parent) => setOf(parent) ?? []),
    freeBytes: bavail * bsize,
    nowMs: systemClock.now(),
  };
}

async function newestBackup(directory: string): Promise<ClusterView['backup']> {
  const { listBackups } = await import('../backup/rolling-backups.ts');
  const [file] = await listBackups(directory);
  return file === undefined ? undefined : { file, takenMs: (await stat(file)).mtimeMs };
}
