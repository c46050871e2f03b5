// A pod that was about to be evicted or preempted and is still there two minutes later no longer says that it will go.
import { pods } from '../../api/kinds/pod.ts';
import { isNotFound } from '../../api/status.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { staleInMs, withoutTarget } from './stale-disruption-plan.ts';

export function staleDisruptionController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('stale-disruption');
  const allPods = informers.for(pods);
  const queue = context.workQueue({ name: 'stale-disruption', log, clock, sync: syncPod });

  allPods.onChange(({ key, object }) => {
    const waitMs = object && staleInMs(object, clock.now());
    if (waitMs !== undefined) queue.addAfter(key, waitMs);
  });

  async function syncPod(key: string): Promise<void> {
    const pod = allPods.get(key);
    const nowMs = clock.now();
    const waitMs = pod && staleInMs(pod, nowMs);
    if (!pod || waitMs === undefined) return;
    if (waitMs > 0) return queue.addAfter(key, waitMs);
    try {
      await client.update(pods, { ...pod, status: { ...pod.status, conditions: withoutTarget(pod, nowMs) } }, 'status');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return { name: 'stale-disruption', start: (signal) => queue.start(signal) };
}
