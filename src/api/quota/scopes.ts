// Which objects a ResourceQuota is about: those that use something of what it limits and meet all of its scopes. Pure.
import type { Kind } from '../kinds/kind.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../kinds/persistent-volume-claim.ts';
import { type Pod, pods } from '../kinds/pod.ts';
import { qosClassOf } from '../kinds/pod-spec/qos.ts';
import { type ResourceQuota, type ScopeRequirement, scopeRequirements } from '../kinds/resource-quota.ts';
import type { KubeObject } from '../meta.ts';
import { usesResource } from './usage.ts';

/** The resources of the quota that the object draws on, of those that are limited; none where it is not about the object. */
export function limitedResources(
  quota: ResourceQuota,
  kind: Kind,
  object: KubeObject,
  limited: readonly string[],
): string[] {
  const resources = limited.filter((resource) => usesResource(kind, resource));
  if (resources.length === 0) return [];
  return scopeRequirements(quota.spec).every((requirement) => meets(requirement, kind, object)) ? resources : [];
}

/** Scopes pick pods, and claims by the class of their attributes; nothing else meets one. */
function meets(requirement: ScopeRequirement, kind: Kind, object: KubeObject): boolean {
  if ((kind as unknown) === pods) return podMeets(requirement, object as Pod);
  if ((kind as unknown) === persistentVolumeClaims && requirement.scopeName === 'VolumeAttributesClass') {
    return matches(requirement, (object as PersistentVolumeClaim).spec.volumeAttributesClassName);
  }
  return false;
}

function podMeets(requirement: ScopeRequirement, pod: Pod): boolean {
  const { spec } = pod;
  const isTerminating = spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds >= 0;
  switch (requirement.scopeName) {
    case 'Terminating':
      return isTerminating;
    case 'NotTerminating':
      return !isTerminating;
    case 'BestEffort':
      return qosClassOf(pod.spec) === 'BestEffort';
    case 'NotBestEffort':
      return qosClassOf(pod.spec) !== 'BestEffort';
    case 'PriorityClass':
      return matches(requirement, spec.priorityClassName);
    case 'CrossNamespacePodAffinity':
      return looksIntoOtherNamespaces(pod);
    default:
      return false;
  }
}

function matches({ operator, values = [] }: ScopeRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return values.includes(value ?? '');
    case 'NotIn':
      return !values.includes(value ?? '');
    case 'Exists':
      return Boolean(value);
    case 'DoesNotExist':
      return !value;
    default:
      return false;
  }
}

function looksIntoOtherNamespaces({ spec: { affinity } }: Pod): boolean {
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((each) => [
    ...(each?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some(
    ({ namespaces = [], namespaceSelector }) => namespaces.length > 0 || namespaceSelector !== undefined,
  );
}
