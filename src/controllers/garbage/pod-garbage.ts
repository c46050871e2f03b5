// Removes pods whose node is gone for good, or out of service by a person's word: nobody is left who would end them. A node
// that is only made anew keeps its pods. Of pods that have ended only so many stay.
import { withDisruptionNotice } from '../../api/disruptions.ts';
import { nodes } from '../../api/kinds/node.ts';
import { isPodFinished, type Pod, pods } from '../../api/kinds/pod.ts';
import { isBeingDeleted, keyOf } from '../../api/meta.ts';
import { isNotFound } from '../../api/status.ts';
import { timestamp } from '../../base/clock.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { nodeExists } from '../node-exists.ts';
import { isOutOfService, tooManyFinished } from './pod-garbage-plan.ts';

const finishedAtMost = 12_500;
/** Many end at a time, and all of them have to be looked at. */
const countAfterMs = 20_000;
const outOfService = 'its node is out of service';

export function podGarbageController(context: ControllerContext): Controller {
  const { client, informers, clock, nodeGraceMs } = context;
  const log = context.log.named('pod-garbage');
  const allNodes = informers.for(nodes);
  const allPods = informers.for(pods);
  const podsByNode = allPods.indexBy(({ spec }) => (spec.nodeName ? [spec.nodeName] : []));
  const queue = context.workQueue({ name: 'pod-garbage', log, clock, sync: syncPod, workers: 4 });

  const finished = new Set<string>();
  /** By uid, of pods that have ended. */
  const surplus = new Set<string>();
  let isCounting = false;

  allNodes.onChange(({ key, object }) => {
    if (!object) for (const pod of podsByNode(key)) queue.addAfter(keyOf(pod), nodeGraceMs);
    else if (isOutOfService(object)) for (const pod of podsByNode(key)) queue.add(keyOf(pod));
  });
  allPods.onChange(({ key, object }) => {
    noteFinished(key, object);
    const { nodeName } = object?.spec ?? {};
    if (!object || !nodeName) return;
    const node = allNodes.get(nodeName);
    if (!node) queue.addAfter(key, nodeGraceMs);
    else if (isBeingDeleted(object) && isOutOfService(node)) queue.add(key);
  });

  function noteFinished(key: string, pod: Pod | undefined): void {
    if (!pod || !isPodFinished(pod)) {
      finished.delete(key);
      return;
    }
    finished.add(key);
    if (finished.size <= finishedAtMost || isCounting) return;
    isCounting = true;
    clock.after(countAfterMs, () => {
      isCounting = false;
      for (const each of tooManyFinished(allPods.list(), finishedAtMost)) {
        surplus.add(each.metadata.uid ?? '');
        queue.add(keyOf(each));
      }
    });
  }

  async function syncPod(key: string): Promise<void> {
    const pod = allPods.get(key);
    if (!pod) return;
    const why = surplus.has(pod.metadata.uid ?? '') ? 'too many have ended' : await reasonOfNode(pod);
    if (!why) return;
    try {
      if (!isPodFinished(pod)) await client.update(pods, failed(pod, why), 'status');
      await client.delete(pods, pod.metadata, { uid: pod.metadata.uid, gracePeriodSeconds: 0 });
      log.info('removed a pod', { pod: key, why, node: pod.spec.nodeName });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    surplus.delete(pod.metadata.uid ?? '');
  }

  async function reasonOfNode(pod: Pod): Promise<string | undefined> {
    const { nodeName } = pod.spec;
    if (!nodeName) return undefined;
    const node = allNodes.get(nodeName);
    if (node) return isBeingDeleted(pod) && isOutOfService(node) ? outOfService : undefined;
    return (await nodeExists(client, nodeName)) ? undefined : 'its node is gone';
  }

  function failed(pod: Pod, why: string): Pod {
    // One that was on its way out anyway is not disrupted by this.
    if (why === outOfService) return { ...pod, status: { ...pod.status, phase: 'Failed' } };
    const notice = { status: 'True', reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' } as const;
    const conditions = withDisruptionNotice(pod, notice, timestamp(clock.now()));
    return { ...pod, status: { ...pod.status, phase: 'Failed', conditions } };
  }

  return { name: 'pod-garbage', start: (signal) => queue.start(signal) };
}
