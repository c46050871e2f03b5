// A program: what a cluster of many nodes and pods costs its server. The nodes are simulated, each with a connection, a lease
// and a watch of its own pods, as agents have; the server is a process of its own, and what it takes is what is told.
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { deployments } from '../src/api/kinds/deployment.ts';
import type { Kind } from '../src/api/kinds/kind.ts';
import { namespaces } from '../src/api/kinds/namespace.ts';
import { pods } from '../src/api/kinds/pod.ts';
import { replicaSets } from '../src/api/kinds/replica-set.ts';
import { services } from '../src/api/kinds/service.ts';
import { serviceAccounts } from '../src/api/kinds/service-account.ts';
import type { KubeObject } from '../src/api/meta.ts';
import { createLog } from '../src/base/log.ts';
import { Client } from '../src/client/client.ts';
import { HttpTransport } from '../src/client/http-transport.ts';
import { Informer } from '../src/client/informer.ts';
import { type Reached, StandInAgent } from '../test/controllers/stand-in-agent.ts';
import { TestServer } from '../test/controllers/test-server.ts';
import { processorMs } from './footprint.ts';
import { observeLoad } from './machine.ts';
import { textTable } from './text-table.ts';

const { values: flags } = parseArgs({
  options: {
    nodes: { type: 'string', default: '200' },
    replicas: { type: 'string', default: '1000' },
    deployments: { type: 'string', default: '5' },
    /** A folder that gets a profile of the server's processor time. */
    profile: { type: 'string' },
    'idle-seconds': { type: 'string', default: '30' },
  },
});
const nodeCount = Number(flags.nodes);
const replicas = Number(flags.replicas);
const namespace = 'bench';
const log = createLog({ level: 'error' });
/** As agents do. */
const leaseEveryMs = 10_000;

const stop = new AbortController();
const root = join(import.meta.dirname, '..');
execFileSync(join(root, 'scripts/bundle'), ['--if-stale']);
const profiled = flags.profile ? ['--cpu-prof', '--cpu-prof-dir', flags.profile] : [];
// On a busy machine the agents come late, and what that brings about is not what is measured here.
const server = await TestServer.open(['--node-grace-period', '600s'], {
  program: [...profiled, '--max-semi-space-size=2', join(root, 'dist/wherry.mjs')],
});
const rows: string[][] = [];

async function residentMib(): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Does it, and notes what the server took for it. */
async function measure(name: string, work: () => Promise<void>): Promise<void> {
  const [begunMs, spentMs, load] = [performance.now(), await processorMs(server), observeLoad()];
  await work();
  const seconds = (performance.now() - begunMs) / 1000;
  const processor = ((await processorMs(server)) - spentMs) / 1000;
  const row = [
    name,
    seconds.toFixed(1),
    processor.toFixed(1),
    ((100 * processor) / seconds).toFixed(1),
    (await residentMib()).toFixed(0),
    load.toFixed(1),
  ];
  rows.push(row);
  console.log(row.join('  '));
}

/** A node that reaches the server by itself. */
function reach(node: string): Reached {
  const client = new Client(new HttpTransport({ ...server.kubeconfig, log }));
  return {
    client,
    informer: async <T extends KubeObject>(kind: Kind<T>) => {
      const select = { fieldSelector: `spec.nodeName=${node}` };
      const informer = new Informer<T>({ client, kind, log, select });
      void informer.run(stop.signal);
      await informer.synced;
      return informer;
    },
  };
}

const spec = (app: string, release: number) => ({
  replicas,
  selector: { matchLabels: { app } },
  template: {
    metadata: { labels: { app, release: String(release) } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image: 'none', ports: [{ containerPort: 80 }] }],
    },
  },
});

function whenComplete(app: string): Promise<unknown> {
  const ask = (object: KubeObject) => {
    const { metadata, status } = object as KubeObject & { status: Record<string, number | undefined> };
    const { observedGeneration, updatedReplicas, availableReplicas, replicas: all } = status;
    const isSeen = metadata.name === app && observedGeneration === metadata.generation;
    return isSeen && [updatedReplicas, availableReplicas, all].every((count) => count === replicas);
  };
  return server.when(`${app} complete`, deployments, (all) => all.some(ask), 600_000);
}

async function create(app: string): Promise<void> {
  await server.client.create(services, {
    metadata: { namespace, name: app },
    spec: { selector: { app }, ports: [{ port: 80 }] },
  });
  await server.client.create(deployments, { metadata: { namespace, name: app }, spec: spec(app, 1) });
  await whenComplete(app);
}

async function rollOver(app: string, release: number): Promise<void> {
  await server.client.patch(deployments, { namespace, name: app }, { spec: spec(app, release) });
  await whenComplete(app);
}

async function remove(app: string): Promise<void> {
  await server.client.delete(services, { namespace, name: app });
  await server.client.delete(deployments, { namespace, name: app });
  const isOf = ({ metadata }: KubeObject) => metadata.labels?.app === app;
  await server.when(`${app} gone`, replicaSets, (all) => !all.some(isOf), 600_000);
  await server.when(`pods of ${app} gone`, pods, (all) => !all.some(isOf), 600_000);
}

const idle = async () => {
  await delay(Number(flags['idle-seconds']) * 1000);
};
const quiet = () => delay(15_000);

try {
  await server.client.create(namespaces, { metadata: { name: namespace } });
  await server.when('account', serviceAccounts, (all) => all.some(({ metadata }) => metadata.namespace === namespace));
  await measure('nothing there, idle', idle);
  const agents = Array.from({ length: nodeCount }, (_, index) => `node-${index}`).map((name) => ({
    name,
    agent: new StandInAgent(reach(name), { leaseEveryMs }),
  }));
  await measure(`${nodeCount} nodes join`, async () => {
    for (const { name, agent } of agents) await agent.start(name);
  });
  await quiet();
  await measure(`${nodeCount} nodes, idle`, idle);
  await measure(`Deployment of ${replicas}: created`, () => create('web-1'));
  await measure(`Deployment of ${replicas}: rolled over`, () => rollOver('web-1', 2));
  await measure(`Deployment of ${replicas}: deleted`, () => remove('web-1'));
  await measure(`Deployment of ${replicas}: created again`, () => create('web-1'));
  await quiet();
  await measure(`${replicas} pods, idle`, idle);
  for (let number = 2; number <= Number(flags.deployments); number++)
    await measure(`${number}. Deployment of ${replicas}: created`, () => create(`web-${number}`));
  await quiet();
  await measure(`${replicas * Number(flags.deployments)} pods, idle`, idle);
  await measure(`one of them rolled over`, () => rollOver('web-1', 3));
  await measure(`one of them deleted`, () => remove('web-1'));
  for (const { agent } of agents) agent.stop();
} finally {
  stop.abort(new Error('the bench is over'));
  console.log(textTable(['', 's', 'CPU s', '% of a core', 'RSS MiB', 'load before'], rows));
  await server.end('SIGTERM');
  await server.close();
}
process.exit();
