// Keeps the pods of every object of a kind that wants so many equal ones (ReplicaSet, ReplicationController): as many as
// wanted, no more. Makes and deletes only while the cache has caught up with what was done before (expectations), and writes
// the status of what it sees in every case.
import { isDeepStrictEqual } from 'node:util';
import type { Kind } from '../../api/kinds/kind.ts';
import { pods } from '../../api/kinds/pod.ts';
import { controllerOf, isBeingDeleted } from '../../api/meta.ts';
import { isPodActive, nextAvailableInMs } from '../../api/pod-availability.ts';
import { type LabelSelector, matchesLabelSelector } from '../../api/selector.ts';
import { isNotFound } from '../../api/status.ts';
import { errorText } from '../../base/error-text.ts';
import { claim, planClaims } from '../children/claims.ts';
import { Expectations } from '../children/expectations.ts';
import { followOwnedPods } from '../children/owned-pods.ts';
import { podFromTemplate } from '../children/pod-from-template.ts';
import { PodMaker } from '../children/pod-maker.ts';
import { slowStart } from '../children/slow-start.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { endingNamespaces } from '../ending-namespaces.ts';
import { restAfter } from '../rest.ts';
import {
  planReplicas,
  type ReplicaFailure,
  type ReplicaStep,
  type Replicated,
  replicasStatus,
} from './replicas-plan.ts';

export interface ReplicasOptions<T extends Replicated> {
  name: string;
  /** In whose name events are told. */
  component: string;
  kind: Kind<T>;
  selectorOf(set: T): LabelSelector | undefined;
}

export function replicasController<T extends Replicated>(
  context: ControllerContext,
  { name, component, kind, selectorOf }: ReplicasOptions<T>,
): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named(name);
  const events = context.recorder(component);
  const allSets = informers.for(kind);
  const isEnding = endingNamespaces(informers);
  const setsByOwner = allSets.indexBy((set) => [controllerOf(set)?.uid ?? '']);

  const restMs = (key: string) => restAfter(allSets.get(key)?.status.replicas ?? 0);
  const queue = context.workQueue({ name, log, clock, sync: syncReplicas, workers: 8, restMs });
  const expectations = new Expectations({ clock, onExpired: (key) => queue.add(key) });
  const maker = new PodMaker({ client, events, expectations });

  const owned = followOwnedPods({
    owners: allSets,
    pods: informers.for(pods),
    expectations,
    isMember: (set, pod) => matchesLabelSelector(selectorOf(set), pod.metadata.labels),
    lookAgain: (key) => queue.add(key),
  });

  async function syncReplicas(key: string): Promise<void> {
    const set = allSets.get(key);
    if (!set) return;
    // Before the pods are looked at: what was made has to be among them.
    const isCaughtUp = expectations.isMet(key);
    const claims = planClaims(set, selectorOf(set), owned.candidatesOf(set).filter(isPodActive));
    const active = await claim(client, { owner: kind, dependent: pods }, set, claims);
    const nowMs = clock.now();
    let step: ReplicaStep = { do: 'nothing' };
    if (isCaughtUp && !isBeingDeleted(set) && !isEnding(set.metadata.namespace)) {
      const related = siblingsOf(set).flatMap(({ metadata }) => owned.of(metadata.uid ?? ''));
      step = planReplicas({ set, active, related }, nowMs);
    }
    const error = await doStep(key, set, step);
    await writeStatus(
      set,
      replicasStatus(set, active, error === undefined ? undefined : failureOf(step, error), nowMs),
    );
    if (error !== undefined) throw error;
    const nextMs = nextAvailableInMs(active, set.spec.minReadySeconds ?? 0, nowMs);
    if (nextMs !== undefined) queue.addAfter(key, nextMs);
  }

  function siblingsOf(set: T): T[] {
    const owner = controllerOf(set);
    return owner ? setsByOwner(owner.uid) : [set];
  }

  /** Answers the first error, so that it can be told in the status before the work is tried again. */
  async function doStep(key: string, set: T, step: ReplicaStep): Promise<unknown> {
    if (step.do === 'create') {
      expectations.expect(key, { creations: step.count });
      const { tried, error } = await slowStart(step.count, () =>
        maker.create(key, set, podFromTemplate(set.spec.template ?? {}, set)),
      );
      for (let untried = step.count - tried; untried > 0; untried--) expectations.creationObserved(key);
      return error;
    }
    if (step.do === 'delete') {
      expectations.expect(key, { deletions: step.pods.map(({ metadata }) => metadata.uid ?? '') });
      const results = await Promise.allSettled(step.pods.map((pod) => maker.delete(key, set, pod)));
      return results.find((result) => result.status === 'rejected')?.reason;
    }
    return undefined;
  }

  async function writeStatus(set: T, status: T['status']): Promise<void> {
    if (isDeepStrictEqual(status, set.status)) return;
    try {
      await client.update(kind, { ...set, status }, 'status');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return { name, start: (signal) => queue.start(signal) };
}

function failureOf(step: ReplicaStep, error: unknown): ReplicaFailure {
  return { reason: step.do === 'delete' ? 'FailedDelete' : 'FailedCreate', message: errorText(error) };
}
