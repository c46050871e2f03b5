// What the status of a pod may say, and how it may go on from what it said before.
import type { IPod } from 'kubernetes-models/v1/Pod';
import { qualifiedNameFaults } from '../../label-rules.ts';
import { addressFaults } from '../../name-rules.ts';
import { isDualStack } from '../../traffic-rules.ts';
import {
  type Causes,
  checkImmutable,
  checkName,
  checkRange,
  dnsSubdomainFaults,
  duplicate,
  forbidden,
  invalid,
} from '../../validation.ts';
import { isSidecar, type PodSpec } from './types.ts';

type PodStatus = NonNullable<IPod['status']>;
type ContainerStatus = NonNullable<PodStatus['containerStatuses']>[number];

const systemConditions = ['PodScheduled', 'Ready', 'Initialized'];
const largestId = 2 ** 31 - 1;

/** Generations that were observed stay told where the new status says nothing of them: its writer may not know of them. */
export function keepObservedGenerations(status: PodStatus, previous: PodStatus): void {
  if (previous.observedGeneration) status.observedGeneration ||= previous.observedGeneration;
  const told = Map.groupBy(previous.conditions ?? [], ({ type }) => type);
  for (const condition of status.conditions ?? []) {
    const before = told.get(condition.type)?.shift()?.observedGeneration;
    if (before) condition.observedGeneration ||= before;
  }
}

export function* validatePodStatus(status: PodStatus, previous: PodStatus, spec: PodSpec): Causes {
  for (const [index, { type }] of (status.conditions ?? []).entries()) {
    if (systemConditions.includes(type)) continue;
    yield* checkName(`metadata.conditions[${index}].Type`, type ?? '', qualifiedNameFaults);
  }
  const { nominatedNodeName: nominated } = status;
  if (nominated && nominated !== previous.nominatedNodeName) {
    yield* checkName('status.nominatedNodeName', nominated, dnsSubdomainFaults);
  }
  yield* checkImmutable('status.qosClass', status.qosClass, previous.qosClass);
  yield* validateContainerStatuses(status, previous, spec);
  const claims = (spec.resourceClaims ?? []).map(({ name }) => name);
  for (const [index, { name }] of (status.resourceClaimStatuses ?? []).entries()) {
    if (claims.includes(name)) continue;
    const refusal = 'must match the name of an entry in `spec.resourceClaims`';
    yield invalid(`status.resourceClaimStatuses[${index}].name`, name, refusal);
  }
  yield* validateAddresses(status.podIPs ?? [], 'status.podIPs');
  const { hostIPs = [], hostIP } = status;
  if (hostIPs[0] && hostIPs[0].ip !== hostIP) {
    yield invalid('status.hostIPs[0].ip', hostIPs[0].ip, 'must be equal to `hostIP`');
  }
  yield* validateAddresses(hostIPs, 'status.hostIPs');
}

function* validateAddresses(addresses: readonly { ip?: string }[], at: string): Causes {
  const seen = new Set<string>();
  for (const [index, { ip = '' }] of addresses.entries()) {
    yield* checkName(`${at}[${index}]`, ip, addressFaults);
    if (seen.has(ip)) yield duplicate(`${at}[${index}]`, { ip });
    seen.add(ip);
  }
  if (addresses.length > 1 && !isDualStack(addresses.map(({ ip = '' }) => ip))) {
    yield invalid(at, addresses, 'may specify no more than one IP for each IP family');
  }
}

function* validateContainerStatuses(status: PodStatus, previous: PodStatus, spec: PodSpec): Causes {
  const sidecars = (spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name);
  for (const field of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const) {
    const now = status[field] ?? [];
    const restarts = field === 'ephemeralContainerStatuses' ? 'Never' : spec.restartPolicy;
    for (const [index, old] of (previous[field] ?? []).entries()) {
      if (field === 'initContainerStatuses' && sidecars.includes(old.name)) continue;
      if (!isEnded(old, restarts)) continue;
      if (now.some(({ name, state }) => name === old.name && !state?.terminated)) {
        yield forbidden(`status.${field}[${index}].state`, 'may not be transitioned to non-terminated state');
      }
    }
    for (const [index, { user, allocatedResourcesStatus }] of now.entries()) {
      const at = `status.${field}[${index}]`;
      if (user?.linux) yield* validateUser(user.linux, spec, `${at}.linux`);
      if (field === 'ephemeralContainerStatuses' && allocatedResourcesStatus?.length) {
        yield forbidden(`${at}.allocatedResourcesStatus`, 'must not be specified in container status');
      }
    }
  }
}

/** Ended in a way after which this container is not started again. */
function isEnded({ state }: ContainerStatus, restarts: PodSpec['restartPolicy']): boolean {
  if (!state?.terminated || restarts === 'Always') return false;
  return state.terminated.exitCode === 0 || restarts !== 'OnFailure';
}

type User = NonNullable<NonNullable<ContainerStatus['user']>['linux']>;

function* validateUser({ uid, gid, supplementalGroups = [] }: User, { os }: PodSpec, at: string): Causes {
  if (os?.name === 'windows') {
    yield forbidden(at, 'cannot be set for a windows pod');
    return;
  }
  yield* checkRange(`${at}.uid`, uid, 0, largestId);
  yield* checkRange(`${at}.gid`, gid, 0, largestId);
  for (const [index, group] of supplementalGroups.entries()) {
    yield* checkRange(`${at}.supplementalGroups[${index}]`, group, 0, largestId);
  }
}
