// Waits until every pod is as it should be, each with its own time by its back-off, and says meanwhile what is not yet well.
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { isPodReady, type Pod } from '../../src/api/kinds/pod.ts';
import type { NodeApart } from '../cluster/node-apart.ts';
import type { ExpectedPod } from './expected-pods.ts';
import { readyByMs } from './patience.ts';

const lookEachMs = 1_000;
const dockerMs = 20_000;

interface Complaint {
  name: string;
  text: string;
  pod: Pod | undefined;
}

export interface RecoveryOptions {
  cluster: NodeApart;
  expected: readonly ExpectedPod[];
  /** When all that was done to the node was over. */
  sinceMs: number;
  /** How long each may take beside its back-off. */
  recoveryMs: number;
}

/** Resolves when all are well; rejects, with all that is known of it, when one has taken too long. */
export async function waitForRecovery({ cluster, expected, sinceMs, recoveryMs }: RecoveryOptions): Promise<void> {
  const patience = new Map<string, number>();
  let told = '';
  for (;;) {
    const complaints = await observeComplaints(cluster, expected);
    if (complaints.length === 0) return;
    for (const { name, pod } of complaints) {
      const byMs = pod ? readyByMs(pod, sinceMs, recoveryMs) : sinceMs + recoveryMs;
      patience.set(name, Math.max(patience.get(name) ?? 0, byMs));
    }
    const nowMs = Date.now();
    const lines = complaints.map(({ name, text }) => `${name} ${text}`);
    if (complaints.some(({ name }) => nowMs > (patience.get(name) ?? 0)))
      throw new Error([...lines, await observeAround(cluster)].join('\n'));
    const waiting = complaints.map(({ name }) => `${name} (${inSeconds((patience.get(name) ?? 0) - nowMs)} left)`);
    const names = complaints.map(({ name }) => name).join();
    if (names !== told) console.log(`+${inSeconds(nowMs - sinceMs)}  not yet well: ${waiting.join(', ')}`);
    told = names;
    await delay(lookEachMs);
  }
}

const inSeconds = (ms: number) => `${(ms / 1000).toFixed(0)} s`;

/** What the API says, and once that is well what runs: an agent that was away may not have told yet of what ended meanwhile. */
async function observeComplaints(cluster: NodeApart, expected: readonly ExpectedPod[]): Promise<Complaint[]> {
  const pods = await cluster.pods();
  const complaints = complaintsOf(pods, expected);
  return complaints.length > 0 ? complaints : untoldOf(pods, (await runningContainers(cluster, pods)).map(wholeName));
}

function complaintsOf(pods: Pod[], expected: readonly ExpectedPod[]): Complaint[] {
  const complaints: Complaint[] = [];
  for (const { name, complaint } of expected) {
    const pod = pods.find(({ metadata }) => metadata.name === name);
    const text = pod ? complaint(pod) : 'is not there';
    if (text) complaints.push({ name, text, pod });
  }
  const web = pods.filter(({ metadata }) => metadata.labels?.app === 'web');
  if (web.length !== 3) complaints.push({ name: 'web', text: `has ${web.length} pods`, pod: undefined });
  for (const pod of web)
    if (!isPodReady(pod))
      complaints.push({ name: pod.metadata.name, text: `is not ready: ${JSON.stringify(pod.status)}`, pod });
  return complaints;
}

function untoldOf(pods: Pod[], running: readonly string[]): Complaint[] {
  return pods.flatMap((pod) => {
    const missing = wantedOf(pod).filter((name) => !running.includes(name));
    return missing.length > 0 ? [{ name: pod.metadata.name, text: `does not run: ${missing.join(', ')}`, pod }] : [];
  });
}

async function observeAround(cluster: NodeApart): Promise<string> {
  const listed = await cluster.docker
    .listContainers({ all: true, abortSignal: AbortSignal.timeout(dockerMs) })
    .catch((error: Error) => [{ Names: [`Docker: ${error.message}`], State: '', Status: '' }]);
  const containers = listed.map(({ Names, State, Status }) => `${Names[0]} ${State} ${Status}`);
  return [...containers, (await cluster.readAgentLog()).slice(-6_000)].join('\n');
}

export const labelOf = ({ Labels }: Named, name: string) => Labels[`io.kubernetes.${name}`] ?? '';
export const wholeName = (container: Named) =>
  `${labelOf(container, 'pod.name')}/${labelOf(container, 'pod.uid')}/${labelOf(container, 'container.name')}`;

/** What runs of a pod by what the API was told. */
export const wantedOf = ({ metadata: { name, uid }, spec, status }: Pod): string[] =>
  status.phase === 'Running' ? ['POD', ...spec.containers.map((c) => c.name)].map((c) => `${name}/${uid}/${c}`) : [];

/** Of pods, as Docker lists them. */
export async function listContainers(
  { docker }: NodeApart,
  { all }: { all: boolean },
): Promise<Docker.ContainerInfo[]> {
  const listed = await docker.listContainers({ all, abortSignal: AbortSignal.timeout(dockerMs) });
  return listed.filter((container) => labelOf(container, 'pod.uid'));
}

/** As far as it matters here. */
export type Named = Pick<Docker.ContainerInfo, 'Id' | 'Labels'>;

/**
 * Each is asked for by itself, also those that only the API and other containers name: the list is of what Docker could write
 * down last. After a full disk it may call one that has been started "created", one that has ended "running", and have some
 * not at all, until they change again.
 */
export async function runningContainers(cluster: NodeApart, pods: readonly Pod[]): Promise<Named[]> {
  const abortSignal = AbortSignal.timeout(dockerMs);
  const looked = new Set<string>();
  const running: Named[] = [];
  const look = async (id: string): Promise<void> => {
    if (looked.has(id)) return;
    looked.add(id);
    const found = await cluster.docker
      .getContainer(id)
      .inspect({ abortSignal })
      .catch(() => undefined);
    if (!found?.State.Running) return;
    running.push({ Id: id, Labels: found.Config.Labels });
    const [, pause] = /^container:(.+)$/.exec(found.HostConfig.NetworkMode ?? '') ?? [];
    if (pause) await look(pause);
  };
  const told = pods.flatMap(({ status }) => status.containerStatuses ?? []);
  const ids = told.flatMap(({ state, containerID }) =>
    state?.running ? (containerID?.replace('docker://', '') ?? []) : [],
  );
  const listed = await listContainers(cluster, { all: true });
  await Promise.all([...listed.map(({ Id }) => Id), ...ids].map(look));
  return running;
}
