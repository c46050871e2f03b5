// Drives pods off nodes with NoExecute taints: those that do not tolerate them at once, those that do for some seconds
// when these are over. The time counts from when this process saw the taint, so that a server that was down drives
// nobody off a node that has come back meanwhile.
import { type DisruptionNotice, withDisruptionNotice } from '../../api/disruptions.ts';
import { type Node, nodes } from '../../api/kinds/node.ts';
import { isPodFinished, type Pod, pods } from '../../api/kinds/pod.ts';
import { isBeingDeleted, keyOf } from '../../api/meta.ts';
import { isNotFound } from '../../api/status.ts';
import { toleratedSeconds } from '../../api/taints.ts';
import { timestamp } from '../../base/clock.ts';
import type { Controller, ControllerContext } from '../controller.ts';

const notice: DisruptionNotice = {
  status: 'True',
  reason: 'DeletionByTaintManager',
  message: 'Taint manager: deleting due to NoExecute taint',
};

interface Pending {
  uid: string;
  seconds: number;
  isDue: boolean;
  cancel: () => void;
}

export function taintEvictionController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('taint-eviction');
  const events = context.recorder('taint-eviction-controller');
  const allNodes = informers.for(nodes);
  const allPods = informers.for(pods);
  const podsByNode = allPods.indexBy(({ spec }) => (spec.nodeName ? [spec.nodeName] : []));
  const queue = context.workQueue({ name: 'taint-eviction', log, clock, sync: syncPod, workers: 4 });
  const pending = new Map<string, Pending>();

  allPods.onChange(({ key, object, previous }) => {
    if (object ? isEvictable(object) && allNodes.get(object.spec.nodeName ?? '') : previous) queue.add(key);
  });
  allNodes.onChange(({ key, object, previous }) => {
    if (!hasNoExecute(object) && !hasNoExecute(previous)) return;
    for (const pod of podsByNode(key)) queue.add(keyOf(pod));
  });

  async function syncPod(key: string): Promise<void> {
    const pod = allPods.get(key);
    const node = allNodes.get(pod?.spec.nodeName ?? '');
    const known = pending.get(key);
    const seconds =
      pod && node && isEvictable(pod)
        ? toleratedSeconds(node.spec.taints ?? [], pod.spec.tolerations ?? [])
        : undefined;
    const isSamePod = known?.uid === pod?.metadata.uid;
    if (known && (!isSamePod || seconds === undefined)) {
      known.cancel();
      pending.delete(key);
      if (pod && isSamePod && isEvictable(pod)) tell(pod, `Cancelling deletion of Pod ${key}`);
    }
    if (!pod || seconds === undefined) return;
    const waiting = pending.get(key);
    if (seconds === 0 || (waiting?.isDue && waiting.seconds <= seconds)) return evict(key, pod);
    if (waiting?.seconds === seconds) return;
    waiting?.cancel();
    pending.set(key, wait(key, pod.metadata.uid ?? '', seconds));
  }

  function wait(key: string, uid: string, seconds: number): Pending {
    const waiting: Pending = { uid, seconds, isDue: false, cancel: () => {} };
    waiting.cancel = clock.after(seconds * 1000, () => {
      waiting.isDue = true;
      queue.add(key);
    });
    return waiting;
  }

  async function evict(key: string, pod: Pod): Promise<void> {
    const conditions = withDisruptionNotice(pod, notice, timestamp(clock.now()));
    try {
      await client.update(pods, { ...pod, status: { ...pod.status, conditions } }, 'status');
      await client.delete(pods, pod.metadata, { uid: pod.metadata.uid });
      tell(pod, `Marking for deletion Pod ${key}`);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  function tell(pod: Pod, message: string): void {
    events.record(pod, { type: 'Normal', reason: 'TaintManagerEviction', message });
  }

  return {
    name: 'taint-eviction',
    start: (signal) => {
      signal.addEventListener('abort', () => {
        for (const { cancel } of pending.values()) cancel();
      });
      queue.start(signal);
    },
  };
}

function isEvictable(pod: Pod): boolean {
  return Boolean(pod.spec.nodeName) && !isBeingDeleted(pod) && !isPodFinished(pod);
}

function hasNoExecute(node: Node | undefined): boolean {
  return node?.spec.taints?.some(({ effect }) => effect === 'NoExecute') ?? false;
}
