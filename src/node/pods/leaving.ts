// A pod behind a service runs on for a moment when its deletion is seen: until this node has taken it out of its rules, and
// twice as long again, as no node can tell when the others have done so and all are slow when one is.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Service } from '../../api/kinds/service.ts';
import { matchesMap } from '../../api/selector.ts';
import type { Clock } from '../../base/clock.ts';
import type { PodNetwork } from '../pod-network.ts';
import type { PodMemory } from './pod-view.ts';

const leaveMs = { least: 200, most: 2_000 };

export interface LeavingOptions {
  network: PodNetwork;
  services(): readonly Service[] | undefined;
  clock: Clock;
}

/** Notes until when it runs on; `planAgain` is called when that is known better. */
export function leave(pod: Pod, memory: PodMemory, options: LeavingOptions, planAgain: () => void): void {
  const { network, clock } = options;
  const address = memory.attached?.address;
  const nowMs = clock.monotonicMs();
  memory.leavesUntilMs = nowMs;
  if (!address || !serves(pod, options.services() ?? [])) return;
  memory.leavesUntilMs += leaveMs.most;
  network.withdrawn(address).then(
    () => {
      const tookMs = clock.monotonicMs() - nowMs;
      memory.leavesUntilMs = nowMs + Math.min(leaveMs.most, Math.max(leaveMs.least, 3 * tookMs));
      planAgain();
    },
    () => {}, // the most it is, then
  );
}

function serves({ metadata: { namespace, labels } }: Pod, services: readonly Service[]): boolean {
  return services.some(({ metadata, spec }) => metadata.namespace === namespace && matchesMap(spec.selector, labels));
}
