// Whether a pod takes more of the node's disk than its own limits allow: of a volume, of a container, of all together.
import type { Pod } from '../../api/kinds/pod.ts';
import { amountsOf } from '../../api/pod-resources.ts';
import { wholeUnits } from '../../api/quantity.ts';

export interface LocalStorageUsage {
  /** By the name of an emptyDir volume. */
  volumeBytes: ReadonlyMap<string, number>;
  /** By container: its layer and its logs. */
  containerBytes: ReadonlyMap<string, number>;
}

const storage = 'ephemeral-storage';

export function hasStorageLimits({ spec }: Pod): boolean {
  return (
    spec.containers.some(({ resources }) => resources?.limits?.[storage] !== undefined) ||
    (spec.volumes ?? []).some(({ emptyDir }) => emptyDir && emptyDir.medium !== 'Memory' && emptyDir.sizeLimit)
  );
}

/** Why the pod has to go; undefined where it keeps to its limits. */
export function storageOveruse({ spec }: Pod, { volumeBytes, containerBytes }: LocalStorageUsage): string | undefined {
  for (const { name, emptyDir } of spec.volumes ?? []) {
    if (!emptyDir?.sizeLimit || emptyDir.medium === 'Memory') continue;
    if ((volumeBytes.get(name) ?? 0) > wholeUnits(emptyDir.sizeLimit))
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${emptyDir.sizeLimit}". `;
  }
  const limits = spec.containers.map(({ resources }) => amountsOf(resources?.limits)[storage]);
  const whole = limits.every((limit) => limit !== undefined)
    ? limits.reduce((sum, limit) => sum + limit, 0)
    : undefined;
  const used = [...volumeBytes.values(), ...containerBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  if (whole !== undefined && used > whole)
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${whole}. `;
  for (const [index, { name, resources }] of spec.containers.entries()) {
    const limit = limits[index];
    if (limit !== undefined && (containerBytes.get(name) ?? 0) > limit)
      return `Container ${name} exceeded its local ephemeral storage limit "${resources?.limits?.[storage]}". `;
  }
  return undefined;
}
