// What can be done to a node. Each fault begins, lasts, and ends; what it hits is chosen by chance.
import { setTimeout as delay } from 'node:timers/promises';
import { observeTrees, type ProcessEntry, signalProcess } from '../bench/process-table.ts';
import type { Random } from '../bench/random.ts';
import type { NodeApart } from '../cluster/node-apart.ts';
import type { FaultCluster } from './fault-cluster.ts';

export interface Fault {
  name: string;
  /** How long it may last, in seconds. */
  lasts: readonly [least: number, most: number];
  /** Faults that need the same part are not there at once. */
  part: 'agent' | 'docker' | 'master' | 'disk' | 'registry' | 'containers';
  /** Answers how it ends. */
  begin(): Promise<() => Promise<void>>;
}

const over = async () => {};

export function faultsOf({ apart: cluster, registry }: FaultCluster, random: Random): Fault[] {
  const { docker } = cluster.on;
  const kill = async (pick: (shims: ProcessEntry[], all: ProcessEntry[]) => ProcessEntry[]) => {
    const all = observeTrees(isShimOf(docker.folder));
    const victim = random.pick(pick(all.filter(isShimOf(docker.folder)), all));
    if (victim) signalProcess(victim.pid, 'SIGKILL');
    return over;
  };
  const firstOf = (shims: ProcessEntry[], all: ProcessEntry[]) =>
    all.filter(({ parent }) => shims.some(({ pid }) => pid === parent));
  const isPause = ({ command }: ProcessEntry) => command[0] === '/pause';
  const killDocker = async (liveRestore: boolean) => {
    await docker.killDaemon();
    return () => docker.startDaemon({ liveRestore });
  };
  const endAgent = async (signal: 'SIGTERM' | 'SIGKILL') => {
    await cluster.endAgent(signal);
    return () => cluster.startAgent(['--verbose']);
  };
  return [
    { name: 'kill -9 of the agent', part: 'agent', lasts: [0, 4], begin: () => endAgent('SIGKILL') },
    { name: 'upgrade of the agent', part: 'agent', lasts: [0, 2], begin: () => endAgent('SIGTERM') },
    { name: 'kill -9 of dockerd, live-restore', part: 'docker', lasts: [0, 5], begin: () => killDocker(true) },
    { name: 'kill -9 of dockerd, no live-restore', part: 'docker', lasts: [0, 5], begin: () => killDocker(false) },
    {
      name: 'SIGSTOP of dockerd',
      part: 'docker',
      lasts: [2, 45],
      begin: async () => {
        await docker.freezeDaemon();
        return () => docker.thawDaemon();
      },
    },
    {
      name: 'kill -9 of a pause',
      part: 'containers',
      lasts: [0, 0],
      begin: () => kill((shims, all) => firstOf(shims, all).filter(isPause)),
    },
    { name: 'kill -9 of a shim', part: 'containers', lasts: [0, 0], begin: () => kill((shims) => shims) },
    {
      name: 'kill -9 of a container',
      part: 'containers',
      lasts: [0, 0],
      begin: () => kill((shims, all) => firstOf(shims, all).filter((entry) => !isPause(entry))),
    },
    {
      name: 'a full disk',
      part: 'disk',
      lasts: [2, 10],
      begin: async () => {
        const filling = `${cluster.disk}/filling`;
        // Until there is no more room: it cannot end well.
        await cluster.on.host.tryExec('dd', ['if=/dev/zero', `of=${filling}`, 'bs=1M']);
        return async () => {
          await cluster.on.host.exec('rm', [filling]);
        };
      },
    },
    {
      name: 'a registry that hangs',
      part: 'registry',
      lasts: [2, 15],
      begin: async () => {
        await registry.signal('SIGSTOP');
        // What pulls is made anew meanwhile.
        await killContainersOf(cluster, 'pulled');
        return () => registry.signal('SIGCONT');
      },
    },
    {
      name: 'a master that is away',
      part: 'master',
      lasts: [1, 20],
      begin: async () => {
        await cluster.killServer();
        return () => cluster.startServer();
      },
    },
    {
      name: 'a pod deleted, and another for it',
      part: 'containers',
      lasts: [0, 0],
      begin: async () => {
        const { stdout } = await cluster.tryKubectl('get', 'pods', '-l', 'app=web', '-o', 'name');
        const victim = random.pick(stdout.split('\n').filter(Boolean));
        const how = random.next() < 0.3 ? ['--force', '--grace-period=0'] : ['--wait=false'];
        if (victim) await cluster.tryKubectl('delete', victim, ...how);
        return over;
      },
    },
  ];
}

async function killContainersOf(cluster: NodeApart, podName: string): Promise<void> {
  const filters = { label: [`io.kubernetes.pod.name=${podName}`] };
  // An engine that hangs or is away has its own fault already.
  const listed = cluster.docker.listContainers({ filters }).catch(() => []);
  for (const { Id } of await Promise.race([listed, delay(2_000).then(() => [])])) {
    const ofContainer = ({ command }: ProcessEntry) => command.includes(Id);
    for (const { pid } of observeTrees(ofContainer)) signalProcess(pid, 'SIGKILL');
  }
}

/** The shim of each container: its parent on the host. */
export function isShimOf(folder: string): (entry: ProcessEntry) => boolean {
  return ({ command }) =>
    /containerd-shim/.test(command[0] ?? '') && command.some((word) => word.startsWith(`${folder}/`));
}
