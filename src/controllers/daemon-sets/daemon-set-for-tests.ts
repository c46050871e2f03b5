// Daemon sets, nodes and pods in few words, for tables of cases.
import type { DaemonSet } from '../../api/kinds/daemon-set.ts';
import type { Node } from '../../api/kinds/node.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { draftDaemonPod } from './daemon-set-pods.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString();

/** "a", "a tainted" (NoSchedule), "a lost" (NoExecute), "a cordoned", "a other" (not selected). */
export function node(told: string): Node {
  const [name = '', trait] = told.split(' ');
  const taint = {
    tainted: { key: 'gpu', effect: 'NoSchedule' as const },
    cordoned: { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' as const },
    lost: { key: 'gone', effect: 'NoExecute' as const },
    unready: { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' as const },
  }[trait ?? ''];
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { role: trait === 'other' ? 'other' : 'worker' } },
    spec: { ...(taint && { taints: [taint] }) },
    status: {},
  };
}

/** "a new", "b old down", "c new ending", "d old failed", "a new young": name and node, template, state. */
export function pod(told: string): Pod {
  const [nodeName = '', template = '', ...traits] = told.split(' ');
  const is = (trait: string) => traits.includes(trait);
  const draft = draftDaemonPod(set({}), template, nodeName);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...draft.metadata,
      name: told.replaceAll(' ', '-'),
      creationTimestamp: ago(is('young') ? 10 : 100),
      ...(is('ending') && { deletionTimestamp: ago(1) }),
    },
    spec: { containers: [], ...draft.spec, ...(!is('unbound') && { nodeName }) },
    status: {
      phase: is('failed') ? 'Failed' : is('succeeded') ? 'Succeeded' : 'Running',
      conditions: ['down', 'failed', 'succeeded'].some(is)
        ? []
        : [{ type: 'Ready', status: 'True', lastTransitionTime: ago(is('fresh') ? 5 : 60) }],
    },
  };
}

export function set(spec: Partial<DaemonSet['spec']>): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: {
      name: 'logs',
      namespace: 'default',
      uid: 'set',
      generation: 4,
      annotations: { 'deprecated.daemonset.template.generation': '7' },
    },
    spec: {
      selector: { matchLabels: { app: 'logs' } },
      template: {
        metadata: { labels: { app: 'logs' } },
        spec: { containers: [{ name: 'main' }], nodeSelector: { role: 'worker' } },
      },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      ...spec,
    },
    status: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
  };
}

export interface Scene {
  spec?: Partial<DaemonSet['spec']>;
  nodes: string[];
  pods: string[];
}

export const observe = ({ spec = {}, nodes, pods }: Scene) => ({
  set: set(spec),
  nodes: nodes.map(node),
  pods: pods.map(pod),
  hash: 'new',
  isHeldBack: ({ metadata }: Pod) => metadata.name.includes('held'),
  nowMs: now,
});
