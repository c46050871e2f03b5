// What lookups cost on a node: at a steady rate, as fast as it goes, and while endpoints change; beside a program that only sends
// back what comes. A host of namespaces with the agent's network alone, its API played by the bench; the client is a pod.
//   dns.ts [--rate 10000] [--lookups 100000] [--services 1000]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runCommand } from '../test/bench/command.ts';
import { Lab, type NodeNetwork, settings, type TestPod } from '../test/network/lab.ts';
import { nodeObject, serviceObject, sliceObject } from '../test/network/objects.ts';
import type { LoadReport } from './dns-load.ts';
import { textTable } from './text-table.ts';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '10000' },
    lookups: { type: 'string', default: '100000' },
    services: { type: 'string', default: '1000' },
  },
});
const [lookups, services] = [values.lookups, Number(values.services)];
const ports = [{ name: 'http', port: 80 }];
const echoPort = '5353';
const changesPerSecond = 10;
const tickMs = 10;

const endpoints = (index: number, turn = 0) =>
  [0, 1, 2].map((number) => ({ address: `10.244.${2 + ((index + turn) % 200)}.${2 + number}` }));
const isHeadless = (index: number) => index % 2 === 1;
const names = Array.from({ length: 100 }, (_, index) => `s${index}.shop.svc.${settings.clusterDomain}`);

interface Load {
  report: LoadReport;
  cpuPercent: number;
}

async function cpuMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

async function memoryOf(pid: number): Promise<string> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mebibytes = (key: string) => (Number(new RegExp(`^${key}: +(\\d+)`, 'm').exec(rollup)?.[1]) / 1024).toFixed(0);
  return `RSS ${mebibytes('Rss')} MiB, PSS ${mebibytes('Pss')}, of its own ${mebibytes('Private_Dirty')}`;
}

async function load(pod: TestPod, server: number, port: string, perSecond: string): Promise<Load> {
  const program = fileURLToPath(import.meta.resolve('./dns-load.ts'));
  const args = [settings.dnsAddress, port, lookups, perSecond, '64', ...names];
  const before = await cpuMs(server);
  const { stdout } = await runCommand(
    'nsenter',
    [`--net=/proc/${pod.pid}/ns/net`, process.execPath, program, ...args],
    {
      timeoutMs: 120_000,
    },
  );
  const report = JSON.parse(stdout) as LoadReport;
  const loadMs = ((report.asked - report.lost) * 1000) / report.perSecond;
  const cpuPercent = ((await cpuMs(server)) - before) / loadMs;
  return { report, cpuPercent: cpuPercent * 100 };
}

async function putAll(network: NodeNetwork): Promise<void> {
  await network.order({ do: 'put', plural: 'nodes', object: nodeObject('a', '10.244.1.0/24', '172.30.7.11') });
  for (let index = 0; index < services; index++) {
    const clusterIP = isHeadless(index) ? 'None' : `10.97.${index >> 8}.${index & 255}`;
    await network.order({ do: 'put', plural: 'services', object: serviceObject(`s${index}`, { clusterIP, ports }) });
    await network.order({
      do: 'put',
      plural: 'endpointslices',
      object: sliceObject(`s${index}`, ports, endpoints(index)),
    });
  }
}

async function churn(network: NodeNetwork, signal: AbortSignal): Promise<void> {
  for (let turn = 1; !signal.aborted; turn++) {
    const index = turn % names.length;
    const object = sliceObject(`s${index}`, ports, endpoints(index, turn));
    await network.order({ do: 'put', plural: 'endpointslices', object });
    await delay(1000 / changesPerSecond);
  }
}

function row(what: string, { report, cpuPercent }: Load): string[] {
  const { perSecond, p50Ms, p99Ms, p999Ms, slowestMs, lost, stalls, empty } = report;
  const times = [p50Ms, p99Ms, p999Ms, slowestMs].map((ms) => ms.toFixed(2));
  const micros = ((cpuPercent / 100) * 1e6) / perSecond;
  const wrong = `${lost} / ${stalls} / ${empty}`;
  return [what, String(perSecond), ...times, wrong, `${cpuPercent.toFixed(0)} %`, micros.toFixed(0)];
}

const root = fileURLToPath(import.meta.resolve('..'));
await runCommand(`${root}/scripts/bundle`, ['--if-stale']);
const lab = await Lab.open(['a']);
try {
  const network = lab.networkOf(lab.host(0));
  // What ships: sources take memory of their own.
  network.config.dnsProgram = `${root}/dist/dns-program.mjs`;
  network.launch();
  await putAll(network);
  await network.order({ do: 'appear' });
  await network.order({ do: 'start' });
  const pod = await lab.pod('asking');
  await network.order({ do: 'attach', uid: pod.uid, pid: pod.pid });
  const [dns = 0] = await lab.host(0).dnsPrograms();
  const echoProgram = fileURLToPath(import.meta.resolve('./dns-echo.ts'));
  const echo = lab.adopt(
    spawn('nsenter', [`--net=${lab.host(0).path}`, process.execPath, echoProgram, settings.dnsAddress, echoPort]),
  );
  if (echo.stdout) await once(echo.stdout, 'data');
  const idle = await memoryOf(dns);

  const rows: string[][] = [];
  const { rate } = values;
  await load(pod, dns, '53', rate);
  const begunLoad = loadavg()[0] ?? 0;
  for (const [what, port, perSecond] of [
    [`sent back, ${rate}/s`, echoPort, rate],
    [`lookups, ${rate}/s`, '53', rate],
    ['sent back, 64 at once', echoPort, '0'],
    ['lookups, 64 at once', '53', '0'],
  ] as const)
    rows.push(row(what, await load(pod, port === '53' ? dns : (echo.pid ?? 0), port, perSecond)));
  const over = new AbortController();
  const churning = churn(network, over.signal);
  rows.push(row(`lookups, ${rate}/s, ${changesPerSecond} endpoint changes/s`, await load(pod, dns, '53', rate)));
  over.abort();
  await churning;

  const heads = [
    '',
    '1/s',
    'p50 ms',
    'p99 ms',
    'p99.9 ms',
    'slowest ms',
    'lost / 5 s stalls / empty',
    'CPU',
    'CPU us each',
  ];
  console.log(textTable(heads, rows));
  console.log(`\n${services} services; ${lookups} lookups each. Memory: ${idle}; after all: ${await memoryOf(dns)}.`);
  console.log(`Load of the last minute as it began: ${begunLoad.toFixed(1)}.`);
} finally {
  await lab.close();
}
