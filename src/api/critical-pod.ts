// Pods that a node gives up last: those of the system's highest priorities, and those that the node itself was told to run.
import type { Pod } from './kinds/pod.ts';

const systemCritical = 2_000_000_000;
const configSource = 'kubernetes.io/config.source';
const configMirror = 'kubernetes.io/config.mirror';

export function isCriticalPod({ metadata: { annotations = {} }, spec }: Pod): boolean {
  const source = annotations[configSource];
  if ((source !== undefined && source !== 'api') || configMirror in annotations) return true;
  return (spec.priority ?? 0) >= systemCritical;
}
