// What an agent did to this host but for its files: containers, control groups, log links, network, mounts. Each step may find nothing
// left to do.
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileIfThere } from '../base/files.ts';
import type { Log } from '../base/log.ts';
import { agentDirectory } from './agent.ts';

export interface CleanFlags {
  dataDir: string;
  dockerSocket: string;
  cgroupRoot: string;
}

/** The agent must not run. */
export async function cleanHost(flags: CleanFlags, log: Log): Promise<void> {
  await removeContainers(flags, log);
  const { removeNetwork } = await import('../network/remove-network.ts');
  await removeNetwork({ dataDir: agentDirectory(flags), log });
  await unmountForPods(agentDirectory(flags));
}

/**
 * Before any file is removed: a file server's folder that is mounted for a pod is not ours to empty. What is mounted at the agent's
 * folder itself, and elsewhere in the data directory, is a disk that somebody gave to us.
 */
async function unmountForPods(folder: string): Promise<void> {
  const { Mounter } = await import('../node/volumes/mounter.ts');
  const mounter = new Mounter();
  const real = await realpath(folder).catch(() => folder);
  for (const name of await readdir(real).catch(() => [])) await mounter.unmountBelow(join(real, name));
}

async function removeContainers({ dataDir, dockerSocket, cgroupRoot }: CleanFlags, log: Log): Promise<void> {
  const agent = agentDirectory({ dataDir });
  const ca = await readFileIfThere(join(agent, 'pki/ca.crt'));
  const { keptNodeName } = await import('../node/identity.ts');
  const node = await keptNodeName(agent);
  if (ca === undefined || node === undefined) {
    log.info('no agent has joined from this host: there are no containers');
    return;
  }
  const { DockerRuntime } = await import('../node/docker/docker-runtime.ts');
  const { ownerOf } = await import('../node/docker/owner.ts');
  const runtime = new DockerRuntime({ socketPath: dockerSocket, owner: ownerOf(ca, node), log });
  log.info('removed containers', { count: await runtime.removeAll() });
  const { groupPath, groupTreeFor } = await import('../node/resources/group-driver.ts');
  const { removeGroups } = await import('../node/resources/pod-groups.ts');
  await removeGroups(groupTreeFor(await runtime.groupDriver()), groupPath(cgroupRoot));
  const { LogLinks, usualLogDirectory } = await import('../node/log-links.ts');
  await new LogLinks({ folder: usualLogDirectory, log }).sweep();
}
