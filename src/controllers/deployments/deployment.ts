// Rolls deployments: keeps a ReplicaSet for each template they had and shifts replicas between them. Every write carries
// the version it was planned on, so a plan made on an old copy fails and is made again.
import { isDeepStrictEqual } from 'node:util';
import { type Deployment, deployments } from '../../api/kinds/deployment.ts';
import { isPodFinished, type Pod, pods } from '../../api/kinds/pod.ts';
import { type ReplicaSet, replicaSets } from '../../api/kinds/replica-set.ts';
import { controllerOf, keyOf } from '../../api/meta.ts';
import { matchesLabelSelector } from '../../api/selector.ts';
import { isAlreadyExists, isNotFound, unlessGone } from '../../api/status.ts';
import type { Change } from '../../client/informer.ts';
import { claim, planClaims } from '../children/claims.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { endingNamespaces } from '../ending-namespaces.ts';
import { isSameTemplate, readHistory, revisionAnnotation } from './deployment-history.ts';
import { type DeploymentStep, planDeployment } from './deployment-plan.ts';
import { type Creation, deadlineCheckInMs, deploymentStatus } from './deployment-status.ts';

export function deploymentController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('deployment');
  const events = context.recorder('deployment-controller');
  const allDeployments = informers.for(deployments);
  const allSets = informers.for(replicaSets);
  const allPods = informers.for(pods);
  const isEnding = endingNamespaces(informers);
  const deploymentsByUid = allDeployments.indexBy(({ metadata }) => [metadata.uid ?? '']);
  const deploymentsByNamespace = allDeployments.indexBy(({ metadata }) => [metadata.namespace ?? '']);
  /** By the uid of their controller, or by namespace where they have none. */
  const setsOf = allSets.indexBy((set) => [controllerOf(set)?.uid ?? `orphans of ${set.metadata.namespace}`]);
  const setsByUid = allSets.indexBy(({ metadata }) => [metadata.uid ?? '']);
  const podsOf = allPods.indexBy((pod) => [controllerOf(pod)?.uid ?? '']);

  const queue = context.workQueue({ name: 'deployment', log, clock, sync: syncDeployment, workers: 8 });
  allDeployments.onChange(({ key }) => queue.add(key));
  allSets.onChange(setChanged);
  allPods.onChange(podChanged);

  function setChanged({ object, previous }: Change<ReplicaSet>): void {
    for (const set of [object, previous]) {
      const owner = set && deploymentsByUid(controllerOf(set)?.uid ?? '')[0];
      if (owner) queue.add(keyOf(owner));
    }
    if (!object || controllerOf(object)) return;
    for (const candidate of deploymentsByNamespace(object.metadata.namespace ?? '')) {
      if (matchesLabelSelector(candidate.spec.selector, object.metadata.labels)) queue.add(keyOf(candidate));
    }
  }

  /** A deployment that is recreated waits for the last of its old pods. */
  function podChanged({ object, previous }: Change<Pod>): void {
    if (!previous || (object && !isPodFinished(object))) return;
    const set = setsByUid(controllerOf(previous)?.uid ?? '')[0];
    const owner = set && deploymentsByUid(controllerOf(set)?.uid ?? '')[0];
    if (owner?.spec.strategy?.type === 'Recreate') queue.add(keyOf(owner));
  }

  async function syncDeployment(key: string): Promise<void> {
    const deployment = allDeployments.get(key);
    if (!deployment || isEnding(deployment.metadata.namespace)) return;
    const candidates = [
      ...setsOf(deployment.metadata.uid ?? ''),
      ...setsOf(`orphans of ${deployment.metadata.namespace}`),
    ];
    const claims = planClaims(deployment, deployment.spec.selector, candidates);
    const sets = await claim(client, { owner: deployments, dependent: replicaSets }, deployment, claims);
    const history = readHistory(deployment, sets);
    const hasOldPods = history.old.some(({ metadata }) =>
      podsOf(metadata.uid ?? '').some((pod) => !isPodFinished(pod)),
    );
    const outcome: Outcome = { deployment };
    for (const step of planDeployment({ deployment, history, hasOldPods })) await doStep(outcome, step);
    const { creation, collisionCount } = outcome;
    const status = deploymentStatus({ deployment, history, creation, collisionCount, nowMs: clock.now() });
    await writeStatus(outcome.deployment, status);
    if (outcome.error !== undefined) throw outcome.error;
    const checkInMs = deadlineCheckInMs(deployment, status, clock.now());
    if (checkInMs !== undefined) queue.addAfter(key, checkInMs);
  }

  async function doStep(outcome: Outcome, step: DeploymentStep): Promise<void> {
    const { deployment } = outcome;
    switch (step.do) {
      case 'create-set':
        return createSet(outcome, step);
      case 'update-set': {
        await client.update(replicaSets, step.set);
        tellScaling(deployment, step.set.metadata.name, step.fromReplicas, step.set.spec.replicas ?? 0);
        return;
      }
      case 'delete-set':
        return client.delete(replicaSets, step.set.metadata, { uid: step.set.metadata.uid }).catch(unlessGone);
      case 'note-revision': {
        const patch = { metadata: { annotations: { [revisionAnnotation]: step.revision } } };
        // Through the status: what a controller notes is no new generation of what is wanted.
        outcome.deployment = await client.patch(deployments, deployment.metadata, patch, { subresource: 'status' });
        return;
      }
    }
  }

  async function createSet(outcome: Outcome, { draft }: DeploymentStep & { do: 'create-set' }): Promise<void> {
    const { deployment } = outcome;
    const name = draft.metadata.name ?? '';
    try {
      await client.create(replicaSets, draft);
      outcome.creation = { created: name };
      tellScaling(deployment, name, 0, draft.spec.replicas ?? 0);
    } catch (error) {
      if (isAlreadyExists(error)) {
        const existing = await client.get(replicaSets, { namespace: deployment.metadata.namespace, name });
        const isOurs = controllerOf(existing)?.uid === deployment.metadata.uid;
        // Ours, only not in the cache yet: its event is on the way. Otherwise the next name is to be tried.
        if (isOurs && isSameTemplate(existing.spec.template, deployment.spec.template)) return;
        outcome.collisionCount = (deployment.status.collisionCount ?? 0) + 1;
        return;
      }
      outcome.creation = { failed: name, error: error instanceof Error ? error.message : String(error) };
      outcome.error = error;
    }
  }

  function tellScaling(deployment: Deployment, name: string, from: number, to: number): void {
    if (from === to) return;
    const message = `Scaled ${from < to ? 'up' : 'down'} replica set ${name} from ${from} to ${to}`;
    events.record(deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message });
  }

  async function writeStatus(deployment: Deployment, status: Deployment['status']): Promise<void> {
    if (isDeepStrictEqual(status, deployment.status)) return;
    try {
      await client.update(deployments, { ...deployment, status }, 'status');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return { name: 'deployment', start: (signal) => queue.start(signal) };
}

/** What the steps left behind for the status. */
interface Outcome {
  /** The latest version of it that was written. */
  deployment: Deployment;
  creation?: Creation;
  collisionCount?: number;
  error?: unknown;
}
