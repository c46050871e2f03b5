// How two versions of a list or map become one, field by field: what a strategic merge patch does (its strategy and merge
// key), and who owns what under server-side apply (lists that are maps by key or sets, maps and objects owned as a whole).
// Only what differs from the rule is here. The rule: a patch replaces lists; lists are owned whole, maps entry by entry.

export interface ListRule {
  strategy?: 'merge' | 'merge,retainKeys' | 'retainKeys' | 'replace';
  mergeKey?: string;
  owned?: 'map' | 'set' | 'atomic' | 'granular';
  /** Of a list that is owned as a map: what tells its items apart. */
  keys?: readonly string[];
}

const map = (...keys: string[]): ListRule => ({ owned: 'map', keys });
const set: ListRule = { owned: 'set' };
const atomic: ListRule = { owned: 'atomic' };
const granular: ListRule = { owned: 'granular' };
const mergedBy = (mergeKey: string, rule: ListRule = map(mergeKey)): ListRule => ({
  ...rule,
  strategy: 'merge',
  mergeKey,
});
const retaining = (rule: ListRule): ListRule => ({ ...rule, strategy: 'merge,retainKeys' });
const mergedSet: ListRule = { ...set, strategy: 'merge' };

const conditions = { conditions: mergedBy('type') };
const ownedConditions = { conditions: map('type') };

const container = {
  env: mergedBy('name'),
  ports: mergedBy('containerPort', map('containerPort', 'protocol')),
  volumeDevices: mergedBy('devicePath'),
  volumeMounts: mergedBy('mountPath'),
};

const webhook = { matchConditions: mergedBy('name') };

/** By the type's name without "io.k8s.api." and "io.k8s.", and the field. */
const fields: Record<string, Record<string, ListRule>> = {
  'apimachinery.pkg.apis.meta.v1.ObjectMeta': { finalizers: mergedSet, ownerReferences: mergedBy('uid') },

  'core.v1.ComponentStatus': conditions,
  'core.v1.Container': container,
  'core.v1.ContainerRestartRuleOnExitCodes': { values: set },
  'core.v1.ContainerStatus': { allocatedResourcesStatus: mergedBy('name'), volumeMounts: mergedBy('mountPath') },
  'core.v1.EphemeralContainer': container,
  'core.v1.NamespaceStatus': conditions,
  'core.v1.NodeSpec': { podCIDRs: mergedSet },
  'core.v1.NodeStatus': { ...conditions, addresses: mergedBy('type') },
  'core.v1.PersistentVolumeClaimStatus': conditions,
  'core.v1.PersistentVolumeSpec': { claimRef: granular },
  'core.v1.PodSpec': {
    containers: mergedBy('name'),
    ephemeralContainers: mergedBy('name'),
    hostAliases: mergedBy('ip'),
    imagePullSecrets: mergedBy('name'),
    initContainers: mergedBy('name'),
    nodeSelector: atomic,
    resourceClaims: retaining(mergedBy('name')),
    schedulingGates: mergedBy('name'),
    topologySpreadConstraints: mergedBy('topologyKey', map('topologyKey', 'whenUnsatisfiable')),
    volumes: retaining(mergedBy('name')),
  },
  'core.v1.PodStatus': {
    ...conditions,
    hostIPs: mergedBy('ip', atomic),
    podIPs: mergedBy('ip'),
    resourceClaimStatuses: retaining(mergedBy('name')),
  },
  'core.v1.ReplicationControllerSpec': { selector: atomic },
  'core.v1.ReplicationControllerStatus': conditions,
  'core.v1.ResourceRequirements': { claims: map('name') },
  'core.v1.ResourceStatus': { resources: map('resourceID') },
  'core.v1.ServiceAccount': { secrets: mergedBy('name') },
  'core.v1.ServiceSpec': { ports: mergedBy('port', map('port', 'protocol')), selector: atomic },
  'core.v1.ServiceStatus': conditions,

  'apps.v1.DaemonSetStatus': conditions,
  'apps.v1.DeploymentSpec': { strategy: { strategy: 'retainKeys' } },
  'apps.v1.DeploymentStatus': conditions,
  'apps.v1.ReplicaSetStatus': conditions,
  'apps.v1.StatefulSetStatus': conditions,

  'autoscaling.v2.HorizontalPodAutoscalerStatus': conditions,

  'batch.v1.JobStatus': { conditions: mergedBy('type', atomic) },
  'batch.v1.PodFailurePolicyOnExitCodesRequirement': { values: set },
  'batch.v1.UncountedTerminatedPods': { failed: set, succeeded: set },

  'certificates.v1.CertificateSigningRequestStatus': ownedConditions,

  'discovery.v1.Endpoint': { addresses: set },

  'networking.v1.ServiceCIDRStatus': conditions,

  'node.v1.Scheduling': { nodeSelector: atomic },

  'policy.v1.PodDisruptionBudgetSpec': { selector: { strategy: 'replace' } },
  'policy.v1.PodDisruptionBudgetStatus': conditions,

  'storage.v1.CSIDriverSpec': { volumeLifecycleModes: set },
  'storage.v1.CSINodeSpec': { drivers: mergedBy('name') },

  'flowcontrol.v1.FlowSchemaStatus': conditions,
  'flowcontrol.v1.NonResourcePolicyRule': { nonResourceURLs: set, verbs: set },
  'flowcontrol.v1.PriorityLevelConfigurationStatus': conditions,
  'flowcontrol.v1.ResourcePolicyRule': { apiGroups: set, namespaces: set, resources: set, verbs: set },

  'admissionregistration.v1.MutatingWebhook': webhook,
  'admissionregistration.v1.MutatingWebhookConfiguration': { webhooks: mergedBy('name') },
  'admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec': { validationActions: set },
  'admissionregistration.v1.ValidatingAdmissionPolicySpec': { ...webhook, variables: mergedBy('name') },
  'admissionregistration.v1.ValidatingAdmissionPolicyStatus': ownedConditions,
  'admissionregistration.v1.ValidatingWebhook': webhook,
  'admissionregistration.v1.ValidatingWebhookConfiguration': { webhooks: mergedBy('name') },

  'resource.v1.AllocatedDeviceStatus': ownedConditions,
  'resource.v1.ResourceClaimStatus': {
    devices: map('driver', 'device', 'pool', 'shareID'),
    reservedFor: mergedBy('uid'),
  },

  'apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus': ownedConditions,
  'apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps': { 'x-kubernetes-validations': mergedBy('rule') },
  'kube-aggregator.pkg.apis.apiregistration.v1.APIServiceStatus': conditions,
};

/** Objects that are owned as a whole, wherever they stand. */
const atomicTypes = new Set(
  `
  apimachinery.pkg.apis.meta.v1.LabelSelector apimachinery.pkg.apis.meta.v1.OwnerReference
  core.v1.ConfigMapKeySelector core.v1.EndpointAddress core.v1.EndpointPort core.v1.FileKeySelector
  core.v1.LocalObjectReference core.v1.NodeSelector core.v1.NodeSelectorTerm core.v1.ObjectFieldSelector
  core.v1.ObjectReference core.v1.ResourceFieldSelector core.v1.ScopeSelector core.v1.SecretKeySelector
  core.v1.SecretReference core.v1.TopologySelectorTerm core.v1.TypedLocalObjectReference
  autoscaling.v1.CrossVersionObjectReference discovery.v1.EndpointPort networking.v1.ServiceBackendPort
  rbac.v1.RoleRef rbac.v1.Subject
  admissionregistration.v1.MatchResources admissionregistration.v1.NamedRuleWithOperations
  admissionregistration.v1.ParamKind admissionregistration.v1.ParamRef admissionregistration.v1.Variable
`
    .trim()
    .split(/\s+/),
);

/** What an item has as its key where it doesn't say so. */
const keyDefaults: Record<string, Record<string, string>> = {
  'core.v1.ContainerPort': { protocol: 'TCP' },
  'core.v1.ServicePort': { protocol: 'TCP' },
};

const shortened = (typeName: string) => typeName.replace(/^io\.k8s\.(api\.)?/, '');

/** Of a field of a type, by the type's full name: "io.k8s.api.core.v1.PodSpec", "containers". */
export function listRuleOf(typeName: string, field: string): ListRule | undefined {
  return fields[shortened(typeName)]?.[field];
}

export function isAtomicType(typeName: string): boolean {
  return atomicTypes.has(shortened(typeName));
}

export function keyDefaultOf(typeName: string, key: string): string | undefined {
  return keyDefaults[shortened(typeName)]?.[key];
}

/** Every field that has a rule, for who wants to check them against the types. */
export function ruledFields(): { typeName: string; field: string }[] {
  return Object.entries(fields).flatMap(([typeName, rules]) =>
    Object.keys(rules).map((field) => ({ typeName, field })),
  );
}
