// The whole way of a service in a cluster of one node, API, controllers and kernel included: from a pod's readiness to the first
// answer, and one service more, beside thousands of others.
//   service-way.ts [--counts 50,1000,5000] [--flavours legacy,nft]
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Cluster } from '../test/cluster/cluster.ts';
import { busyboxImage } from '../test/images/images.ts';
import type { ServiceAnswers } from './service-answers.ts';
import { summary } from './statistics.ts';
import { summaryCells, textTable } from './text-table.ts';

const { values } = parseArgs({
  options: { counts: { type: 'string', default: '50,1000,5000' }, flavours: { type: 'string', default: 'legacy,nft' } },
});
const program = fileURLToPath(import.meta.resolve('./service-answers.ts'));

async function measure(flavour: string, count: string): Promise<ServiceAnswers> {
  const cluster = await Cluster.open({
    names: ['a'],
    // What others keep in it says which one the host uses.
    before: async ({ hosts }) => {
      for (const { host } of hosts)
        await host.exec(`iptables-${flavour}`, '-A FORWARD -o docker0 -j ACCEPT'.split(' '));
    },
  });
  try {
    const args = [program, cluster.kubeconfig, busyboxImage, count];
    const { stdout } = await cluster.master.host.exec(process.execPath, args, { timeoutMs: 300_000 });
    return JSON.parse(stdout) as ServiceAnswers;
  } finally {
    await cluster.close();
  }
}

/** Where services stand on such a host. */
const kindOf = { legacy: 'iptables-legacy', nft: 'nftables' };
const rows: string[][] = [];
for (const flavour of values.flavours.split(',')) {
  for (const count of values.counts.split(',')) {
    const { readyMs, oneMoreMs, allMs } = await measure(flavour, count);
    const figures = [...summaryCells(summary(readyMs)), ...summaryCells(summary(oneMoreMs)), (allMs / 1000).toFixed(1)];
    rows.push([`${kindOf[flavour as 'legacy' | 'nft']}, ${count}`, ...figures]);
  }
}
const heads = ['services', 'ready to answer, ms', 'min', 'max', 'one more, ms', 'min', 'max', 'all made and served, s'];
console.log(textTable(heads, rows));
console.log(`\nLoad of the last minute as it ended: ${(loadavg()[0] ?? 0).toFixed(1)}.`);
