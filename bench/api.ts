// A program: what an API server does in a second, how long lists and watches take, and what memory it needs. It starts
// Wherry's server on its own, or measures the one that a kubeconfig names: any that speaks the Kubernetes API.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Kubeconfig, parseKubeconfig } from '../src/pki/kubeconfig.ts';
import { ApiClient } from './api-client.ts';
import { median } from './statistics.ts';
import { textTable } from './text-table.ts';

const { values: flags } = parseArgs({
  options: {
    /** Of a server that runs already; without it one is started here. */
    kubeconfig: { type: 'string' },
    port: { type: 'string', default: '17443' },
    objects: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
  },
});
const objects = Number(flags.objects);
const rounds = Number(flags.rounds);
const atOnce = 16;
const listed = [1000, 5000];
const watchers = [1, 100];
const eventsEach = 50;
const storedPods = 5000;
const settleMs = 5_000;

interface Figure {
  name: string;
  unit: string;
  values: number[];
}

const figures = new Map<string, Figure>();

function tell(name: string, unit: string, value: number): void {
  const figure = figures.get(name) ?? { name, unit, values: [] };
  figure.values.push(value);
  figures.set(name, figure);
}

const sinceMs = (begun: number) => performance.now() - begun;

/** Runs a piece of work so many times, some at once, and tells how often a second. */
async function rate(
  name: string,
  count: number,
  width: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const begun = performance.now();
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
  tell(name, '/s', (count / sinceMs(begun)) * 1000);
}

async function timed(name: string, times: number, work: () => Promise<unknown>): Promise<void> {
  const values: number[] = [];
  for (let time = 0; time < times; time++) {
    const begun = performance.now();
    await work();
    values.push(sinceMs(begun));
  }
  tell(name, 'ms', median(values));
}

const configMap = (name: string) =>
  JSON.stringify({ metadata: { name, labels: { app: 'x' } }, data: { k: 'v'.repeat(1024) } });

async function inNamespace(client: ApiClient, work: (path: string) => Promise<void>): Promise<void> {
  const name = `bench-${Math.random().toString(36).slice(2, 8)}`;
  await client.send('POST', '/api/v1/namespaces', JSON.stringify({ metadata: { name } }));
  try {
    await work(`/api/v1/namespaces/${name}`);
  } finally {
    await client.send('DELETE', `/api/v1/namespaces/${name}`);
  }
}

async function measureWrites(client: ApiClient): Promise<void> {
  await inNamespace(client, async (namespace) => {
    const maps = `${namespace}/configmaps`;
    await rate('create, one after the other', objects / 2, 1, (n) => client.send('POST', maps, configMap(`s${n}`)));
    await rate('create, 16 at once', objects, atOnce, (n) => client.send('POST', maps, configMap(`c${n}`)));
    await rate('get, one after the other', objects, 1, (n) => client.send('GET', `${maps}/c${n % objects}`));
    await rate('get, 16 at once', objects * 2, atOnce, (n) => client.send('GET', `${maps}/c${n % objects}`));
    const patch = (n: number) => JSON.stringify({ data: { k: `changed ${n}` } });
    await rate('merge patch, one after the other', objects / 2, 1, (n) =>
      client.send('PATCH', `${maps}/c${n}`, patch(n), 'application/merge-patch+json'),
    );
    await rate('delete, 16 at once', objects / 2, atOnce, (n) => client.send('DELETE', `${maps}/s${n}`));
  });
}

async function measureLists(client: ApiClient): Promise<void> {
  for (const count of listed) {
    await inNamespace(client, async (namespace) => {
      const maps = `${namespace}/configmaps`;
      await rate(`(filling ${count})`, count, atOnce, (n) => client.send('POST', maps, configMap(`c${n}`)));
      await timed(`LIST ${count}`, 7, () => client.send('GET', maps));
      await timed(`LIST ${count}, resourceVersion=0`, 7, () => client.send('GET', `${maps}?resourceVersion=0`));
      await timed(`LIST ${count}, pages of 500`, 7, async () => {
        for (let token = ''; ; ) {
          const page = JSON.parse(String(await client.send('GET', `${maps}?limit=500&continue=${token}`)));
          token = page.metadata.continue ?? '';
          if (!token) return;
        }
      });
    });
  }
}

async function measureWatches(client: ApiClient): Promise<void> {
  for (const count of watchers) {
    await inNamespace(client, async (namespace) => {
      const maps = `${namespace}/configmaps`;
      const seen = new Map<string, () => void>();
      const counts = new Map<string, number>();
      const onEvent = ({ object: { metadata } }: { object: { metadata: { name: string } } }) => {
        const told = (counts.get(metadata.name) ?? 0) + 1;
        counts.set(metadata.name, told);
        if (told === count) seen.get(metadata.name)?.();
      };
      const stops = await Promise.all(Array.from({ length: count }, () => client.watch(`${maps}?watch=true`, onEvent)));
      const values: number[] = [];
      for (let event = 0; event < eventsEach; event++) {
        const all = Promise.withResolvers<void>();
        seen.set(`w${event}`, all.resolve);
        const begun = performance.now();
        await client.send('POST', maps, configMap(`w${event}`));
        await all.promise;
        values.push(sinceMs(begun));
      }
      tell(`event at the last of ${count} watcher${count > 1 ? 's' : ''}`, 'ms', median(values));
      for (const stop of stops) stop();
    });
  }
}

const pod = (n: number) =>
  JSON.stringify({
    metadata: { name: `pod-${n}`, labels: { app: 'web', tier: 'front' } },
    spec: {
      schedulerName: 'nobody',
      containers: [
        {
          name: 'web',
          image: 'nginx',
          ports: [{ containerPort: 80 }],
          resources: { requests: { cpu: '10m', memory: '32Mi' } },
          readinessProbe: { httpGet: { path: '/', port: 80 } },
        },
        { name: 'side', image: 'busybox', command: ['sleep', '9'] },
      ],
    },
  });

async function residentMib(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

async function measureMemory(client: ApiClient, pid: number): Promise<void> {
  await inNamespace(client, async (namespace) => {
    await accountIn(client, namespace);
    await rate('create pods, 16 at once', storedPods, atOnce, (n) => client.send('POST', `${namespace}/pods`, pod(n)));
    await delay(settleMs);
    tell(`resident with ${storedPods} pods`, 'MiB', await residentMib(pid));
    await client.send('GET', `${namespace}/pods`);
    await delay(settleMs);
    tell(`resident after listing them`, 'MiB', await residentMib(pid));
  });
}

/** A pod needs its namespace's account, which is made soon after the namespace. */
async function accountIn(client: ApiClient, namespace: string): Promise<void> {
  const path = `${namespace}/serviceaccounts`;
  const there = Promise.withResolvers<void>();
  const stop = await client.watch(`${path}?watch=true`, () => there.resolve());
  await there.promise;
  stop();
}

interface OwnServer {
  child: ChildProcess;
  pid: number;
  kubeconfig: Kubeconfig;
  folder: string;
}

async function startServer(): Promise<OwnServer> {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-bench-api-'));
  const file = join(folder, 'kubeconfig');
  const begun = performance.now();
  const child = spawn(
    join(import.meta.dirname, '../bin/wherry'),
    [
      ...['server', '--data-dir', join(folder, 'data'), '--write-kubeconfig', file, '--https-port', flags.port],
      ...['--bind-address', '127.0.0.1', '--advertise-address', '127.0.0.1'],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ready = Promise.withResolvers<void>();
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (text.includes('server: ready')) ready.resolve();
  });
  child.once('exit', (code) => ready.reject(new Error(`the server ended with ${code}`)));
  await ready.promise;
  tell('start to ready, nothing there yet', 'ms', sinceMs(begun));
  return { child, pid: child.pid ?? 0, kubeconfig: parseKubeconfig(await readFile(file, 'utf8')), folder };
}

async function measure(client: ApiClient): Promise<void> {
  await measureWrites(client);
  await measureLists(client);
  await measureWatches(client);
}

for (let round = 0; round < rounds; round++) {
  const own = flags.kubeconfig ? undefined : await startServer();
  const kubeconfig = own?.kubeconfig ?? parseKubeconfig(await readFile(flags.kubeconfig ?? '', 'utf8'));
  const client = new ApiClient(kubeconfig, atOnce);
  if (own) {
    await delay(settleMs);
    tell('resident, idle', 'MiB', await residentMib(own.pid));
  }
  await measure(client);
  if (own) await measureMemory(client, own.pid);
  client.close();
  if (!own) continue;
  own.child.kill('SIGTERM');
  await once(own.child, 'exit');
  await rm(own.folder, { recursive: true, force: true });
}

const round1 = (value: number) => (value < 100 ? value.toFixed(1) : String(Math.round(value)));
const rows = [...figures.values()]
  .filter(({ name }) => !name.startsWith('('))
  .map(({ name, unit, values }) => [
    name,
    unit,
    ...[median(values), Math.min(...values), Math.max(...values)].map(round1),
  ]);
console.log(textTable(['', 'unit', 'median', 'min', 'max'], rows));
