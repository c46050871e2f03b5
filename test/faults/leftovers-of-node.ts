// What pods have on a node outside the API: containers, processes, mounts, links, control groups, files. After the last
// pod is gone all of it has to be as before the first one came.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { observeTrees } from '../bench/process-table.ts';
import type { NodeApart } from '../cluster/node-apart.ts';
import { isShimOf } from './faults.ts';

/** Docker's handle of the host's own network, made with the first container that uses it. */
const hostNetworkMount = '/run/netns/default';

/** Whatever carries the mark of a pod, each as a line that says what it is. */
export async function observeNode(cluster: NodeApart): Promise<Set<string>> {
  const { on, docker, agentFolder } = cluster;
  const lines = async (program: string, args: string[]) =>
    (await on.host.exec(program, args)).stdout.split('\n').filter(Boolean);
  const files = async (kind: string, folder: string) =>
    (await readdirIn(cluster, folder)).map((name) => `${kind} ${name}`);
  const containers = await docker.listContainers({ all: true });
  const mounts = await lines('cat', ['/proc/self/mountinfo']);
  const links = await lines('ip', ['-oneline', 'link', 'show', 'type', 'veth']);
  const groups = await lines('sh', ['-c', 'find /sys/fs/cgroup -type d']);
  return new Set([
    ...containers.map(({ Names, State }) => `container ${Names[0]} ${State}`),
    ...observeTrees(isShimOf(on.docker.folder)).map(({ command }) => `process ${command.join(' ')}`),
    ...mounts.map((line) => `mount ${line.split(' ')[4]}`).filter((line) => !line.endsWith(hostNetworkMount)),
    ...links.map((line) => `link ${line.split(' ')[1]}`),
    ...groups.filter((path) => /[0-9a-f]{64}|pod[0-9a-f]{8}/.test(path)).map((path) => `control group ${path}`),
    ...(await files('address', join(agentFolder, 'network/addresses'))),
    ...(await files('folder of a pod', join(agentFolder, 'pods'))),
    ...(await files('checkpoint', join(agentFolder, 'checkpoint'))),
  ]);
}

/** The links to logs of these pods, which lie outside the disk. */
export async function logLinksOf(podUids: ReadonlySet<string>): Promise<string[]> {
  const names = await readdir('/var/log/pods').catch(() => []);
  return names.filter((name) => podUids.has(name.slice(name.lastIndexOf('_') + 1)));
}

async function readdirIn({ on }: NodeApart, folder: string): Promise<string[]> {
  const { stdout } = await on.host.tryExec('ls', [folder]);
  return stdout.split('\n').filter(Boolean);
}
