// Stateful sets and their pods in few words, for tables of cases.
import type { ControllerRevision } from '../../api/kinds/controller-revision.ts';
import type { PersistentVolumeClaim } from '../../api/kinds/persistent-volume-claim.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import type { StatefulSet } from '../../api/kinds/stateful-set.ts';
import { planStatefulSet, type StatefulStep } from './stateful-set-plan.ts';

export const now = Date.parse('2026-01-01T12:00:00Z');
export const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString();

/** Revisions are "old" and "new". A pod is told as "0", "1 old", "2 down", "3 ending", "4 failed", "5 pending". */
export function pod(told: string, readyFor = 60): Pod {
  const [ordinal, ...traits] = told.split(' ');
  const is = (trait: string) => traits.includes(trait);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `web-${ordinal}`,
      uid: `uid-${ordinal}`,
      labels: {
        'controller-revision-hash': is('old') ? 'old' : 'new',
        'statefulset.kubernetes.io/pod-name': `web-${ordinal}`,
        'apps.kubernetes.io/pod-index': ordinal ?? '',
      },
      ...(is('ending') && { deletionTimestamp: ago(1) }),
    },
    spec: { containers: [] },
    status: {
      phase: is('failed') ? 'Failed' : is('succeeded') ? 'Succeeded' : is('pending') ? 'Pending' : 'Running',
      conditions: ['down', 'failed', 'pending'].some(is)
        ? []
        : [{ type: 'Ready', status: 'True', lastTransitionTime: ago(readyFor) }],
    },
  };
}

export function set(
  spec: Partial<StatefulSet['spec']> = {},
  metadata: Partial<StatefulSet['metadata']> = {},
): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web', namespace: 'default', uid: 'set', generation: 4, ...metadata },
    spec: {
      replicas: 3,
      serviceName: 'svc',
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      ...spec,
    },
    status: { replicas: 0, currentRevision: 'old' },
  };
}

export const revision = (name: string): ControllerRevision => ({
  apiVersion: 'apps/v1',
  kind: 'ControllerRevision',
  metadata: { name },
  revision: 1,
  data: {
    spec: {
      template: {
        $patch: 'replace',
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'main', image: name }], volumes: [{ name: 'tmp', emptyDir: {} }] },
      },
    },
  },
});

export function plan(
  spec: Partial<StatefulSet['spec']>,
  pods: readonly Pod[],
  claims: readonly PersistentVolumeClaim[] = [],
) {
  return planStatefulSet({
    set: set(spec),
    pods,
    claimNamed: (name) => claims.find(({ metadata }) => metadata.name === name),
    current: revision('old'),
    update: revision('new'),
    nowMs: now,
  });
}

/** As "+0 new", "-2", "pvc data-web-0", "own data-web-0 Pod/web-2", "name web-0". */
export function told(step: StatefulStep): string {
  switch (step.do) {
    case 'create-pod':
      return `+${step.pod.metadata.name.slice(4)} ${step.pod.metadata.labels?.['controller-revision-hash']}`;
    case 'delete-pod':
      return `-${step.pod.metadata.name.slice(4)}`;
    case 'create-claims':
      return `pvc ${step.claims.map(({ metadata }) => metadata.name).join()}`;
    case 'own-claim':
      return `own ${step.claim.metadata.name} ${step.claim.metadata.ownerReferences?.map((o) => `${o.kind}/${o.name}`)}`;
    case 'name-pod':
      return `name ${step.pod.metadata.name}`;
    case 'tell-obstacle':
      return step.obstacle;
  }
}
