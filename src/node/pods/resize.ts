// What containers may use while their pod runs: the pod may be changed to ask for more or less, and the node agrees if it has room. Until
// then all goes on as agreed before, which is what the API was told last.
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container, ResourceRequirements } from '../../api/kinds/pod-spec/types.ts';
import { type Amounts, podRequests } from '../../api/pod-resources.ts';
import { containerResources } from '../resources/container-resources.ts';
import type { ContainerResources, ObservedContainer } from '../runtime.ts';
import type { PendingResize, PodMemory } from './pod-view.ts';

/** What pods may have of the node, and what the others on it hold. */
export interface NodeRoom {
  allocatable(): Amounts;
  used(): Amounts;
}

type Agreed = ReadonlyMap<string, ResourceRequirements>;

/** The pod as the node has agreed to run it. What it has not agreed to is noted. */
export function agreedPod(
  pod: Pod,
  memory: Pick<PodMemory, 'agreed' | 'pendingResize' | 'resizeProblems'>,
  room: NodeRoom,
): Pod {
  if (isUnchanged(pod)) return pod;
  const asked = askedBy(pod);
  memory.agreed ??= toldAgreed(pod, asked);
  const isAgreed = isDeepStrictEqual(asked, memory.agreed);
  memory.pendingResize = isAgreed ? undefined : objection(pod, room);
  if (memory.pendingResize) return withResources(pod, memory.agreed);
  if (!isAgreed) {
    memory.agreed = asked;
    memory.resizeProblems.clear();
  }
  return pod;
}

/** The pod as the node has agreed to run it so far: what it asks for beyond that it does not hold. */
export function heldPod(pod: Pod, agreed: Agreed | undefined): Pod {
  return isUnchanged(pod) ? pod : withResources(pod, agreed ?? toldAgreed(pod, askedBy(pod)));
}

/** Since it was made, in nothing. */
function isUnchanged({ metadata }: Pod): boolean {
  return (metadata.generation ?? 1) === 1;
}

function containersOf({ spec }: Pod): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

function askedBy(pod: Pod): Agreed {
  return new Map(containersOf(pod).map(({ name, resources }) => [name, plain(resources)]));
}

function plain({ requests, limits }: ResourceRequirements = {}): ResourceRequirements {
  return { ...(requests && { requests }), ...(limits && { limits }) };
}

/** An agent that starts anew finds in the status what was agreed; of what has not run yet nothing was. */
function toldAgreed({ status }: Pod, asked: Agreed): Agreed {
  const agreed = new Map(asked);
  for (const told of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
    if (!told.resources || !agreed.has(told.name)) continue;
    const { allocatedResources: requests, resources } = told;
    agreed.set(told.name, plain({ ...resources, ...(requests && { requests }) }));
  }
  return agreed;
}

function withResources(pod: Pod, agreed: Agreed): Pod {
  const given = (container: Container): Container => ({ ...container, resources: agreed.get(container.name) ?? {} });
  const { initContainers, containers } = pod.spec;
  return {
    ...pod,
    spec: {
      ...pod.spec,
      ...(initContainers && { initContainers: initContainers.map(given) }),
      containers: containers.map(given),
    },
  };
}

function objection({ spec }: Pod, room: NodeRoom): PendingResize | undefined {
  const allocatable = room.allocatable();
  const requests = podRequests(spec);
  const counted = ['memory', 'cpu'] as const;
  const tooMuch = counted.find((name) => (requests[name] ?? 0) > (allocatable[name] ?? 0));
  if (tooMuch) {
    const amounts = `requested: ${requests[tooMuch]}, capacity: ${allocatable[tooMuch] ?? 0}`;
    return { reason: 'Infeasible', message: `Node didn't have enough capacity: ${tooMuch}, ${amounts}` };
  }
  const others = room.used();
  const taken = counted.find((name) => (requests[name] ?? 0) + (others[name] ?? 0) > (allocatable[name] ?? 0));
  if (!taken) return undefined;
  const amounts = `requested: ${requests[taken]}, used: ${others[taken]}, capacity: ${allocatable[taken]}`;
  return { reason: 'Deferred', message: `Node didn't have enough resource: ${taken}, ${amounts}` };
}

/** Which of a container's resources are not yet as they were agreed. */
export function unlike(container: Container, { resources: actual }: ObservedContainer): ('cpu' | 'memory')[] {
  const wanted = containerResources(container);
  const isSame = (...names: (keyof ContainerResources)[]) => names.every((name) => wanted[name] === actual[name]);
  return [
    ...(isSame('cpuShares', 'cpuQuotaMicros') ? [] : (['cpu'] as const)),
    ...(isSame('memoryBytes') ? [] : (['memory'] as const)),
  ];
}

/** Whether one of these may change only with the container. */
export function needsRestart({ resizePolicy = [] }: Container, changed: readonly string[]): boolean {
  return resizePolicy.some(
    ({ resourceName, restartPolicy }) => restartPolicy === 'RestartContainer' && changed.includes(resourceName),
  );
}
