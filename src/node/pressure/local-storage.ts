// Whether a pod takes more of the node's disk than its own limits allow: of a volume, of a container, of all together.
import type { Pod } from '../../api/kinds/pod.ts';
import { amountsOf, podLimits } from '../../api/pod-resources.ts';
import { formatQuantity, parseQuantity, wholeUnits } from '../../api/quantity.ts';

export interface LocalStorageUsage {
  /** By the name of an emptyDir volume that is on a disk. */
  volumeBytes: ReadonlyMap<string, number>;
  /** By container: its layer and its logs. */
  containerBytes: ReadonlyMap<string, number>;
}

const storage = 'ephemeral-storage';

export function hasStorageLimits({ spec }: Pod): boolean {
  return (
    spec.containers.some(({ resources }) => resources?.limits?.[storage] !== undefined) ||
    (spec.volumes ?? []).some(({ emptyDir }) => emptyDir?.medium !== 'Memory' && wholeUnits(emptyDir?.sizeLimit) > 0)
  );
}

/** Why the pod has to go; undefined where it keeps to its limits. */
export function storageOveruse({ spec }: Pod, { volumeBytes, containerBytes }: LocalStorageUsage): string | undefined {
  for (const { name, emptyDir } of spec.volumes ?? []) {
    const limit = wholeUnits(emptyDir?.sizeLimit);
    if (!emptyDir || emptyDir.medium === 'Memory' || limit === 0) continue;
    if ((volumeBytes.get(name) ?? 0) > limit)
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${emptyDir.sizeLimit}". `;
  }
  // All that have a limit together limit the pod, though there may be others.
  const whole = podLimits(spec)[storage];
  const used = [...volumeBytes.values(), ...containerBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  if (whole !== undefined && used > whole)
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${inWordsOf(spec, whole)}. `;
  for (const { name, resources } of spec.containers) {
    const limit = amountsOf(resources?.limits)[storage];
    if (limit && (containerBytes.get(name) ?? 0) > limit)
      return `Container ${name} exceeded its local ephemeral storage limit "${resources?.limits?.[storage]}". `;
  }
  return undefined;
}

/** As the first of the limits is written. */
function inWordsOf({ containers }: Pod['spec'], bytes: number): string {
  const [first] = containers.flatMap(({ resources }) => parseQuantity(resources?.limits?.[storage] ?? '') ?? []);
  const { nano } = parseQuantity(bytes) ?? { nano: 0n };
  return formatQuantity({ nano, format: first?.format ?? 'binary' });
}
