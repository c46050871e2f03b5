// Clusters of a few nodes and pods for the tables of the scheduler's tests.
import type { Node } from '../../api/kinds/node.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { podDemand } from '../pods/pod-demand.ts';
import { Snapshot } from './snapshot.ts';

export interface NodeTraits {
  allocatable?: Record<string, string>;
  labels?: Record<string, string>;
  spec?: Node['spec'];
  images?: NonNullable<Node['status']['images']>;
  isSilent?: boolean;
  pods?: readonly Pod[];
}

export interface PodTraits {
  name?: string;
  namespace?: string;
  labels?: Record<string, string>;
  owner?: string;
  isLeaving?: boolean;
  status?: Pod['status'];
}

export function nodeOf(name: string, traits: NodeTraits = {}): Node {
  const allocatable = { cpu: '4', memory: '8Gi', pods: '110', ...traits.allocatable };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...traits.labels } },
    spec: traits.spec ?? {},
    status: {
      allocatable,
      conditions: traits.isSilent ? [] : [{ type: 'Ready', status: 'True' }],
      ...(traits.images && { images: traits.images }),
    },
  };
}

let serial = 0;

export function podOf(spec: Partial<Pod['spec']> = {}, traits: PodTraits = {}): Pod {
  serial += 1;
  const { name = `pod-${serial}`, namespace = 'default', labels = {}, owner, isLeaving } = traits;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid: `uid-${serial}`,
      labels,
      ...(isLeaving && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      ...(owner && {
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }],
      }),
    },
    spec: { containers: [{ name: 'c' }], ...spec },
    status: traits.status ?? {},
  };
}

export function clusterOf(nodes: Readonly<Record<string, NodeTraits>>): Snapshot {
  const cluster = new Snapshot();
  for (const [name, traits] of Object.entries(nodes)) {
    cluster.setNode(nodeOf(name, traits));
    for (const pod of traits.pods ?? []) cluster.place(podDemand(pod), name);
  }
  return cluster;
}

export const wants = (requests: Record<string, string>): Partial<Pod['spec']> => ({
  containers: [{ name: 'c', resources: { requests } }],
});
