// What a figure was measured on.
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { tryCommand } from '../test/bench/command.ts';

export interface Machine {
  commit: string;
  processors: string;
  memoryGib: number;
  kernel: string;
  node: string;
  docker: string;
  runtime: string;
  storageDriver: string;
  cgroups: string;
}

export async function observeMachine(dockerSocket: string): Promise<Machine> {
  const docker = new Docker({ socketPath: dockerSocket });
  const info = (await docker.info()) as Record<string, string>;
  const processors = cpus();
  const commit = await tryCommand('git', ['-C', join(import.meta.dirname, '..'), 'describe', '--always', '--dirty']);
  return {
    commit: commit.stdout.trim(),
    processors: `${processors.length} x ${processors[0]?.model ?? 'unknown'}`,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
    docker: info.ServerVersion ?? '',
    runtime: info.DefaultRuntime ?? '',
    storageDriver: info.Driver ?? '',
    cgroups: `v${info.CgroupVersion}, ${info.CgroupDriver}`,
  };
}

/** Of the last minute; what runs here counts, too. */
export function observeLoad(): number {
  return loadavg()[0] ?? 0;
}
