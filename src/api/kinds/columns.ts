// Table columns that many kinds share, and how Kubernetes writes ages.
import type { KubeObject } from '../meta.ts';
import type { Column } from './kind.ts';

export const nameColumn: Column<KubeObject> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace or, for cluster-scoped kinds, within the cluster.',
  value: (object) => object.metadata.name,
};

export const ageColumn: Column<KubeObject> = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  value: (object, nowMs) => ageSince(object.metadata.creationTimestamp, nowMs),
};

export const createdAtColumn: Column<KubeObject> = {
  name: 'Created At',
  type: 'date',
  description: 'When the object was created.',
  value: (object) => object.metadata.creationTimestamp ?? '',
};

export function ageSince(time: string | undefined, nowMs: number): string {
  return time === undefined ? '<unknown>' : humanDuration(Math.floor((nowMs - Date.parse(time)) / 1000));
}

/** Two units at the most, the second one only while it matters: 95s, 3m10s, 45m, 5h2m, 3d4h, 2y40d. */
function humanDuration(seconds: number): string {
  if (seconds < -1) return '<invalid>';
  if (seconds < 120) return `${Math.max(0, seconds)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return two(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return days < 8 * 365 ? two(years, 'y', days % 365, 'd') : `${years}y`;
}

const two = (big: number, bigUnit: string, small: number, smallUnit: string) =>
  small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`;

export const orNone = (text: string | undefined): string => text || '<none>';

interface PodShape {
  spec?: { containers: { name: string; image?: string }[] };
}

/** The wide columns of whatever makes pods from a template. */
export function templateColumns<T extends KubeObject>(
  templateOf: (object: T) => PodShape | undefined,
  selectorOf: (object: T) => string,
): Column<T>[] {
  const containers = (object: T) => templateOf(object)?.spec?.containers ?? [];
  const join = (parts: (string | undefined)[]) => parts.join(',');
  return [
    {
      name: 'Containers',
      type: 'string',
      priority: 1,
      description: 'Names of each container in the template.',
      value: (object) => join(containers(object).map((container) => container.name)),
    },
    {
      name: 'Images',
      type: 'string',
      priority: 1,
      description: 'Images referenced by each container in the template.',
      value: (object) => join(containers(object).map((container) => container.image)),
    },
    {
      name: 'Selector',
      type: 'string',
      priority: 1,
      description: 'Selects the pods that belong to the object.',
      value: (object) => orNone(selectorOf(object)),
    },
  ];
}

type WithReplicas = KubeObject & {
  spec: { replicas?: number };
  status: { replicas?: number; readyReplicas?: number };
};

/** Of what keeps a number of pods going and nothing else. */
export const replicaColumns: readonly Column<WithReplicas>[] = [
  { name: 'Desired', type: 'integer', description: 'Replicas wanted.', value: ({ spec }) => spec.replicas ?? 0 },
  {
    name: 'Current',
    type: 'integer',
    description: 'Replicas that exist.',
    value: ({ status }) => status.replicas ?? 0,
  },
  {
    name: 'Ready',
    type: 'integer',
    description: 'Replicas that are ready.',
    value: ({ status }) => status.readyReplicas ?? 0,
  },
];
