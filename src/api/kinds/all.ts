// The table of kinds that every server has. A new kind is one file beside this one and one line here.

import { apiServices } from './api-service.ts';
import { selfSubjectReviews, tokenReviews } from './authentication-reviews.ts';
import {
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
} from './authorization-reviews.ts';
import { bindings } from './binding.ts';
import { certificateSigningRequests } from './certificate-signing-request.ts';
import { clusterRoles } from './cluster-role.ts';
import { clusterRoleBindings } from './cluster-role-binding.ts';
import { componentStatuses } from './component-status.ts';
import { configMaps } from './config-map.ts';
import { controllerRevisions } from './controller-revision.ts';
import { cronJobs } from './cron-job.ts';
import { csiDrivers } from './csi-driver.ts';
import { csiNodes } from './csi-node.ts';
import { csiStorageCapacities } from './csi-storage-capacity.ts';
import { customResourceDefinitions } from './custom-resource-definition.ts';
import { daemonSets } from './daemon-set.ts';
import { deployments } from './deployment.ts';
import { endpointSlices } from './endpoint-slice.ts';
import { endpoints } from './endpoints.ts';
import { events } from './event.ts';
import { newEvents } from './event-v1.ts';
import { flowSchemas } from './flow-schema.ts';
import { horizontalPodAutoscalers } from './horizontal-pod-autoscaler.ts';
import { oldAutoscalers } from './horizontal-pod-autoscaler-v1.ts';
import { ingresses } from './ingress.ts';
import { ingressClasses } from './ingress-class.ts';
import { ipAddresses } from './ip-address.ts';
import { jobs } from './job.ts';
import { isStored, type Kind } from './kind.ts';
import { leases } from './lease.ts';
import { limitRanges } from './limit-range.ts';
import { mutatingWebhookConfigurations } from './mutating-webhook-configuration.ts';
import { namespaces } from './namespace.ts';
import { networkPolicies } from './network-policy.ts';
import { nodes } from './node.ts';
import { persistentVolumes } from './persistent-volume.ts';
import { persistentVolumeClaims } from './persistent-volume-claim.ts';
import { pods } from './pod.ts';
import { podDisruptionBudgets } from './pod-disruption-budget.ts';
import { podTemplates } from './pod-template.ts';
import { priorityClasses } from './priority-class.ts';
import { priorityLevelConfigurations } from './priority-level-configuration.ts';
import { replicaSets } from './replica-set.ts';
import { replicationControllers } from './replication-controller.ts';
import { resourceQuotas } from './resource-quota.ts';
import { roles } from './role.ts';
import { roleBindings } from './role-binding.ts';
import { runtimeClasses } from './runtime-class.ts';
import { secrets } from './secret.ts';
import { services } from './service.ts';
import { serviceAccounts } from './service-account.ts';
import { serviceCidrs } from './service-cidr.ts';
import { statefulSets } from './stateful-set.ts';
import { storageClasses } from './storage-class.ts';
import { validatingAdmissionPolicies } from './validating-admission-policy.ts';
import { validatingAdmissionPolicyBindings } from './validating-admission-policy-binding.ts';
import { validatingWebhookConfigurations } from './validating-webhook-configuration.ts';
import { volumeAttachments } from './volume-attachment.ts';
import { volumeAttributesClasses } from './volume-attributes-class.ts';

export const allKinds: readonly Kind[] = [
  namespaces,
  nodes,
  pods,
  bindings,
  componentStatuses,
  podTemplates,
  replicationControllers,
  services,
  endpoints,
  configMaps,
  secrets,
  serviceAccounts,
  events,
  newEvents,
  controllerRevisions,
  daemonSets,
  deployments,
  replicaSets,
  statefulSets,
  cronJobs,
  jobs,
  endpointSlices,
  leases,
  certificateSigningRequests,
  resourceQuotas,
  limitRanges,
  persistentVolumes,
  persistentVolumeClaims,
  priorityClasses,
  podDisruptionBudgets,
  runtimeClasses,
  storageClasses,
  roles,
  clusterRoles,
  roleBindings,
  clusterRoleBindings,
  tokenReviews,
  selfSubjectReviews,
  subjectAccessReviews,
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  ingresses,
  ingressClasses,
  ipAddresses,
  networkPolicies,
  serviceCidrs,
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  volumeAttachments,
  volumeAttributesClasses,
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  horizontalPodAutoscalers,
  oldAutoscalers,
  apiServices,
  flowSchemas,
  priorityLevelConfigurations,
  customResourceDefinitions,
];

/** Those whose objects are kept as they are: neither views of others nor answered without being kept. */
export const storedKinds: readonly Kind[] = allKinds.filter((kind) => isStored(kind) && !kind.view);
