// One pod through the Kubernetes API, from its creation until it is gone; times are milliseconds since it was asked for.
import { isPodReady, type Pod, pods } from '../src/api/kinds/pod.ts';
import type { Client } from '../src/client/client.ts';
import type { PodWatch } from './pod-watch.ts';

export interface PodLife {
  name: string;
  begun: number;
  /** The creation was answered. */
  created: number;
  scheduled: number;
  running: number;
  ready: number;
  deletionBegun: number;
  /** Since its deletion was asked for: answered, and gone. */
  deletionAnswered: number;
  gone: number;
}

export const benchNamespace = 'default';

export interface PodLifeOptions {
  client: Client;
  watch: PodWatch;
  image: string;
}

export async function livePod({ client, watch, image }: PodLifeOptions, name: string): Promise<PodLife> {
  const waits = Promise.all([
    watch.untilPod(name, 'scheduled', (pod) => pod?.spec.nodeName !== undefined),
    watch.untilPod(name, 'running', (pod) => pod?.status.phase === 'Running'),
    watch.untilPod(name, 'ready', (pod) => pod !== undefined && isPodReady(pod)),
  ]);
  const begun = performance.now();
  await client.create(pods, { metadata: { namespace: benchNamespace, name }, spec: podSpec(image) });
  const created = performance.now() - begun;
  const [scheduled, running, ready] = (await waits).map((atMs) => atMs - begun) as [number, number, number];

  const wait = watch.untilPod(name, 'gone', (pod) => pod === undefined);
  const deletionBegun = performance.now();
  await client.delete(pods, { namespace: benchNamespace, name });
  const deletionAnswered = performance.now() - deletionBegun;
  const gone = (await wait) - deletionBegun;
  return { name, begun, created, scheduled, running, ready, deletionBegun, deletionAnswered, gone };
}

export function podSpec(image: string): Pod['spec'] {
  return { containers: [{ name: 'app', image, imagePullPolicy: 'IfNotPresent' }] };
}
