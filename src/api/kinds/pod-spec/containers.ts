// The containers of a pod: those that run, those that come before, and those that are put in to look around.
import {
  type Causes,
  checkName,
  checkRequiredOneOf,
  dnsLabelFaults,
  duplicate,
  forbidden,
  invalid,
  notFound,
  required,
  unsupported,
} from '../../validation.ts';
import { validateEnvironment } from './environment.ts';
import { validateHostPorts, validatePorts } from './ports.ts';
import { validateLifecycle, validateProbes } from './probes.ts';
import { validateContainerResources, validateResizePolicy } from './resources.ts';
import { validateSecurityContext } from './security-context.ts';
import { type Container, isSidecar, type PodContext, type PodSpec } from './types.ts';
import { validateVolumeDevices, validateVolumeMounts } from './volume-mounts.ts';
import { pullPolicies } from './volumes.ts';

/** `at` is the spec. */
export function* validateContainers(spec: PodSpec, at: string, context: PodContext): Causes {
  const containers = spec.containers ?? [];
  if (containers.length === 0) {
    yield required(`${at}.containers`);
    return;
  }
  const names = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const here = `${at}.containers[${index}]`;
    yield* validateContainer(container, here, context);
    if (names.has(container.name)) yield duplicate(`${here}.name`, container.name);
    names.add(container.name);
    yield* validateServing(container, here, context);
    if (container.restartPolicy !== undefined) {
      yield forbidden(`${here}.restartPolicy`, 'may not be set for non-init containers');
    }
  }
  yield* validateHostPorts(containers, `${at}.containers`);
}

/** What only a container that goes on running has. */
function* validateServing(container: Container, at: string, { gracePeriodSeconds }: PodContext): Causes {
  if (container.lifecycle) yield* validateLifecycle(container.lifecycle, `${at}.lifecycle`, gracePeriodSeconds);
  yield* validateProbes(container, at);
}

const servingFields = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;

export function* validateInitContainers(spec: PodSpec, at: string, context: PodContext): Causes {
  const names = new Set((spec.containers ?? []).map(({ name }) => name));
  for (const [index, container] of (spec.initContainers ?? []).entries()) {
    const here = `${at}.initContainers[${index}]`;
    yield* validateContainer(container, here, context);
    if (container.restartPolicy !== undefined && !isSidecar(container)) {
      yield unsupported(`${here}.restartPolicy`, container.restartPolicy, ['Always']);
    }
    if (names.has(container.name)) yield duplicate(`${here}.name`, container.name);
    else if (container.name) names.add(container.name);
    yield* validateHostPorts([container], `${at}.initContainers`);
    if (isSidecar(container)) yield* validateServing(container, here, context);
    else {
      for (const field of servingFields) {
        if (container[field] === undefined) continue;
        yield forbidden(`${here}.${field}`, 'may not be set for init containers without restartPolicy=Always');
      }
      if (container.resizePolicy?.length) {
        yield invalid(`${here}.resizePolicy`, container.resizePolicy, 'must not be set for init containers');
      }
    }
  }
}

const notForEphemeral = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resizePolicy',
  'restartPolicy',
] as const;

export function* validateEphemeralContainers(spec: PodSpec, at: string, context: PodContext): Causes {
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name));
  const names = new Set(others);
  const refusal = 'cannot be set for an Ephemeral Container';
  for (const [index, container] of (spec.ephemeralContainers ?? []).entries()) {
    const here = `${at}.ephemeralContainers[${index}]`;
    yield* validateContainer(container as Container, here, context);
    yield* checkImageSpaces(container, here);
    if (names.has(container.name)) yield duplicate(`${here}.name`, container.name);
    names.add(container.name);
    const { targetContainerName: target } = container;
    if (target && !others.has(target)) yield notFound(`${here}.targetContainerName`, target);
    for (const field of notForEphemeral) {
      const value: unknown = container[field];
      if (value !== undefined && !(Array.isArray(value) && value.length === 0)) {
        yield forbidden(`${here}.${field}`, refusal);
      }
    }
    if (Object.keys(container.resources ?? {}).length > 0) yield forbidden(`${here}.resources`, refusal);
    for (const [mountIndex, { subPath, subPathExpr }] of (container.volumeMounts ?? []).entries()) {
      const mount = `${here}.volumeMounts[${mountIndex}]`;
      if (subPath) yield forbidden(`${mount}.subPath`, refusal);
      if (subPathExpr) yield forbidden(`${mount}.subPathExpr`, refusal);
    }
  }
}

/** A template's image may still be replaced; a pod's is what is pulled. */
export function* checkImageSpaces({ image = '' }: { image?: string }, at: string): Causes {
  if (image.trim() !== image) yield invalid(`${at}.image`, image, 'must not have leading or trailing whitespace');
}

const messagePolicies = ['File', 'FallbackToLogsOnError'];

function* validateContainer(container: Container, at: string, context: PodContext): Causes {
  const { name, image, resources, resizePolicy, securityContext } = container;
  if (!name) yield required(`${at}.name`);
  else yield* checkName(`${at}.name`, name, dnsLabelFaults);
  if (!image) yield required(`${at}.image`);
  yield* checkRequiredOneOf(`${at}.terminationMessagePolicy`, container.terminationMessagePolicy, messagePolicies);
  if (container.ports) yield* validatePorts(container.ports, `${at}.ports`);
  yield* validateEnvironment(container, at);
  yield* validateVolumeMounts(container, at, context.volumes);
  yield* validateVolumeDevices(container, at, context.volumes);
  yield* checkRequiredOneOf(`${at}.imagePullPolicy`, container.imagePullPolicy, pullPolicies);
  if (resources) yield* validateContainerResources(resources, `${at}.resources`, context.claimNames);
  if (resizePolicy) yield* validateResizePolicy(resizePolicy, `${at}.resizePolicy`, context.restartPolicy);
  if (securityContext) yield* validateSecurityContext(securityContext, `${at}.securityContext`, context.hostUsers);
}
