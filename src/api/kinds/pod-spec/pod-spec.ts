// The rules of a pod's spec as a whole, for pods and for every template that makes them.

import { checkLabels, qualifiedNameFaults } from '../../label-rules.ts';
import { containerQuantities } from '../../pod-quantities.ts';
import {
  type Causes,
  checkName,
  checkOneOf,
  checkRange,
  checkRequiredOneOf,
  dnsLabelFaults,
  dnsSubdomainFaults,
  duplicate,
  invalid,
  required,
} from '../../validation.ts';
import { validateAffinity } from './affinity.ts';
import { validateContainers, validateEphemeralContainers, validateInitContainers } from './containers.ts';
import { validateDnsConfig, validateHostAliases } from './name-resolution.ts';
import { validateHostProcesses, validateHostUsers, validateOperatingSystem } from './operating-system.ts';
import { validateHostNetworkPorts } from './ports.ts';
import { validateOverhead, validatePodResources } from './resources.ts';
import { validatePodSecurityContext } from './security-context.ts';
import { validateTolerations } from './tolerations.ts';
import { validateTopologySpread } from './topology-spread.ts';
import type { PodContext, PodSpec } from './types.ts';
import { checkVolumes } from './volumes.ts';

const restartPolicies = ['Always', 'OnFailure', 'Never'];
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const largestInt32 = 2 ** 31 - 1;

/** Whose spec it is: a pod's, known by its name, or a template's. */
export interface SpecOwner {
  isPod: boolean;
  podName?: string | undefined;
}

export function* validatePodSpec(spec: PodSpec, at: string, { isPod, podName }: SpecOwner): Causes {
  const { terminationGracePeriodSeconds: gracePeriodSeconds, restartPolicy, hostUsers = true } = spec;
  if (gracePeriodSeconds === undefined) yield required(`${at}.terminationGracePeriodSeconds`);
  const { causes, usable: volumes } = checkVolumes(spec, `${at}.volumes`, { isPod, podName });
  yield* causes;
  const claimNames = new Set((spec.resourceClaims ?? []).flatMap(({ name }) => name || []));
  const context: PodContext = { isPod, podName, volumes, claimNames, gracePeriodSeconds, restartPolicy, hostUsers };
  yield* validateResourceClaims(spec.resourceClaims ?? [], `${at}.resourceClaims`);
  yield* validateContainers(spec, at, context);
  yield* validateInitContainers(spec, at, context);
  yield* validateEphemeralContainers(spec, at, context);
  if (spec.resources) yield* validatePodResources(spec, `${at}.resources`, containerQuantities(spec, 'requests'));
  yield* validateHostNetworkPorts(spec, at, isPod);
  yield* checkRequiredOneOf(`${at}.restartPolicy`, restartPolicy, restartPolicies);
  yield* checkRequiredOneOf(`${at}.dnsPolicy`, spec.dnsPolicy, dnsPolicies);
  yield* checkLabels(`${at}.nodeSelector`, spec.nodeSelector);
  yield* validatePodSecurityContext(spec, `${at}.securityContext`);
  yield* validateScheduling(spec, at, isPod);
  yield* validateHostProcesses(spec, at);
  yield* validateHostUsers(spec, at);
  yield* validateNames(spec, at);
  if (spec.overhead) yield* validateOverhead(spec.overhead, `${at}.overhead`);
  yield* validateOperatingSystem(spec, at);
}

function* validateScheduling(spec: PodSpec, at: string, isPod: boolean): Causes {
  if (spec.affinity) yield* validateAffinity(spec.affinity, `${at}.affinity`);
  yield* validateDnsConfig(spec, `${at}.dnsConfig`);
  for (const [index, { conditionType }] of (spec.readinessGates ?? []).entries()) {
    yield* checkName(`${at}.readinessGates[${index}].conditionType`, conditionType ?? '', qualifiedNameFaults);
  }
  const gates = new Set<string>();
  for (const [index, { name = '' }] of (spec.schedulingGates ?? []).entries()) {
    const field = `${at}.schedulingGates[${index}]`;
    yield* checkName(field, name, qualifiedNameFaults);
    if (gates.has(name)) yield duplicate(field, name);
    gates.add(name);
  }
  if (spec.topologySpreadConstraints) {
    yield* validateTopologySpread(spec.topologySpreadConstraints, `${at}.topologySpreadConstraints`, isPod);
  }
}

function* validateNames(spec: PodSpec, at: string): Causes {
  const { serviceAccountName, nodeName, activeDeadlineSeconds, hostname, subdomain } = spec;
  if (serviceAccountName) yield* checkName(`${at}.serviceAccountName`, serviceAccountName, dnsSubdomainFaults);
  if (nodeName) yield* checkName(`${at}.nodeName`, nodeName, dnsSubdomainFaults);
  if (activeDeadlineSeconds !== undefined) {
    yield* checkRange(`${at}.activeDeadlineSeconds`, activeDeadlineSeconds, 1, largestInt32);
  }
  if (hostname) yield* checkName(`${at}.hostname`, hostname, dnsLabelFaults);
  if (subdomain) yield* checkName(`${at}.subdomain`, subdomain, dnsLabelFaults);
  if (spec.tolerations) yield* validateTolerations(spec.tolerations, `${at}.tolerations`);
  if (spec.hostAliases) yield* validateHostAliases(spec.hostAliases, `${at}.hostAliases`);
  if (spec.priorityClassName) {
    yield* checkName(`${at}.priorityClassName`, spec.priorityClassName, dnsSubdomainFaults);
  }
  if (spec.runtimeClassName !== undefined) {
    yield* checkName(`${at}.runtimeClassName`, spec.runtimeClassName, dnsSubdomainFaults);
  }
  yield* checkOneOf(`${at}.preemptionPolicy`, spec.preemptionPolicy, ['PreemptLowerPriority', 'Never']);
}

type ResourceClaims = NonNullable<PodSpec['resourceClaims']>;

function* validateResourceClaims(claims: ResourceClaims, at: string): Causes {
  const names = new Set<string>();
  for (const [index, claim] of claims.entries()) {
    const here = `${at}[${index}]`;
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    if (!name) yield required(`${here}.name`);
    else if (names.has(name)) yield duplicate(`${here}.name`, name);
    else yield* checkName(`${here}.name`, name, dnsLabelFaults);
    names.add(name);
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
      const rule = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
      yield invalid(here, claim, rule);
    }
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) {
      yield invalid(here, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`');
    }
    for (const [field, reference] of Object.entries({ resourceClaimName, resourceClaimTemplateName })) {
      if (reference !== undefined) yield* checkName(`${here}.${field}`, reference, dnsSubdomainFaults);
    }
  }
}
