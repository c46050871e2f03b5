// Keeps the pods of every StatefulSet: each with its name and its claims, made, ended and updated in their order. Makes and
// deletes only while the cache has caught up with what was done before; writes the status of what it sees in every case.
import { isDeepStrictEqual } from 'node:util';
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { type StatefulSet, statefulSets } from '../../api/kinds/stateful-set.ts';
import { isBeingDeleted, keyOf } from '../../api/meta.ts';
import { nextAvailableInMs } from '../../api/pod-availability.ts';
import { matchesLabelSelector } from '../../api/selector.ts';
import { isNotFound } from '../../api/status.ts';
import type { Change } from '../../client/informer.ts';
import { claim, planClaims } from '../children/claims.ts';
import { Expectations } from '../children/expectations.ts';
import { followOwnedPods } from '../children/owned-pods.ts';
import { outlivedRevisions, type RevisionHistory, revisionKeeper } from '../children/revisions.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { endingNamespaces } from '../ending-namespaces.ts';
import { planStatefulSet } from './stateful-set-plan.ts';
import { isClaimOf, ordinalOf, revisionNameOf } from './stateful-set-pods.ts';
import { statefulSetStatus } from './stateful-set-status.ts';
import { statefulSetSteps } from './stateful-set-steps.ts';

export function statefulSetController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('statefulset');
  const events = context.recorder('statefulset-controller');
  const allSets = informers.for(statefulSets);
  const allClaims = informers.for(persistentVolumeClaims);
  const isEnding = endingNamespaces(informers);

  const queue = context.workQueue({ name: 'statefulset', log, clock, sync: syncStatefulSet, workers: 8 });
  const expectations = new Expectations({ clock, onExpired: (key) => queue.add(key) });
  const doSteps = statefulSetSteps({ client, events, expectations });
  const revisions = revisionKeeper(context, {
    kind: statefulSets,
    hashLabel: 'controller.kubernetes.io/hash',
    onChange: (key) => queue.add(key),
  });

  const owned = followOwnedPods({
    owners: allSets,
    pods: informers.for(pods),
    expectations,
    isMember,
    lookAgain: (key) => queue.add(key),
  });
  allClaims.onChange(claimChanged);

  /** A claim that has gone, or is going, may be what a pod waits for. */
  function claimChanged({ object, previous }: Change<PersistentVolumeClaim>): void {
    if (object && !previous) return;
    const { name, namespace = '' } = (object ?? previous)?.metadata ?? { name: '' };
    for (const set of owned.ownersIn(namespace)) if (isClaimOf(set, name)) queue.add(keyOf(set));
  }

  function isMember(set: StatefulSet, { metadata }: Pod): boolean {
    return ordinalOf(set, metadata.name) !== undefined && matchesLabelSelector(set.spec.selector, metadata.labels);
  }

  async function syncStatefulSet(key: string): Promise<void> {
    const set = allSets.get(key);
    if (!set || isEnding(set.metadata.namespace) || isBeingDeleted(set)) return;
    const history = await revisions.ensure(set);
    // Only now: while a revision is written pods go on. What was made before has to be among them.
    const isCaughtUp = expectations.isMet(key);
    const claims = planClaims(set, set.spec.selector, owned.candidatesOf(set));
    const own = await claim(client, { owner: statefulSets, dependent: pods }, set, claims);
    const { present: update, all, collisionCount } = history;
    const current = all.find(({ metadata }) => metadata.name === set.status.currentRevision) ?? update;
    const nowMs = clock.now();
    const claimNamed = (name: string) => allClaims.get(`${set.metadata.namespace}/${name}`);
    const plan = planStatefulSet({ set, pods: own, claimNamed, current, update, nowMs });
    let error: unknown;
    if (isCaughtUp) error = await doSteps(key, set, plan);
    await writeStatus(set, statefulSetStatus({ set, pods: own, current, update, collisionCount, nowMs }));
    if (error !== undefined) throw error;
    await forgetOutlived(set, own, history, current.metadata.name);
    const nextMs = nextAvailableInMs(own, set.spec.minReadySeconds ?? 0, nowMs);
    if (nextMs !== undefined) queue.addAfter(key, nextMs);
  }

  async function writeStatus(set: StatefulSet, status: StatefulSet['status']): Promise<void> {
    if (isDeepStrictEqual(status, set.status)) return;
    try {
      await client.update(statefulSets, { ...set, status }, 'status');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async function forgetOutlived(set: StatefulSet, own: readonly Pod[], history: RevisionHistory, current: string) {
    const live = new Set([current, history.present.metadata.name, ...own.map(revisionNameOf)]);
    await revisions.forget(outlivedRevisions(set, history.all, ({ metadata }) => live.has(metadata.name)));
  }

  return { name: 'statefulset', start: (signal) => queue.start(signal) };
}
