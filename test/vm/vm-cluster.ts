// A cluster on virtual machines: the master "a", the nodes "b" and "c", and a client on their network that is not of it. It is installed
// once and laid by; from then on all three go on from there. kubectl and curl run on the client.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandOptions } from '../bench/command.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { ensureBundle, installAgent, installServer } from './installation.ts';
import { madeOnce } from './made-once.ts';
import { bootedDisk } from './vm.ts';
import { ensureVmDisk } from './vm-disk.ts';
import { type LanVm, openVmLan, type VmLan } from './vm-lan.ts';

const names = ['a', 'b', 'c'];
/** What is emulated takes its time, and more where others work beside. */
export const patientMs = 600_000;

export interface VmCluster {
  readonly lan: VmLan;
  readonly master: LanVm;
  readonly nodes: readonly LanVm[];
  kubectl(args: readonly string[], options?: CommandOptions): Promise<string>;
  apply(...objects: object[]): Promise<void>;
  /** Resolves when the nodes say whether they are ready. */
  nodesAre(status: 'True' | 'False' | 'Unknown', ...nodes: readonly LanVm[]): Promise<void>;
  /** What the client gets. */
  fetch(url: string): Promise<string>;
  close(): Promise<void>;
}

export async function openVmCluster(): Promise<VmCluster> {
  const folder = await ensureInstalled();
  const lan = await openVmLan({ names, from: (name) => bootedDisk(join(folder, name)) });
  try {
    const cluster = await clusterOn(lan);
    await cluster.nodesAre('True');
    // They had not been heard of since they were laid by.
    const taints = ['get', 'nodes', '-o', 'jsonpath={.items[*].spec.taints}'];
    await waitUntil('no node is taken for lost', async () => (await cluster.kubectl(taints)) === '', {
      timeoutMs: patientMs,
    });
    return cluster;
  } catch (error) {
    await lan.close();
    throw error;
  }
}

async function ensureInstalled(): Promise<string> {
  const { folder } = await ensureVmDisk();
  const bundle = await ensureBundle();
  return await madeOnce([JSON.stringify(['cluster', names]), folder, bundle.version], async (making) => {
    const lan = await openVmLan({ names });
    try {
      await installOn(lan);
      const { nodesAre } = await clusterOn(lan);
      await nodesAre('True');
      await Promise.all(
        lan.machines.map(async (vm) => {
          await mkdir(join(making, vm.name));
          await vm.save(bootedDisk(join(making, vm.name)));
        }),
      );
    } finally {
      await lan.close();
    }
  });
}

/** As a user does: the master first, then each node by its address. */
async function installOn({ machines: [master, ...nodes] }: VmLan): Promise<void> {
  if (!master) throw new Error('a cluster has a master');
  const bundle = await ensureBundle();
  await installServer(master, bundle);
  await Promise.all(nodes.map((node) => installAgent(node, bundle, { vm: master, address: master.address })));
}

/** What there is of a cluster on these machines: the first is its master, and a node if it is the only one. */
export async function clusterOn(lan: VmLan): Promise<VmCluster> {
  const [master, ...others] = lan.machines;
  if (!master) throw new Error('a cluster has a master');
  const nodes = others.length > 0 ? others : [master];
  const kubeconfig = join(lan.client.folder, 'kubeconfig');
  const ofMaster = await master.exec('cat /etc/wherry/kubeconfig');
  const server = `https://${master.address}:6443`;
  await writeFile(kubeconfig, ofMaster.replaceAll(/https:\/\/[\d.]+:6443/g, server), { mode: 0o600 });
  const kubectl = async (args: readonly string[], options: CommandOptions = {}) => {
    const all = ['--kubeconfig', kubeconfig, ...args];
    return (await lan.client.exec('kubectl', all, { timeoutMs: patientMs, ...options })).stdout;
  };
  return {
    lan,
    master,
    nodes,
    kubectl,
    async apply(...objects) {
      const list = { apiVersion: 'v1', kind: 'List', items: objects };
      // To be told what is valid takes kubectl longer here than it waits.
      await kubectl(['apply', '--validate=false', '-f', '-'], { input: JSON.stringify(list) });
    },
    async nodesAre(status, ...which) {
      const told = (which.length > 0 ? which : nodes).map(({ name }) => `node/${name}`);
      await waitUntil(
        `${told.join(', ')} Ready: ${status}`,
        async () => await kubectl(['wait', `--for=condition=Ready=${status}`, ...told, '--timeout=60s']),
        { timeoutMs: patientMs },
      );
    },
    async fetch(url) {
      return (await lan.client.exec('curl', ['-sS', '--max-time', '10', url])).stdout;
    },
    close: () => lan.close(),
  };
}
