// What a deployment's status says: counts of its replica sets, and the conditions Available, Progressing and
// ReplicaFailure by which `kubectl rollout status` and people judge a rollout. Pure.
import type { Deployment, DeploymentCondition } from '../../api/kinds/deployment.ts';
import type { ReplicaSet } from '../../api/kinds/replica-set.ts';
import { timestamp } from '../../base/clock.ts';
import { withoutZeros } from '../children/counts.ts';
import type { History } from './deployment-history.ts';
import { boundsOf, isScaled, sizeOf, total } from './deployment-sizes.ts';

type Status = Deployment['status'];
type Claim = Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>;

/** What became of the step that makes the set of the present template. */
export type Creation = { created: string } | { failed: string; error: string };

export interface StatusInput {
  deployment: Deployment;
  history: History;
  creation?: Creation | undefined;
  collisionCount?: number | undefined;
  nowMs: number;
}

export function deploymentStatus(input: StatusInput): Status {
  const { deployment, history, nowMs } = input;
  const sets = history.current ? [history.current, ...history.old] : history.old;
  const counts = countsOf(deployment, history, sets);
  const collisionCount = input.collisionCount ?? deployment.status.collisionCount;
  const conditions = new Conditions(deployment.status.conditions ?? [], nowMs);
  conditions.set(availability(deployment, counts.availableReplicas));
  if (deadlineMs(deployment) === undefined) conditions.remove('Progressing');
  else noteProgress(input, counts, conditions);
  const isSizedOnly = deployment.spec.paused || isScaled(deployment, sets);
  if (!isSizedOnly) noteFailure(history, conditions);
  return {
    ...withoutZeros(counts),
    ...(collisionCount !== undefined && { collisionCount }),
    conditions: conditions.list,
  };
}

type Counts = ReturnType<typeof countsOf>;

function countsOf({ metadata }: Deployment, { current }: History, sets: readonly ReplicaSet[]) {
  const availableReplicas = total(sets, ({ status }) => status.availableReplicas ?? 0);
  return {
    observedGeneration: metadata.generation ?? 0,
    replicas: total(sets, ({ status }) => status.replicas),
    updatedReplicas: current?.status.replicas ?? 0,
    readyReplicas: total(sets, ({ status }) => status.readyReplicas ?? 0),
    availableReplicas,
    unavailableReplicas: Math.max(0, total(sets, sizeOf) - availableReplicas),
  };
}

function availability(deployment: Deployment, available: number): Claim {
  const { replicas, maxUnavailable } = boundsOf(deployment);
  return available >= replicas - maxUnavailable
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

const progressing = (status: string, reason: string, message: string): Claim => ({
  type: 'Progressing',
  status,
  reason,
  message,
});

function noteProgress({ deployment, history, creation, nowMs }: StatusInput, counts: Counts, conditions: Conditions) {
  const { paused } = deployment.spec;
  notePause(paused ?? false, conditions);
  const { current, old } = history;
  if (paused || isScaled(deployment, current ? [current, ...old] : old)) return;
  const { name } = deployment.metadata;
  if (creation && 'failed' in creation) {
    const message = `Failed to create new replica set "${creation.failed}": ${creation.error}`;
    conditions.set(progressing('False', 'ReplicaSetCreateError', message));
    return;
  }
  const setName = creation?.created ?? current?.metadata.name;
  const subject = setName ? `ReplicaSet "${setName}"` : `Deployment "${name}"`;
  if (creation) {
    conditions.set(progressing('True', 'NewReplicaSetCreated', `Created new replica set "${setName}"`));
  } else if (current && !conditions.find('Progressing')) {
    conditions.set(progressing('True', 'FoundNewReplicaSet', `Found new replica set "${setName}"`));
  }
  const before = conditions.find('Progressing');
  const wasDone = before?.reason === 'NewReplicaSetAvailable' && counts.replicas === counts.updatedReplicas;
  if (wasDone) return;
  if (isComplete(deployment, counts)) {
    conditions.set(progressing('True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`));
  } else if (hasAdvanced(deployment.status, counts)) {
    conditions.renew(progressing('True', 'ReplicaSetUpdated', `${subject} is progressing.`));
  } else if (before && isOverdue(before, deadlineMs(deployment), nowMs)) {
    conditions.set(progressing('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`));
  }
}

/** A pause stops the clock of the deadline; a deadline that has passed stays passed. */
function notePause(paused: boolean, conditions: Conditions): void {
  const reason = conditions.find('Progressing')?.reason;
  if (reason === 'ProgressDeadlineExceeded') return;
  if (paused) conditions.set(progressing('Unknown', 'DeploymentPaused', 'Deployment is paused'));
  else if (reason === 'DeploymentPaused') {
    conditions.set(progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed'));
  }
}

function noteFailure({ current, old }: History, conditions: Conditions): void {
  const failures = [...(current ? [current] : []), ...old].flatMap(({ status }) =>
    (status.conditions ?? []).filter(({ type }) => type === 'ReplicaFailure'),
  );
  const [failure] = failures;
  if (failure) {
    const { type, status, reason, message } = failure;
    conditions.set({ type, status, ...(reason && { reason }), ...(message && { message }) });
  } else conditions.remove('ReplicaFailure');
}

/** All replicas are of the present template and available, and the status says so of the present spec. */
export function isComplete({ metadata, spec, status }: Deployment, counts: Partial<Counts> = status): boolean {
  const wanted = spec.replicas ?? 1;
  return (
    (counts.updatedReplicas ?? 0) === wanted &&
    (counts.replicas ?? 0) === wanted &&
    (counts.availableReplicas ?? 0) === wanted &&
    (counts.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  );
}

function hasAdvanced(before: Status, now: Counts): boolean {
  const oldBefore = (before.replicas ?? 0) - (before.updatedReplicas ?? 0);
  return (
    now.updatedReplicas > (before.updatedReplicas ?? 0) ||
    now.replicas - now.updatedReplicas < oldBefore ||
    now.readyReplicas > (before.readyReplicas ?? 0) ||
    now.availableReplicas > (before.availableReplicas ?? 0)
  );
}

function isOverdue(condition: DeploymentCondition, deadline: number | undefined, nowMs: number): boolean {
  if (condition.reason === 'NewReplicaSetAvailable' || deadline === undefined) return false;
  if (condition.reason === 'ProgressDeadlineExceeded') return true;
  return Date.parse(condition.lastUpdateTime ?? '') + deadline < nowMs;
}

/** Kubernetes' "no deadline" is the largest number. */
function deadlineMs({ spec }: Deployment): number | undefined {
  const seconds = spec.progressDeadlineSeconds;
  return seconds === undefined || seconds >= 2 ** 31 - 1 ? undefined : seconds * 1000;
}

/** When to look again whether the deadline has passed; undefined where no rollout is under way. */
export function deadlineCheckInMs(deployment: Deployment, status: Status, nowMs: number): number | undefined {
  const condition = status.conditions?.find(({ type }) => type === 'Progressing');
  const deadline = deadlineMs(deployment);
  const isUnderWay =
    condition && !['NewReplicaSetAvailable', 'ProgressDeadlineExceeded'].includes(condition.reason ?? '');
  if (!isUnderWay || deadline === undefined || deployment.spec.paused) return undefined;
  return Math.max(0, Date.parse(condition.lastUpdateTime ?? '') + deadline - nowMs) + 1000;
}

/** Conditions with their times: an update time of the last statement, a transition time of the last other status. */
class Conditions {
  list: DeploymentCondition[];
  readonly #now: string;

  constructor(known: DeploymentCondition[], nowMs: number) {
    this.list = known;
    this.#now = timestamp(nowMs);
  }

  find(type: string): DeploymentCondition | undefined {
    return this.list.find((condition) => condition.type === type);
  }

  remove(type: string): void {
    this.list = this.list.filter((condition) => condition.type !== type);
  }

  /** Says nothing new where status and reason are the same. */
  set(claim: Claim): void {
    const known = this.find(claim.type);
    if (known?.status !== claim.status || known.reason !== claim.reason) this.renew(claim);
  }

  renew(claim: Claim): void {
    const known = this.find(claim.type);
    const lastTransitionTime = (known?.status === claim.status && known.lastTransitionTime) || this.#now;
    this.remove(claim.type);
    this.list = [...this.list, { ...claim, lastUpdateTime: this.#now, lastTransitionTime }];
  }
}
