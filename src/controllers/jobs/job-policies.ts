// A job's own rules: what the failure of a pod means, and when the successes of places are enough. Pure.
import type { Job } from '../../api/kinds/job-spec.ts';
import type { ContainerStatus, Pod } from '../../api/kinds/pod.ts';
import { IndexSet } from './index-set.ts';

type FailureRule = NonNullable<NonNullable<Job['spec']['podFailurePolicy']>['rules']>[number];
type ExitCodes = NonNullable<FailureRule['onExitCodes']>;

export interface FailureMeaning {
  isCounted: boolean;
  action?: FailureRule['action'];
  /** Why the whole job has failed by this pod. */
  failsJob?: string;
}

/** By the first rule that matches; a failure that none matches is counted. */
export function meaningOfFailure({ spec }: Job, pod: Pod): FailureMeaning {
  for (const [index, rule] of (spec.podFailurePolicy?.rules ?? []).entries()) {
    const found = matchOf(rule, pod);
    if (!found) continue;
    const { action } = rule;
    const failsJob = `${found} matching ${action} rule at index ${index}`;
    return { isCounted: action !== 'Ignore', action, ...(action === 'FailJob' && { failsJob }) };
  }
  return { isCounted: true };
}

/** What of the pod matches, in words. */
function matchOf({ onExitCodes, onPodConditions = [] }: FailureRule, { metadata, status }: Pod): string | undefined {
  const name = `${metadata.namespace}/${metadata.name}`;
  if (onExitCodes) {
    const containers = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
    const container = containers.find((each) => matchesExit(onExitCodes, each));
    const exitCode = container?.state?.terminated?.exitCode;
    return container && `Container ${container.name} for pod ${name} failed with exit code ${exitCode}`;
  }
  const condition = status.conditions?.find((each) =>
    onPodConditions.some(({ type, status: wanted = 'True' }) => type === each.type && wanted === each.status),
  );
  return condition && `Pod ${name} has condition ${condition.type}`;
}

function matchesExit({ containerName, operator, values }: ExitCodes, { name, state }: ContainerStatus): boolean {
  const exitCode = state?.terminated?.exitCode;
  if (!exitCode || (containerName !== undefined && containerName !== name)) return false;
  return values.includes(exitCode) === (operator === 'In');
}

/** Why the job has succeeded although places are left, if it has. */
export function successByPolicy({ spec }: Job, succeeded: IndexSet): string | undefined {
  const rules = spec.successPolicy?.rules ?? [];
  const met = rules.findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) return succeededCount !== undefined && succeeded.size >= succeededCount;
    const wanted = IndexSet.parse(succeededIndexes, spec.completions ?? 0);
    return wanted.countOfCommon(succeeded) >= (succeededCount ?? wanted.size);
  });
  return met < 0 ? undefined : `Matched rules at index ${met}`;
}
