// Real nginx on a cluster of virtual machines, once on each node, with a port for it on every node.

import { isPodFinished, type Pod } from '../../src/api/kinds/pod.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { nginxImage } from '../images/images.ts';
import { openVmCluster, patientMs, type VmCluster } from './vm-cluster.ts';
import type { LanVm } from './vm-lan.ts';

export const nodePort = 30080;
const welcome = 'Welcome to nginx!';
const labels = { app: 'web' };

/** Twice, each on another node as far as there are two. */
const templateOf = (leavesAfterSeconds: number) => ({
  metadata: { labels },
  spec: {
    containers: [{ name: 'nginx', image: nginxImage, readinessProbe: { httpGet: { port: 80 } } }],
    tolerations: ['not-ready', 'unreachable'].map((taint) => ({
      key: `node.kubernetes.io/${taint}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: leavesAfterSeconds,
    })),
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: labels },
      },
    ],
  },
});

export interface WebCluster extends VmCluster {
  readonly b: LanVm;
  readonly c: LanVm;
}

export interface WebOptions {
  /** For how long pods stay on a node that is not heard of. */
  readonly leavesAfterSeconds?: number;
}

/** The cluster of three, with nginx on both of its nodes. */
export async function openWebCluster(options: WebOptions = {}): Promise<WebCluster> {
  const cluster = await openVmCluster();
  try {
    await runWeb(cluster, options);
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return { ...cluster, b: cluster.lan.machine('b'), c: cluster.lan.machine('c') };
}

export async function runWeb(cluster: VmCluster, { leavesAfterSeconds = 5 }: WebOptions = {}): Promise<void> {
  const template = templateOf(leavesAfterSeconds);
  await cluster.apply(
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: { replicas: 2, selector: { matchLabels: labels }, template },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { type: 'NodePort', selector: labels, ports: [{ port: 80, nodePort }] },
    },
  );
  await webIsReady(cluster);
}

/** Both run, as they were asked for last. */
export async function webIsReady(cluster: VmCluster): Promise<void> {
  await cluster.kubectl(['rollout', 'status', 'deployment/web', '--timeout=600s']);
}

export const webUrl = (node: LanVm): string => `http://${node.address}:${nodePort}/`;

/** What the client gets from the port of a node, once. */
export async function isWeb(cluster: VmCluster, node: LanVm): Promise<boolean> {
  return (await cluster.fetch(webUrl(node))).includes(welcome);
}

/** The same, from the node itself. */
export async function isWebWithin(node: LanVm): Promise<boolean> {
  return (await node.exec(`curl -sS --max-time 10 ${webUrl(node)}`)).includes(welcome);
}

/** Waits for it. */
export async function webAnswers(cluster: VmCluster, node: LanVm): Promise<void> {
  const options = { timeoutMs: patientMs, intervalMs: 500 };
  await waitUntil(`nginx answers on ${node.name}`, async () => await isWeb(cluster, node), options);
}

interface WebPod {
  readonly node: string;
  readonly name: string;
  readonly container: string;
}

/** Those that are neither over nor on their way out, by node. */
export async function webPods(cluster: VmCluster): Promise<WebPod[]> {
  const { items } = JSON.parse(await cluster.kubectl(['get', 'pods', '-l', 'app=web', '-o', 'json']));
  const all: WebPod[] = items
    .filter((pod: Pod) => pod.metadata.deletionTimestamp === undefined && !isPodFinished(pod))
    .map(({ metadata, spec, status }: Pod) => ({
      node: spec.nodeName ?? '',
      name: metadata.name,
      container: status.containerStatuses?.[0]?.containerID?.replace('docker://', '') ?? '',
    }));
  return all.sort((one, other) => one.node.localeCompare(other.node));
}
