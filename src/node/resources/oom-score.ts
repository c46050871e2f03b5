// Whom the kernel ends first when memory runs out: who uses more than it asked for, before who keeps to it. The lower the
// score, the later; 1000 is first. Kubernetes' numbers, so that pods compare with other programs of the host as they do there.
import { readFile } from 'node:fs/promises';
import { qosClassOf } from '../../api/kinds/pod-spec/qos.ts';
import type { Container, PodSpec } from '../../api/kinds/pod-spec/types.ts';
import { wholeUnits } from '../../api/quantity.ts';

/** The pause container goes after all that it holds together. */
export const pauseOomScore = -998;
const guaranteedScore = -997;
const bestEffortScore = 1000;
/** From here on a pod is needed by the node itself. */
const nodeCriticalPriority = 2_000_001_000;

/** The bit of CAP_SYS_RESOURCE, without which no score may be lowered. */
const resourceCapability = 1n << 24n;

/** The lowest score that this host lets us give. */
export async function lowestOomScore(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8');
  const capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return (capabilities & resourceCapability) === 0n ? 0 : -1000;
}

export function oomScore(spec: PodSpec, container: Container, nodeMemoryBytes: number): number {
  if ((spec.priority ?? 0) >= nodeCriticalPriority) return guaranteedScore;
  const qosClass = qosClassOf(spec);
  if (qosClass === 'Guaranteed') return guaranteedScore;
  if (qosClass === 'BestEffort') return bestEffortScore;
  const share = (bytes: number) => Math.floor((bestEffortScore * bytes) / nodeMemoryBytes);
  const score = bestEffortScore - share(countedRequest(spec, container));
  // Never below the guaranteed ones, and never as bad as those that asked for nothing.
  return Math.min(bestEffortScore - 1, Math.max(bestEffortScore + guaranteedScore, score));
}

/** A sidecar does not go before the container that it serves and that asked for the least. */
function countedRequest(spec: PodSpec, container: Container): number {
  const own = askedBytes(container) + extraBytes(spec);
  if (container.restartPolicy !== 'Always') return own;
  return Math.max(own, Math.min(...spec.containers.map(askedBytes)) + extraBytes(spec));
}

function askedBytes({ resources }: Container): number {
  return wholeUnits(resources?.requests?.memory);
}

/** What the pod asks for as a whole beyond its containers is the same part of each. */
function extraBytes({ resources, initContainers = [], containers }: PodSpec): number {
  const whole = wholeUnits(resources?.requests?.memory);
  if (whole === 0) return 0;
  const all = [...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always'), ...containers];
  const asked = all.reduce((sum, container) => sum + askedBytes(container), 0);
  return Math.max(0, Math.floor((whole - asked) / all.length));
}
