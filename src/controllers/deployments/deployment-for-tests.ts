// Deployments and their replica sets in few words, for tables of cases.
import type { Deployment } from '../../api/kinds/deployment.ts';
import type { ReplicaSet } from '../../api/kinds/replica-set.ts';
import { draftReplicaSet } from './deployment-history.ts';
import { boundsOf } from './deployment-sizes.ts';

export const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image }] },
});

export function deployment(spec: Partial<Deployment['spec']> = {}, status: Deployment['status'] = {}): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default', uid: 'd', generation: 1 },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'web' } },
      template: template('v1'),
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
      ...spec,
    },
    status,
  };
}

let serial = 0;
/** A set of the image as the controller makes it, sized for the deployment. */
export function set(of: Deployment, image: string, replicas: number, available = replicas, revision = 1): ReplicaSet {
  serial += 1;
  const draft = draftReplicaSet({ ...of, spec: { ...of.spec, template: template(image) } }, revision);
  const { replicas: wanted, maxSurge } = boundsOf(of);
  const annotations = {
    ...draft.metadata.annotations,
    'deployment.kubernetes.io/desired-replicas': String(wanted),
    'deployment.kubernetes.io/max-replicas': String(wanted + maxSurge),
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      ...draft.metadata,
      name: `web-${image}`,
      annotations,
      creationTimestamp: new Date(serial * 1000).toISOString(),
    },
    spec: { ...draft.spec, replicas },
    status: { replicas, availableReplicas: available, readyReplicas: available },
  };
}

export const numbered = (of: Deployment, revision: number): Deployment => ({
  ...of,
  metadata: { ...of.metadata, annotations: { 'deployment.kubernetes.io/revision': String(revision) } },
});
export const scaledTo = (of: Deployment, replicas: number): Deployment => ({ ...of, spec: { ...of.spec, replicas } });
export const paused = (of: Deployment): Deployment => ({ ...of, spec: { ...of.spec, paused: true } });
