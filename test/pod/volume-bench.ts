// What tests of volumes ask of a bench: a look into a container, what was told of a pod, and objects to mount.
import { configMaps } from '../../src/api/kinds/config-map.ts';
import type { Event } from '../../src/api/kinds/event.ts';
import { persistentVolumes } from '../../src/api/kinds/persistent-volume.ts';
import { persistentVolumeClaims } from '../../src/api/kinds/persistent-volume-claim.ts';
import type { Pod } from '../../src/api/kinds/pod.ts';
import type { Container } from '../../src/api/kinds/pod-template.ts';
import { secrets } from '../../src/api/kinds/secret.ts';
import { latestOf } from '../../src/node/pods/pod-progress.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import type { PodBench, RunningAgent } from './pod-bench.ts';

export type Volumes = NonNullable<Pod['spec']['volumes']>;

/** A container that waits to be looked into. */
export function idle(more: Partial<Container> = {}): Container {
  const command = ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'];
  return { name: 'main', image: busyboxImage, command, ...more };
}

/** What a shell in a container says on both streams, whatever its exit code. */
export async function inside(running: RunningAgent, pod: Pod, script: string, container = 'main'): Promise<string> {
  const found = latestOf(running.agent.containers().of(pod.metadata.uid ?? ''), container);
  if (!found) throw new Error(`no container ${container}`);
  const options = { outputBytes: 100_000, signal: AbortSignal.timeout(20_000) };
  return (await running.runtime.exec(found.id, ['sh', '-c', `exec 2>&1\n${script}`], options)).output;
}

/** Resolves when the shell says what is wanted. */
export async function insideUntil(running: RunningAgent, pod: Pod, script: string, wanted: string): Promise<void> {
  let last = '';
  const look = async () => {
    last = await inside(running, pod, script);
    return last === wanted;
  };
  await waitUntil(`"${script}" says "${wanted}"`, look, { timeoutMs: 10_000 }).catch((error: unknown) => {
    throw new Error(`it says "${last}"`, { cause: error });
  });
}

export function warningsOf(bench: PodBench, name: string): string[] {
  return bench.api
    .history()
    .filter(({ plural, object }) => plural === 'events' && (object as Event).involvedObject.name === name)
    .map(({ object }) => object as Event)
    .filter(({ type }) => type === 'Warning')
    .map(({ reason, message }) => `${reason}: ${message}`);
}

export async function warned(bench: PodBench, name: string, text: string | RegExp): Promise<void> {
  const holds = (warning: string) => (typeof text === 'string' ? warning === text : text.test(warning));
  await waitUntil(`${name} warns "${text}"`, () => warningsOf(bench, name).some(holds)).catch((error: unknown) => {
    throw new Error(`it warns of ${JSON.stringify(warningsOf(bench, name))}`, { cause: error });
  });
}

const base64 = (data: Record<string, string>) =>
  Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));

export async function putConfigMap(bench: PodBench, name: string, data: Record<string, string>, more: object = {}) {
  const draft = { metadata: { name, namespace: 'default' }, data, ...more };
  await bench.client.create(configMaps, draft);
}

export async function putSecret(bench: PodBench, name: string, data: Record<string, string>) {
  await bench.client.create(secrets, { metadata: { name, namespace: 'default' }, data: base64(data) });
}

/** A claim and a volume that are bound to each other. */
export async function bindClaim(
  bench: PodBench,
  name: string,
  source: object,
  { claim = {}, volume = {}, metadata = {} }: Record<string, object> = {},
) {
  const bound = await bench.client.create(persistentVolumeClaims, {
    metadata: { name, namespace: 'default', ...metadata },
    spec: { volumeName: `pv-${name}` },
    status: { phase: 'Bound' },
    ...claim,
  });
  await bench.client.create(persistentVolumes, {
    metadata: { name: `pv-${name}` },
    spec: { claimRef: { namespace: 'default', name, uid: bound.metadata.uid ?? '' }, ...source, ...volume },
  });
  return bound;
}
