// A program: how many pods a second get a node, on a cluster whose nodes and pods exist in the API only. The pods are there
// before the scheduler is: a server without one takes them in, the next one has them all to place.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { parseKubeconfig } from '../src/pki/kubeconfig.ts';
import { ApiClient } from './api-client.ts';
import { textTable } from './text-table.ts';

const { values: flags } = parseArgs({
  options: {
    nodes: { type: 'string', default: '100' },
    pods: { type: 'string', default: '5000' },
    only: { type: 'string' },
    port: { type: 'string', default: '17444' },
    /** Writes a profile of the server's processor time into this directory. */
    'profile-into': { type: 'string' },
  },
});
const nodeCount = Number(flags.nodes);
const podCount = Number(flags.pods);
const atOnce = 32;
const zones = 10;
const apps = 20;

/** What the pods of a section say of where they want to be; each belongs to one of a few applications. */
const sections: Record<string, (app: string) => object> = {
  plain: () => ({}),
  affinity: (app) => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/os', operator: 'In', values: ['linux'] }] }],
        },
      },
      podAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 10,
            podAffinityTerm: { topologyKey: 'topology.kubernetes.io/zone', labelSelector: { matchLabels: { app } } },
          },
        ],
      },
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { rival: app } } },
        ],
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 50,
            podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app } } },
          },
        ],
      },
    },
    topologySpreadConstraints: [
      spread('topology.kubernetes.io/zone', app, 'DoNotSchedule'),
      spread('kubernetes.io/hostname', app, 'ScheduleAnyway'),
    ],
  }),
};

function spread(topologyKey: string, app: string, whenUnsatisfiable: string): object {
  return { topologyKey, whenUnsatisfiable, maxSkew: 1, labelSelector: { matchLabels: { app } } };
}

interface Running {
  child: ChildProcess;
  client: ApiClient;
}

async function startServer(folder: string, extra: string[], nodeFlags: string[] = []): Promise<Running> {
  const file = join(folder, 'kubeconfig');
  const child = spawn(
    process.execPath,
    [
      ...nodeFlags,
      join(import.meta.dirname, '../src/main.ts'),
      ...['server', '--data-dir', join(folder, 'data'), '--write-kubeconfig', file, '--https-port', flags.port],
      ...['--bind-address', '127.0.0.1', '--advertise-address', '127.0.0.1', '--node-grace-period', '24h', ...extra],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ready = Promise.withResolvers<void>();
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (text.includes('server: ready')) ready.resolve();
  });
  child.once('exit', (code) => ready.reject(new Error(`the server ended with ${code}`)));
  await ready.promise;
  return { child, client: new ApiClient(parseKubeconfig(await readFile(file, 'utf8')), atOnce) };
}

async function stopServer({ child, client }: Running): Promise<void> {
  client.close();
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function times(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function fill(client: ApiClient, wish: (app: string) => object): Promise<void> {
  await times(nodeCount, async (index) => {
    const name = `node-${index}`;
    const labels = {
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
      'topology.kubernetes.io/zone': `zone-${index % zones}`,
    };
    await client.send('POST', '/api/v1/nodes', JSON.stringify({ metadata: { name, labels } }));
    const allocatable = { cpu: '32', memory: '64Gi', pods: '500' };
    const status = { allocatable, capacity: allocatable, conditions: [{ type: 'Ready', status: 'True' }] };
    const path = `/api/v1/nodes/${name}`;
    await client.send('PATCH', `${path}/status`, JSON.stringify({ status }), 'application/merge-patch+json');
    const bare = JSON.stringify({ spec: { taints: null } });
    await client.send('PATCH', path, bare, 'application/merge-patch+json');
  });
  await times(podCount, (index) => {
    const app = `app-${index % apps}`;
    const resources = { requests: { cpu: '100m', memory: '64Mi' } };
    const spec = { containers: [{ name: 'main', image: 'nginx', resources }], ...wish(app) };
    const body = JSON.stringify({ metadata: { name: `pod-${index}`, labels: { app } }, spec });
    return client.send('POST', '/api/v1/namespaces/default/pods', body);
  });
}

interface Seen {
  atMs: number;
  bound: number;
  /** What the server has used of its processors since it started. */
  cpuSeconds: number;
}

async function observe(client: ApiClient): Promise<Seen> {
  const text = String(await client.send('GET', '/metrics'));
  const read = (series: RegExp) => Number(series.exec(text)?.[1] ?? 0);
  return {
    atMs: performance.now(),
    bound: read(/^scheduler_schedule_attempts_total\{result="scheduled"[^}]*\} (\d+)/m),
    cpuSeconds: read(/^process_cpu_seconds_total ([\d.]+)/m),
  };
}

async function measure(name: string, wish: (app: string) => object): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-bench-scheduler-'));
  try {
    const first = await startServer(folder, ['--without', 'scheduler']);
    await fill(first.client, wish);
    await stopServer(first);
    const load = loadavg()[0] ?? 0;
    const profile = flags['profile-into'];
    const second = await startServer(folder, [], profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : []);
    const begun = await observe(second.client);
    let last = begun;
    while (last.bound < podCount) {
      await delay(50);
      last = await observe(second.client);
    }
    await stopServer(second);
    const bound = last.bound - begun.bound;
    const rate = (bound / (last.atMs - begun.atMs)) * 1000;
    const cpuMs = ((last.cpuSeconds - begun.cpuSeconds) / bound) * 1000;
    const counts = [nodeCount, podCount, Math.round(rate)].map(String);
    return [name, ...counts, cpuMs.toFixed(2), load.toFixed(1)];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const rows: string[][] = [];
for (const [name, wish] of Object.entries(sections)) {
  if (!flags.only || flags.only.split(',').includes(name)) rows.push(await measure(name, wish));
}
console.log(textTable(['pods', 'nodes', 'pods there', 'bound a second', 'CPU ms a pod', 'load'], rows));
