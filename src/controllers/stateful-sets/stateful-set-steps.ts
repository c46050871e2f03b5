// Does the steps of a stateful set's plan, and tells of them in Kubernetes' words. In order one after the other, else in
// batches; what fails first ends the round, and the rest is not expected any more.
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import type { StatefulSet } from '../../api/kinds/stateful-set.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/status.ts';
import { errorText } from '../../base/error-text.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import type { Expectations } from '../children/expectations.ts';
import { slowStart } from '../children/slow-start.ts';
import { isOrdered, type StatefulStep } from './stateful-set-plan.ts';
import type { NamedDraft } from './stateful-set-pods.ts';

export interface StatefulStepsContext {
  client: Client;
  events: EventRecorder;
  expectations: Expectations;
}

/** Answers the first error, so that the status can be written before the work is tried again. */
export type DoStatefulSteps = (key: string, set: StatefulSet, steps: readonly StatefulStep[]) => Promise<unknown>;

export function statefulSetSteps({ client, events, expectations }: StatefulStepsContext): DoStatefulSteps {
  async function doSteps(key: string, set: StatefulSet, steps: readonly StatefulStep[]): Promise<unknown> {
    const creations = steps.filter((step) => step.do === 'create-pod').length;
    const deletions = steps.flatMap((step) => (step.do === 'delete-pod' ? [step.pod.metadata.uid ?? ''] : []));
    expectations.expect(key, { creations, deletions });
    const waiting = [...steps];
    const next = () => {
      const step = waiting.shift();
      return step ? doStep(key, set, step) : Promise.resolve();
    };
    try {
      if (isOrdered(set)) while (waiting.length > 0) await next();
      else await slowStart(steps.length, next).then(({ error }) => error !== undefined && Promise.reject(error));
      return undefined;
    } catch (error) {
      for (const step of waiting) giveUp(key, step);
      return error;
    }
  }

  function giveUp(key: string, step: StatefulStep): void {
    if (step.do === 'create-pod') expectations.creationObserved(key);
    if (step.do === 'delete-pod') expectations.deletionObserved(key, step.pod.metadata.uid ?? '');
  }

  async function doStep(key: string, set: StatefulSet, step: StatefulStep): Promise<void> {
    try {
      switch (step.do) {
        case 'create-pod':
          return await createPod(set, step.pod, step.claims);
        case 'delete-pod':
          return await deletePod(key, set, step.pod);
        case 'create-claims':
          return await createClaims(set, step.podName, step.claims);
        case 'tell-obstacle':
          return tellOfPod(set, 'create', step.podName, new Error(step.obstacle));
        case 'own-claim':
          return await ownClaim(step.claim);
        case 'name-pod':
          await client.update(pods, step.pod);
          return tellOfPod(set, 'update', step.pod.metadata.name);
      }
    } catch (error) {
      giveUp(key, step);
      throw error;
    }
  }

  async function createPod(
    set: StatefulSet,
    pod: NamedDraft<Pod>,
    claims: readonly NamedDraft<PersistentVolumeClaim>[],
  ): Promise<void> {
    const { name } = pod.metadata;
    try {
      await createClaims(set, name, claims);
      await client.create(pods, pod);
    } catch (error) {
      // The name is somebody's: it is tried again, and is no news.
      if (!isAlreadyExists(error)) tellOfPod(set, 'create', name, error);
      throw error;
    }
    tellOfPod(set, 'create', name);
  }

  async function deletePod(key: string, set: StatefulSet, { metadata }: Pod): Promise<void> {
    try {
      await client.delete(pods, metadata, { uid: metadata.uid });
    } catch (error) {
      // Gone, or another pod has the name: either way this one is no more.
      if (isNotFound(error) || isConflict(error)) return expectations.deletionObserved(key, metadata.uid ?? '');
      tellOfPod(set, 'delete', metadata.name, error);
      throw error;
    }
    tellOfPod(set, 'delete', metadata.name);
  }

  async function ownClaim(claim: PersistentVolumeClaim): Promise<void> {
    await client.update(persistentVolumeClaims, claim).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  async function createClaims(
    set: StatefulSet,
    podName: string,
    claims: readonly NamedDraft<PersistentVolumeClaim>[],
  ): Promise<void> {
    for (const draft of claims) {
      const { name } = draft.metadata;
      try {
        await client.create(persistentVolumeClaims, draft);
        const message = `create Claim ${name} Pod ${podName} in StatefulSet ${set.metadata.name} success`;
        events.record(set, { type: 'Normal', reason: 'SuccessfulCreate', message });
      } catch (error) {
        if (isAlreadyExists(error)) continue;
        const of = `Claim ${name} for Pod ${podName} in StatefulSet ${set.metadata.name}`;
        const message = `create ${of} failed error: ${errorText(error)}`;
        events.record(set, { type: 'Warning', reason: 'FailedCreate', message });
        throw new Error(`failed to create PVC ${name}: ${errorText(error)}`, { cause: error });
      }
    }
  }

  function tellOfPod(set: StatefulSet, verb: 'create' | 'delete' | 'update', podName: string, error?: unknown): void {
    const of = `${verb} Pod ${podName} in StatefulSet ${set.metadata.name}`;
    const noun = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}`;
    if (error === undefined) {
      events.record(set, { type: 'Normal', reason: `Successful${noun}`, message: `${of} successful` });
    } else {
      const message = `${of} failed error: ${errorText(error)}`;
      events.record(set, { type: 'Warning', reason: `Failed${noun}`, message });
    }
  }

  return doSteps;
}
