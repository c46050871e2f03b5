// What services cost on a node: loading all of them, one more, one endpoint that changes, a steady rate of changes, and a connection
// through the last one. A host of namespaces with the agent's network alone, its API played by the bench.
//   services.ts [--counts 50,1000,5000] [--kinds iptables-legacy,iptables-nft,nftables]
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Lab, type NodeNetwork } from '../test/network/lab.ts';
import { nodeObject, serviceObject, sliceObject } from '../test/network/objects.ts';
import { summary } from './statistics.ts';
import { textTable } from './text-table.ts';

const { values } = parseArgs({
  options: {
    counts: { type: 'string', default: '50,1000,5000' },
    kinds: { type: 'string', default: 'iptables-legacy,iptables-nft,nftables' },
  },
});
const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
const repetitions = 31;
const changesPerSecond = 10;
const churnSeconds = 10;

const clusterIp = (index: number) => `10.9${6 + (index >> 16)}.${1 + ((index >> 8) & 255)}.${index & 255}`;
const remote = (index: number, number: number) => ({
  address: `10.244.${2 + ((index * 3 + number) % 200)}.${2 + (index % 250)}`,
});
const endpointsOf = (index: number) => [0, 1, 2].map((number) => remote(index, number));

interface Figures {
  firstLoadMs: number;
  oneMoreMs: number;
  oneEndpointMs: number;
  /** Of a processor. */
  oneEndpointCpuMs: number;
  cpuPercent: number;
  connectMicros: number;
  directMicros: number;
}

async function putService(network: NodeNetwork, index: number, endpoints = endpointsOf(index)): Promise<void> {
  const name = `s${index}`;
  const object = serviceObject(name, { clusterIP: clusterIp(index), ports });
  await network.order({ do: 'put', plural: 'services', object });
  await putEndpoints(network, name, endpoints);
}

async function putEndpoints(network: NodeNetwork, name: string, endpoints: { address: string }[]): Promise<void> {
  await network.order({ do: 'put', plural: 'endpointslices', object: sliceObject(name, ports, endpoints) });
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await action();
  return performance.now() - begun;
}

async function medianOf(action: (time: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let time = 0; time < repetitions; time++) times.push(await timed(() => action(time)));
  return summary(times).median;
}

/** The processor time of a process and of the children that it has waited for, in milliseconds. */
async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * 10;
}

async function churn(network: NodeNetwork, count: number): Promise<number> {
  const before = await cpuMs(network.pid);
  const begun = performance.now();
  for (let change = 0; change < changesPerSecond * churnSeconds; change++) {
    const index = (change * 37) % count;
    await putEndpoints(network, `s${index}`, [remote(index, 0), remote(index, 1), remote(index + change + 1, 2)]);
    await delay(Math.max(0, begun + ((change + 1) * 1000) / changesPerSecond - performance.now()));
  }
  return ((await cpuMs(network.pid)) - before) / (performance.now() - begun);
}

async function measure(kind: string, count: number): Promise<Figures> {
  const flavour = kind === 'iptables-legacy' ? 'legacy' : 'nft';
  const lab = await Lab.open(['a']);
  try {
    const host = lab.host(0);
    await host.run(`iptables-${flavour}`, ['-P', 'FORWARD', 'DROP']);
    await host.run(`iptables-${flavour}`, ['-A', 'FORWARD', '-o', 'docker0', '-j', 'ACCEPT']);
    const network = lab.networkOf(host, { serviceRules: kind === 'nftables' ? 'nftables' : 'iptables' });
    network.launch();
    await network.order({ do: 'put', plural: 'nodes', object: nodeObject('a', '10.244.1.0/24', host.address) });
    for (let index = 0; index < count; index++) await putService(network, index);
    const firstLoadMs = await timed(async () => {
      await network.order({ do: 'appear' });
      await network.order({ do: 'start' });
      await network.order({ do: 'settle' });
    });
    const pod = await lab.pod('one');
    const other = await lab.pod('two');
    const { result: address } = await network.order({ do: 'attach', uid: pod.uid, pid: pod.pid });
    await network.order({ do: 'attach', uid: other.uid, pid: other.pid });

    const oneMoreMs = await medianOf(async (time) => {
      await putService(network, count + time);
      await network.order({ do: 'settle' });
    });
    const cpuBefore = await cpuMs(network.pid);
    const oneEndpointMs = await medianOf(async (time) => {
      await putEndpoints(network, 's7', [remote(7, 0), remote(7, 1), remote(1000 + time, 2)]);
      await network.order({ do: 'settle' });
    });
    const oneEndpointCpuMs = ((await cpuMs(network.pid)) - cpuBefore) / repetitions;
    const cpuPercent = 100 * (await churn(network, count));
    // The last by its name and in its bucket.
    const last = serviceObject('zz-last', { clusterIP: '10.111.255.7', ports });
    await network.order({ do: 'put', plural: 'services', object: last });
    await putEndpoints(network, 'zz-last', [{ address: address as string }]);
    await network.order({ do: 'settle' });
    const connect = async (to: string, port: number) => Number((await other.run('connect', [to, String(port)]))[0]);
    const directMicros = await connect(address as string, 8080);
    const connectMicros = await connect('10.111.255.7', 80);
    return { firstLoadMs, oneMoreMs, oneEndpointMs, oneEndpointCpuMs, cpuPercent, connectMicros, directMicros };
  } finally {
    await lab.close();
  }
}

const rows: string[][] = [];
for (const kind of values.kinds.split(',')) {
  for (const count of values.counts.split(',').map(Number)) {
    const figures = await measure(kind, count);
    const { firstLoadMs, oneMoreMs, oneEndpointMs, oneEndpointCpuMs, cpuPercent, connectMicros, directMicros } =
      figures;
    rows.push([
      `${kind}, ${count}`,
      firstLoadMs.toFixed(0),
      oneMoreMs.toFixed(0),
      oneEndpointMs.toFixed(0),
      oneEndpointCpuMs.toFixed(1),
      cpuPercent.toFixed(0),
      `${connectMicros} / ${directMicros}`,
    ]);
  }
}
const heads = [
  'services',
  'first load, ms',
  'one more, ms',
  'one endpoint, ms',
  'its CPU, ms',
  'CPU at 10 changes/s, %',
  'connect / direct, us',
];
process.stdout.write(`${textTable(heads, rows)}\n`);
