// Removes pods whose node is gone for good: nobody is left who would end them. A node that is only made anew keeps its pods.
import { nodes } from '../api/kinds/node.ts';
import { isPodFinished, type Pod, pods } from '../api/kinds/pod.ts';
import { keyOf } from '../api/meta.ts';
import { isNotFound } from '../api/status.ts';
import { timestamp } from '../base/clock.ts';
import type { Controller, ControllerContext } from './controller.ts';

export function podGarbageController(context: ControllerContext): Controller {
  const { client, informers, clock, nodeGraceMs } = context;
  const log = context.log.named('pod-garbage');
  const allNodes = informers.for(nodes);
  const allPods = informers.for(pods);
  const podsByNode = allPods.indexBy(({ spec }) => (spec.nodeName ? [spec.nodeName] : []));
  const queue = context.workQueue({ name: 'pod-garbage', log, clock, sync: syncPod, workers: 4 });

  allNodes.onChange(({ key, object }) => {
    if (!object) for (const pod of podsByNode(key)) queue.addAfter(keyOf(pod), nodeGraceMs);
  });
  allPods.onChange(({ key, object }) => {
    if (object?.spec.nodeName && !allNodes.get(object.spec.nodeName)) queue.addAfter(key, nodeGraceMs);
  });

  async function syncPod(key: string): Promise<void> {
    const pod = allPods.get(key);
    if (!pod?.spec.nodeName || allNodes.get(pod.spec.nodeName)) return;
    if (await nodeExists(pod.spec.nodeName)) return;
    try {
      if (!isPodFinished(pod)) await client.update(pods, failed(pod), 'status');
      await client.delete(pods, pod.metadata, { uid: pod.metadata.uid, gracePeriodSeconds: 0 });
      log.info('removed a pod whose node is gone', { pod: key, node: pod.spec.nodeName });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Our copy of the nodes may lie behind that of the pods. */
  async function nodeExists(name: string): Promise<boolean> {
    try {
      await client.get(nodes, { name });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  function failed(pod: Pod): Pod {
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByPodGC',
      message: 'PodGC: node no longer exists',
      lastTransitionTime: timestamp(clock.now()),
    };
    const others = (pod.status.conditions ?? []).filter(({ type }) => type !== condition.type);
    return { ...pod, status: { ...pod.status, phase: 'Failed', conditions: [...others, condition] } };
  }

  return { name: 'pod-garbage', start: (signal) => queue.start(signal) };
}
