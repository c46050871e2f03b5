// The node to which everything is done: its disk is small, and beside it is a registry that can be made to hang.
import { join } from 'node:path';
import type { HostProcess } from '../bench/test-host.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { NodeApart } from '../cluster/node-apart.ts';
import { busyboxTar } from '../images/images.ts';

const root = join(import.meta.dirname, '../..');
const node = join(root, 'node_modules/.bin/node');

export const registryImage = '127.0.0.1:5000/busybox:1';
const diskMebibytes = 512;
/** A full disk is no reason to end pods here: who is evicted does not come back. */
const agentArgs = ['--eviction-hard', 'memory.available<1Mi'];

export interface FaultCluster {
  apart: NodeApart;
  registry: HostProcess;
}

export async function openFaultCluster(): Promise<FaultCluster> {
  const apart = await NodeApart.open({ diskMebibytes, agentArgs });
  try {
    const program = join(root, 'test/bench/image-registry.ts');
    const args = [program, '5000', await busyboxTar(), 'busybox'];
    const registry = await apart.on.host.spawn(node, args, { log: 'registry.log' });
    await waitUntil('the registry', async () => (await registry.readLog()).includes('listening'));
    return { apart, registry };
  } catch (error) {
    await apart.close();
    throw error;
  }
}
