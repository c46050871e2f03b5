// The parts of a pod's spec by their names, as validation and defaulting speak of them.
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import type { IVolume } from 'kubernetes-models/v1/Volume';

export type PodSpec = IPodSpec;
export type PodTemplateSpec = IPodTemplateSpec;
export type Container = IContainer;
export type Volume = IVolume;
export type Probe = NonNullable<Container['livenessProbe']>;
export type ContainerPort = NonNullable<Container['ports']>[number];
export type EnvVar = NonNullable<Container['env']>[number];
export type VolumeMount = NonNullable<Container['volumeMounts']>[number];
export type ResourceRequirements = NonNullable<Container['resources']>;
export type Toleration = NonNullable<PodSpec['tolerations']>[number];
export type Affinity = NonNullable<PodSpec['affinity']>;
export type NodeAffinity = NonNullable<Affinity['nodeAffinity']>;
export type PodSecurityContext = NonNullable<PodSpec['securityContext']>;
export type SecurityContext = NonNullable<Container['securityContext']>;

/** Annotations, and the name where it is known already, of what has the spec. */
export interface PodMetadata {
  name?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** What the parts of one spec must know of the whole. */
export interface PodContext {
  /** Of a pod itself, not of a template for pods. */
  isPod: boolean;
  podName: string | undefined;
  volumes: ReadonlyMap<string, Volume>;
  claimNames: ReadonlySet<string>;
  gracePeriodSeconds: number | undefined;
  restartPolicy: PodSpec['restartPolicy'];
  hostUsers: boolean;
}

/** Every container of a spec with its path: init containers first, ephemeral ones last. */
export function containersOf(spec: PodSpec, at: string): { container: Container; at: string }[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((field) =>
    (spec[field] ?? []).map((container, index) => ({
      container: container as Container,
      at: at ? `${at}.${field}[${index}]` : `${field}[${index}]`,
    })),
  );
}

export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';
