// Keeps one pod of every DaemonSet on each node that it is for, and rolls changes of its template over the nodes. Makes and
// deletes only while the cache has caught up with what was done before; writes the status of what it sees in every case.
import { isDeepStrictEqual } from 'node:util';
import type { ControllerRevision } from '../../api/kinds/controller-revision.ts';
import { type DaemonSet, daemonSets } from '../../api/kinds/daemon-set.ts';
import { type Node, nodes } from '../../api/kinds/node.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { isBeingDeleted, keyOf } from '../../api/meta.ts';
import { nextAvailableInMs } from '../../api/pod-availability.ts';
import { matchesLabelSelector } from '../../api/selector.ts';
import { isNotFound } from '../../api/status.ts';
import type { Change } from '../../client/informer.ts';
import { claim, planClaims } from '../children/claims.ts';
import { Expectations } from '../children/expectations.ts';
import { followOwnedPods } from '../children/owned-pods.ts';
import { PodMaker } from '../children/pod-maker.ts';
import { outlivedRevisions, podRevisionLabel, revisionKeeper } from '../children/revisions.ts';
import { slowStart } from '../children/slow-start.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { endingNamespaces } from '../ending-namespaces.ts';
import { type DaemonPlan, type ObservedDaemonSet, planDaemonSet } from './daemon-set-plan.ts';
import { draftDaemonPod, eligibility, nodeOf } from './daemon-set-pods.ts';
import { daemonSetStatus } from './daemon-set-status.ts';
import { FailedPodBackoff } from './failed-pod-backoff.ts';

/** No more than this in one go, so that other sets get their turn. */
const burst = 250;

export function daemonSetController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('daemonset');
  const events = context.recorder('daemonset-controller');
  const allSets = informers.for(daemonSets);
  const allNodes = informers.for(nodes);
  const isEnding = endingNamespaces(informers);

  const queue = context.workQueue({ name: 'daemonset', log, clock, sync: syncDaemonSet, workers: 4 });
  const expectations = new Expectations({ clock, onExpired: (key) => queue.add(key) });
  const maker = new PodMaker({ client, events, expectations });
  const failures = new FailedPodBackoff(clock);
  const revisions = revisionKeeper(context, {
    kind: daemonSets,
    hashLabel: podRevisionLabel,
    onChange: (key) => queue.add(key),
  });

  const owned = followOwnedPods({
    owners: allSets,
    pods: informers.for(pods),
    expectations,
    isMember: (set, pod) => matchesLabelSelector(set.spec.selector, pod.metadata.labels),
    lookAgain: (key) => queue.add(key),
  });
  allNodes.onChange(nodeChanged);

  function nodeChanged({ object, previous }: Change<Node>): void {
    if (object && previous && isDeepStrictEqual(offerOf(object), offerOf(previous))) return;
    for (const set of allSets.list()) {
      const [now, then] = [object, previous].map((node) => node && eligibility(set, node));
      if (!isDeepStrictEqual(now, then)) queue.add(keyOf(set));
    }
  }

  async function syncDaemonSet(key: string): Promise<void> {
    const set = allSets.get(key);
    if (!set || isBeingDeleted(set) || isEnding(set.metadata.namespace)) return;
    const { present, all, collisionCount } = await revisions.ensure(set);
    // Only now: while a revision is written pods go on, and who was not ready may serve since. What was made before has to be among them.
    const isCaughtUp = expectations.isMet(key);
    const claims = planClaims(set, set.spec.selector, owned.candidatesOf(set));
    const own = await claim(client, { owner: daemonSets, dependent: pods }, set, claims);
    const hash = hashOf(present);
    const heldBackMs = new Map(own.map((pod) => [pod, failureWaitMs(set, pod)] as const).filter(([, ms]) => ms > 0));
    const isHeldBack = (pod: Pod) => heldBackMs.has(pod);
    const nowMs = clock.now();
    const observed = { set, nodes: allNodes.list(), pods: own, hash, isHeldBack, nowMs };
    let error: unknown;
    if (isCaughtUp) error = await doPlan(key, observed, planDaemonSet(observed));
    await writeStatus(set, daemonSetStatus(observed, collisionCount));
    if (error !== undefined) throw error;
    const live = new Set([hash, ...own.map(({ metadata }) => metadata.labels?.[podRevisionLabel])]);
    await revisions.forget(outlivedRevisions(set, all, (revision) => live.has(hashOf(revision))));
    const nextMs = nextAvailableInMs(own, set.spec.minReadySeconds ?? 0, nowMs);
    if (nextMs !== undefined) queue.addAfter(key, nextMs);
    for (const waitMs of heldBackMs.values()) queue.addAfter(key, waitMs);
  }

  /** Answers the first error, so that the status is written before the work is tried again. */
  async function doPlan(key: string, { set, hash }: ObservedDaemonSet, plan: DaemonPlan): Promise<unknown> {
    const nodeNames = plan.create.slice(0, burst);
    const going = [...plan.delete, ...plan.ended].slice(0, burst);
    for (const pod of plan.ended) tellOfEnd(set, pod);
    expectations.expect(key, {
      creations: nodeNames.length,
      deletions: going.map(({ metadata }) => metadata.uid ?? ''),
    });
    const waiting = [...nodeNames];
    const createNext = async () => {
      const nodeName = waiting.shift();
      if (nodeName !== undefined) await maker.create(key, set, draftDaemonPod(set, hash, nodeName));
    };
    const { error } = await slowStart(nodeNames.length, createNext);
    for (const _ of waiting) expectations.creationObserved(key);
    const deletions = await Promise.allSettled(going.map((pod) => maker.delete(key, set, pod)));
    return error ?? deletions.find((result) => result.status === 'rejected')?.reason;
  }

  function tellOfEnd(set: DaemonSet, pod: Pod): void {
    const { metadata, status } = pod;
    const found = `daemon pod ${metadata.namespace}/${metadata.name} on node ${nodeOf(pod)}, will try to`;
    if (status.phase === 'Succeeded') {
      const message = `Found succeeded ${found} delete it`;
      events.record(set, { type: 'Normal', reason: 'SucceededDaemonPod', message });
    } else {
      failures.note(failureKey(set, pod));
      events.record(set, { type: 'Warning', reason: 'FailedDaemonPod', message: `Found failed ${found} kill it` });
    }
  }

  function failureWaitMs(set: DaemonSet, pod: Pod): number {
    const isFailed = pod.status.phase === 'Failed' && !isBeingDeleted(pod);
    return isFailed ? failures.waitMs(failureKey(set, pod)) : 0;
  }

  async function writeStatus(set: DaemonSet, status: DaemonSet['status']): Promise<void> {
    if (isDeepStrictEqual(status, set.status)) return;
    try {
      await client.update(daemonSets, { ...set, status }, 'status');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return { name: 'daemonset', start: (signal) => queue.start(signal) };
}

/** What of a node decides whether it gets a pod. */
const offerOf = ({ metadata, spec }: Node) => ({ labels: metadata.labels, taints: spec.taints });

const failureKey = ({ metadata }: DaemonSet, pod: Pod) => `${metadata.uid}/${metadata.generation}/${nodeOf(pod)}`;

const hashOf = ({ metadata }: ControllerRevision) => metadata.labels?.[podRevisionLabel] ?? metadata.name;
